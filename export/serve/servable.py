"""One loaded version of a model: its signatures, answering rows in batches."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow_text  # noqa: F401  Its operations are inside the model.
from grpc import StatusCode
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

from export.saved_model.warmup import WARMUP
from export.serve.batching import Batcher
from export.serve.errors import RequestError

Row = tuple[bytes, ...]
"""An entry for each input of a signature, in its order."""


class Servable:
    """A version directory, loaded and warmed up.

    Args:
        directory: `BASE/<version>`; signatures take strings `(batch,)`, and give arrays whose
            dimension 0 is the batch and whose others are always the same.
        max_batch: rows that are computed together.

    Attributes:
        version: the directory's number.
        definitions: the signatures' definitions by name.

    Raises:
        Exception: whatever TensorFlow raises for a directory that is no SavedModel.
    """

    def __init__(self, directory: Path, max_batch: int) -> None:
        self.version = int(directory.name)
        saved_model = SavedModel.FromString((directory / "saved_model.pb").read_bytes())
        loaded = tf.saved_model.load(str(directory))
        definitions = saved_model.meta_graphs[0].signature_def
        self.definitions: dict[str, SignatureDef] = {
            name: definitions[name] for name in loaded.signatures
        }
        self._loaded = loaded
        self._signatures = {
            name: _Signature(function, max_batch) for name, function in loaded.signatures.items()
        }
        self._warm_up(directory / WARMUP)

    def _warm_up(self, requests: Path) -> None:
        if not requests.exists():
            return
        for record in tf.data.TFRecordDataset(str(requests)).as_numpy_iterator():
            request = PredictionLog.FromString(record).predict_log.request
            inputs = {name: tf.make_ndarray(tensor) for name, tensor in request.inputs.items()}
            signature = self._signatures[request.model_spec.signature_name or "serving_default"]
            signature.compute(list(zip(*(inputs[name] for name in signature.inputs), strict=True)))

    def _signature(self, name: str) -> "_Signature":
        if name not in self._signatures:
            raise RequestError(
                StatusCode.INVALID_ARGUMENT,
                f"signature_name: expected one of {sorted(self._signatures)}, got {name!r}.",
            )
        return self._signatures[name]

    def inputs(self, name: str) -> list[str]:
        """Names of a signature's inputs; raises as `predict` does."""
        return self._signature(name).inputs

    async def predict(
        self, name: str, columns: Mapping[str, Sequence[bytes]]
    ) -> dict[str, np.ndarray]:
        """Answers rows, together with those of other requests.

        Args:
            name: a signature's.
            columns: an entry a row for each input.

        Returns:
            Arrays with a row for each row.

        Raises:
            RequestError: no such signature, other inputs, columns of unequal length, or a row that
                the model refuses.
        """
        signature = self._signature(name)
        if set(columns) != set(signature.inputs):
            raise RequestError(
                StatusCode.INVALID_ARGUMENT,
                f"inputs of {name}: expected {signature.inputs}, got {sorted(columns)}.",
            )
        ordered = [columns[entry] for entry in signature.inputs]
        lengths = {entry: len(columns[entry]) for entry in signature.inputs}
        if len(set(lengths.values())) != 1:
            raise RequestError(
                StatusCode.INVALID_ARGUMENT,
                f"inputs of {name}: expected as many entries in each, got {lengths}.",
            )
        if not ordered[0]:
            return await asyncio.to_thread(signature.compute, [])
        answers = await asyncio.gather(*map(signature.answer, zip(*ordered, strict=True)))
        for answer in answers:
            if isinstance(answer, RequestError):
                raise answer
        return {
            output: np.concatenate([answer[output] for answer in answers]) for output in answers[0]
        }


class _Signature:
    """A signature of a loaded model.

    Args:
        function: the signature.
        max_batch: as for `Servable`.

    Attributes:
        inputs: names of its inputs.
        answer: an awaitable `Row -> dict of arrays of one row, or RequestError`.
    """

    def __init__(self, function, max_batch: int) -> None:
        self._function = function
        self.inputs = sorted(function.structured_input_signature[1])
        self.answer = Batcher(self._answers, max_batch).answer

    def compute(self, rows: Sequence[Row]) -> dict[str, np.ndarray]:
        """What the model says to rows.

        Raises:
            tf.errors.InvalidArgumentError: it refuses one of them.
        """
        columns = zip(*rows, strict=True) if rows else [()] * len(self.inputs)
        given = {
            name: tf.constant(list(column), tf.string, [len(rows)])
            for name, column in zip(self.inputs, columns, strict=True)
        }
        return {name: tensor.numpy() for name, tensor in self._function(**given).items()}

    def _answers(self, rows: Sequence[Row]) -> list[dict[str, np.ndarray] | RequestError]:
        """An answer a row; a row that is refused is searched for, so that it spoils no other."""
        try:
            answers = self.compute(rows)
        except tf.errors.InvalidArgumentError as error:
            if len(rows) == 1:
                return [RequestError(StatusCode.INVALID_ARGUMENT, _reason(error))]
            middle = len(rows) // 2
            return self._answers(rows[:middle]) + self._answers(rows[middle:])
        return [
            {name: array[row : row + 1] for name, array in answers.items()}
            for row in range(len(rows))
        ]


def _reason(error: tf.errors.InvalidArgumentError) -> str:
    """What the model's assertion says, without the graph's whereabouts."""
    lines = [line for line in error.message.splitlines() if line.startswith("assertion failed: ")]
    if not lines:
        return error.message
    return re.sub(r"\]?\s*\[", " ", lines[0].removeprefix("assertion failed: ")).strip(" []")
