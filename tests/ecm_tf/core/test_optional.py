import sys

import pytest

from ecm_tf.core.errors import InputError
from ecm_tf.core.optional import require_extra


def test_missing_package_is_reported_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "gradio", None)
    message = r"^gradio: .* `demo` extra: pip install '\.\[demo\]'"
    with pytest.raises(InputError, match=message), require_extra("demo"):
        import gradio  # noqa: F401


def test_other_errors_pass():
    with pytest.raises(ZeroDivisionError), require_extra("demo"):
        _ = 1 / 0


def test_a_package_that_names_its_missing_package_in_another_error():
    message = r"no_such_package: .* `train-ray` extra"
    with pytest.raises(InputError, match=message), require_extra("train-ray"):
        try:
            import no_such_package  # noqa: F401
        except ImportError as error:
            raise ImportError("some dependencies are missing") from error


def test_another_import_error_is_passed_on():
    with pytest.raises(ImportError, match="cannot import name"), require_extra("demo"):
        from math import no_such_name  # noqa: F401
