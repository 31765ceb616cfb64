"""Runs a TensorFlow Lite file with LiteRT; imports TensorFlow only for `text.tflite`."""

from pathlib import Path
from typing import Any

import numpy as np

from ecm_tf.core import command
from ecm_tf.core.optional import require_extra
from export.tflite.files import TEXT


class Interpreter:
    """Runs one of the two files of `export.tflite.conversion.convert`, on one thread.

    Args:
        file: path of `ids.tflite` or `text.tflite`.

    Raises:
        InputError: ai-edge-litert is not installed.
    """

    def __init__(self, file: Path) -> None:
        with require_extra("tflite"):
            from ai_edge_litert.interpreter import InterpreterWithCustomOps
        takes_text = file.name == TEXT
        self._post_dtype = object if takes_text else np.int32
        with command.suppress_native_stderr():
            self._interpreter = InterpreterWithCustomOps(
                custom_op_registerers=_text_operations() if takes_text else None,
                model_path=str(file),
                num_threads=1,
            )
            self._interpreter.allocate_tensors()
            self._signature = self._interpreter.get_signature_runner()

    def __call__(self, posts: Any, emotion: Any) -> dict[str, np.ndarray]:
        """Returns the outputs for a batch.

        Args:
            posts: int32 `(batch, length)` for `ids.tflite`, bytes `(batch,)` for `text.tflite`.
            emotion: requested emotion ids, int32 `(batch,)`, in `[0, categories)`.

        Returns:
            `ids`, `lengths` and `scores` for `ids.tflite`; `response` (bytes) and `score` for
            `text.tflite`.
        """
        return self._signature(
            post=np.asarray(posts, self._post_dtype), emotion=np.asarray(emotion, np.int32)
        )


def _text_operations() -> list[Any]:
    import tensorflow_text

    return tensorflow_text.tflite_registrar.SELECT_TFTEXT_OPS
