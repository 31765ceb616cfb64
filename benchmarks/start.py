"""How soon things begin: importing the package, loading a SavedModel, its first reply.

Each in a process of its own, several times.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.models import QUICK, Sizes, model_directory
from benchmarks.report import run
from export.saved_model.exporter import export_saved_model

REPEATS = 5
IMPORT = """
import json, sys, time
start = time.perf_counter()
import ecm_tf
print(json.dumps({"seconds": time.perf_counter() - start, "loaded": "tensorflow" in sys.modules}))
"""
REPLY = """
import json, sys, time
import tensorflow as tf
import tensorflow_text
start = time.perf_counter()
answer = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
loaded = time.perf_counter()
def ask():
    start = time.perf_counter()
    answer(post=tf.constant(["w5 w6 w7 w8"]), emotion=tf.constant(["like"]))["response"].numpy()
    return time.perf_counter() - start
first = ask()
print(json.dumps({"load": loaded - start, "first": first, "later": min(ask() for _ in range(5))}))
"""


def _median(code: str, *arguments: str) -> dict[str, float]:
    seen = []
    for _ in range(REPEATS):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, check=True, text=True
        )
        seen.append(json.loads(done.stdout.splitlines()[-1]))
    return {name: statistics.median(row[name] for row in seen) for name in seen[0]}


def rows(arguments):
    """The table."""
    found = _median(IMPORT)
    yield {
        "what": "import ecm_tf, without TensorFlow",
        "seconds": found["seconds"],
        "target": 0.2,
        "met": found["seconds"] < 0.2 and not found["loaded"],
    }
    with tempfile.TemporaryDirectory() as directory:
        trained = model_directory(QUICK if arguments.quick else Sizes(), Path(directory) / "model")
        version = export_saved_model(trained, Path(directory) / "exported", n_best=1)
        found = _median(REPLY, str(version))
    yield {"what": "SavedModel: load", "seconds": found["load"]}
    yield {
        "what": "SavedModel: first reply after that",
        "seconds": found["first"],
        "target": 1.0,
        "met": found["first"] < 1,
    }
    yield {"what": "SavedModel: a later reply", "seconds": found["later"]}


if __name__ == "__main__":
    run("start", __doc__, rows)
