"""Runs a TensorFlow Lite file with LiteRT; imports TensorFlow only for `text.tflite`."""

from pathlib import Path
from typing import Any

import numpy as np

from ecm_tf.core.native_stderr import suppress_native_stderr
from ecm_tf.core.optional import require_extra
from ecm_tf.text.vocabulary import PAD
from export.tflite.files import TEXT


class Interpreter:
    """Runs one of the two files of `export.tflite.conversion.convert`, on one thread.

    A file with a fixed shape receives a batch in parts of its size, the last one filled up with
    empty posts; posts are cut or padded to its length.

    Args:
        file: path of `ids.tflite` or `text.tflite`.

    Raises:
        InputError: ai-edge-litert is not installed.
    """

    def __init__(self, file: Path) -> None:
        with require_extra("tflite"):
            from ai_edge_litert.interpreter import InterpreterWithCustomOps
        takes_text = file.name == TEXT
        with suppress_native_stderr():
            self._interpreter = InterpreterWithCustomOps(
                custom_op_registerers=_text_operations() if takes_text else None,
                model_path=str(file),
                num_threads=1,
            )
            self._interpreter.allocate_tensors()
            self._signature = self._interpreter.get_signature_runner()
        self._post_dtype = object if takes_text else np.int32
        inputs = self._signature.get_input_details()
        shape = inputs["post"]["shape_signature"]
        self._fixed_shape = None if -1 in shape else shape
        self._noise = np.zeros(inputs["noise"]["shape"], np.float32) if "noise" in inputs else None

    def __call__(self, posts: Any, emotion: Any, noise: Any = None) -> dict[str, np.ndarray]:
        """Returns the outputs for a batch.

        Args:
            posts: int32 `(batch, length)` for `ids.tflite`, bytes `(batch,)` for `text.tflite`.
            emotion: requested emotion ids, int32 `(batch,)`, in `[0, categories)`.
            noise: float32 `(vocabulary,)`, for a file with this input; None: zeros, which give the
                greedy replies.

        Returns:
            `ids`, `lengths` and `scores` for `ids.tflite`; `response` (bytes) and `score` for
            `text.tflite`.
        """
        post, emotion = np.asarray(posts, self._post_dtype), np.asarray(emotion, np.int32)
        others = {}
        if self._noise is not None:
            others["noise"] = self._noise if noise is None else np.asarray(noise, np.float32)
        if self._fixed_shape is None:
            return self._signature(post=post, emotion=emotion, **others)
        size, length = self._fixed_shape
        rows = len(post)
        # At least one batch, so that a batch of no posts has outputs too.
        padded_rows = max(-(-rows // size), 1) * size
        post = np.pad(
            post[:, :length],
            [(0, padded_rows - rows), (0, max(length - post.shape[1], 0))],
            constant_values=PAD,
        )
        emotion = np.pad(emotion, (0, padded_rows - rows))
        batches = [
            self._signature(
                post=post[first : first + size], emotion=emotion[first : first + size], **others
            )
            for first in range(0, padded_rows, size)
        ]
        return {
            name: np.concatenate([batch[name] for batch in batches])[:rows] for name in batches[0]
        }


def _text_operations() -> list[Any]:
    import tensorflow_text

    return tensorflow_text.tflite_registrar.SELECT_TFTEXT_OPS
