"""The imports of commands that need TensorFlow."""

import json

import command_line

from ecm_tf.core.imports import UNUSED_BY_KERAS

CODE = """
import json, sys
from ecm_tf.core.imports import importing_tensorflow
with importing_tensorflow():
    import keras
loaded = [name for name in NAMES if name in sys.modules]
import matplotlib.pyplot, sklearn.base
print(json.dumps([loaded, "keras" in sys.modules, matplotlib.__name__]))
"""


def test_keras_is_imported_without_packages_that_no_command_uses(tmp_path):
    code = CODE.replace("NAMES", repr(UNUSED_BY_KERAS))
    done = command_line.python("-W", "ignore", "-c", code, cwd=tmp_path)
    assert json.loads(done.stdout) == [[], True, "matplotlib"], done.stderr
