"""A TensorFlow Lite file, loaded with LiteRT. Imports TensorFlow only where text goes in."""

from pathlib import Path
from typing import Any

import numpy as np

from ecm_tf.core import command
from ecm_tf.core.errors import InputError
from export.tflite.files import TEXT


class Interpreter:
    """Answers with one of the two files of `export.tflite.conversion.convert`, on one thread.

    Args:
        file: `…/ids.tflite` or `…/text.tflite`.

    Raises:
        InputError: ai-edge-litert is not installed.
    """

    def __init__(self, file: Path) -> None:
        try:
            from ai_edge_litert.interpreter import InterpreterWithCustomOps
        except ModuleNotFoundError as error:
            raise InputError(
                f"{file}: expected the package ai-edge-litert to run it with; "
                "install it by: pip install 'ecm-tf[tflite]'."
            ) from error
        takes_text = file.name == TEXT
        self._posts = object if takes_text else np.int32
        with command.suppress_native_stderr():
            self._interpreter = InterpreterWithCustomOps(
                custom_op_registerers=_text_operations() if takes_text else None,
                model_path=str(file),
                num_threads=1,
            )
            self._interpreter.allocate_tensors()
            self._answer = self._interpreter.get_signature_runner()

    def __call__(self, posts: Any, emotion: Any) -> dict[str, np.ndarray]:
        """Answers.

        Args:
            posts: int32 `(batch, length)` for `ids.tflite`, bytes `(batch,)` for `text.tflite`.
            emotion: int32 `(batch,)`, in `[0, categories)`.

        Returns:
            `ids`, `lengths` and `scores`, or `response` (bytes) and `score`.
        """
        return self._answer(
            post=np.asarray(posts, self._posts), emotion=np.asarray(emotion, np.int32)
        )


def _text_operations() -> list[Any]:
    import tensorflow_text

    return tensorflow_text.tflite_registrar.SELECT_TFTEXT_OPS
