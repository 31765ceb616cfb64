"""The Emotional Chatting Machine in TensorFlow 2 and Keras 3.

```python
import ecm_tf

bot = ecm_tf.load("build/demo/model")
bot.reply("今天又加班到十点。", "angry")  # Reply(text='又加班，气死我了！', score=…, …)
```

Importing this package does not import TensorFlow: the names below are imported when they are first
used. This also keeps TensorFlow's start-up messages off stderr; set `TF_CPP_MIN_LOG_LEVEL` to see
its log. If Keras has not been imported yet, its backend is set to TensorFlow, whatever
`KERAS_BACKEND` or `keras.json` say.
"""

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ecm_tf.config import ModelConfig, SearchConfig
    from ecm_tf.core.errors import InputError
    from ecm_tf.inference.chatbot import Chatbot, load
    from ecm_tf.inference.explanation import Explanation
    from ecm_tf.inference.reply import Reply
    from ecm_tf.model import ECM

    __version__: str

__all__ = [
    "ECM",
    "Chatbot",
    "Explanation",
    "InputError",
    "ModelConfig",
    "Reply",
    "SearchConfig",
    "__version__",
    "load",
]

if "keras" not in sys.modules:
    os.environ["KERAS_BACKEND"] = "tensorflow"

_MODULES = {
    "Explanation": "ecm_tf.inference.explanation",
    "InputError": "ecm_tf.core.errors",
    "ModelConfig": "ecm_tf.config",
    "Reply": "ecm_tf.inference.reply",
    "SearchConfig": "ecm_tf.config",
}
_TENSORFLOW_MODULES = {
    "Chatbot": "ecm_tf.inference.chatbot",
    "ECM": "ecm_tf.model",
    "load": "ecm_tf.inference.chatbot",
}


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first used (PEP 562)."""
    value: Any
    if name == "__version__":
        value = _version()
    elif name in _MODULES:
        value = getattr(importlib.import_module(_MODULES[name]), name)
    elif name in _TENSORFLOW_MODULES:
        value = getattr(_import_quietly(_TENSORFLOW_MODULES[name]), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _import_quietly(module: str) -> Any:
    from ecm_tf.core.native_stderr import suppress_native_stderr

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with suppress_native_stderr():
        return importlib.import_module(module)


def _version() -> str:
    """Returns the version of the installed package, or of the clone that the code runs from."""
    import tomllib
    from importlib.metadata import PackageNotFoundError, version
    from pathlib import Path

    try:
        return version("ecm-tf")
    except PackageNotFoundError:
        pyproject = Path(__file__).parent.parent / "pyproject.toml"
    if pyproject.is_file():
        project = tomllib.loads(pyproject.read_text(encoding="utf-8")).get("project", {})
        if project.get("name") == "ecm-tf":
            return str(project.get("version", "0+unknown"))
    return "0+unknown"
