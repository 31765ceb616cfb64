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
