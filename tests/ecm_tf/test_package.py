"""`import ecm_tf`: public names, imported when they are first used."""

import importlib.metadata

import command_line
import pytest

import ecm_tf

LAZY_IMPORT = """
import os, sys
del os.environ["TF_CPP_MIN_LOG_LEVEL"]
import ecm_tf

ecm_tf.InputError, ecm_tf.ModelConfig, ecm_tf.SearchConfig, ecm_tf.Reply, ecm_tf.Explanation
ecm_tf.__version__
assert not {"tensorflow", "keras"} & set(sys.modules)
ecm_tf.load
import tensorflow as tf
tf.zeros([1])
"""


def test_tensorflow_is_imported_late_and_quietly(tmp_path):
    done = command_line.python("-c", LAZY_IMPORT, cwd=tmp_path)
    assert (done.returncode, done.stderr.decode()) == (0, "")


def test_public_names_can_be_listed_and_imported():
    assert set(ecm_tf.__all__) <= set(dir(ecm_tf))
    assert all(getattr(ecm_tf, name) is not None for name in ecm_tf.__all__)
    with pytest.raises(AttributeError, match="module 'ecm_tf' has no attribute 'nothing'"):
        _ = ecm_tf.nothing


def test_version_of_a_clone_that_was_not_installed(monkeypatch):
    installed = ecm_tf._version()

    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    assert ecm_tf._version() == installed
    monkeypatch.setattr(ecm_tf, "__file__", "/nowhere/site-packages/ecm_tf/__init__.py")
    assert ecm_tf._version() == "0+unknown"


def test_the_backend_of_keras_is_selected(tmp_path):
    code = (
        "import os; os.environ['KERAS_BACKEND'] = 'jax'; import ecm_tf; "
        "assert os.environ['KERAS_BACKEND'] == 'tensorflow'"
    )
    assert command_line.python("-c", code, cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("backend", "jax", "expected the backend tensorflow"),
        ("floatx", "float16", "expected floatx"),
    ],
)
def test_other_settings_of_keras_are_refused(name, value, message, monkeypatch):
    from ecm_tf.layers.keras_settings import check_keras_settings

    monkeypatch.setattr(f"keras.config.{name}", lambda: value)
    with pytest.raises(ecm_tf.InputError, match=f"{message}.*got {value}"):
        check_keras_settings()
