"""One loaded version of a model, whose signatures are called in batches."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_text  # noqa: F401  Registers operations that the SavedModel uses.
from grpc import StatusCode
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

from ecm_tf.text.emotions import AUTO
from export.assertions import assertion_message
from export.saved_model.model_info import MODEL_INFO, find_model_info
from export.saved_model.warmup import WARMUP_REQUESTS
from export.serve.batching import Batcher
from export.serve.errors import RequestError

DEFAULT_SIGNATURE = "serving_default"
"""The signature of a request that names none, or an empty one."""
Row = tuple[bytes, ...]
"""One entry for each input of a signature, in the order of the input names."""
Outputs = dict[str, np.ndarray]
logger = logging.getLogger("ray.serve")


class Servable:
    """A SavedModel version directory, loaded and warmed up.

    Args:
        directory: `BASE/<version>`. The inputs of its signatures are strings `(batch,)`; dimension
            0 of every output is the batch, and the other dimensions are constant.
        max_batch: maximum number of rows that are computed together.

    Attributes:
        version: version number of the directory.
        definitions: definition of each signature, by name.

    Raises:
        InputError: `model_info.json` is damaged.
        Exception: TensorFlow cannot load the directory.
    """

    def __init__(self, directory: Path, max_batch: int) -> None:
        self.version = int(directory.name)
        saved_model = SavedModel.FromString((directory / "saved_model.pb").read_bytes())
        loaded = tf.saved_model.load(str(directory))
        definitions = saved_model.meta_graphs[0].signature_def
        self.definitions: dict[str, SignatureDef] = {
            name: definitions[name] for name in loaded.signatures
        }
        # Kept alive, because it owns the variables that the signatures use.
        self._loaded = loaded
        self._signatures = {
            name: _Signature(function, max_batch) for name, function in loaded.signatures.items()
        }
        self._info = find_model_info(directory) or {}
        if "hypotheses_per_post" not in self._info:
            logger.warning(
                f"{directory}: {MODEL_INFO} is missing or does not give the hypotheses per post; "
                "--max_hypotheses counts each post as one hypothesis."
            )
        self._warm_up(directory / WARMUP_REQUESTS)

    def _warm_up(self, path: Path) -> None:
        if not path.exists():
            return
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            request = PredictionLog.FromString(record).predict_log.request
            inputs = {name: tf.make_ndarray(tensor) for name, tensor in request.inputs.items()}
            signature = self._signatures[request.model_spec.signature_name or DEFAULT_SIGNATURE]
            columns = [inputs[name] for name in signature.input_names]
            signature.compute(list(zip(*columns, strict=True)))

    def _signature(self, name: str) -> "_Signature":
        if name not in self._signatures:
            raise RequestError(
                StatusCode.INVALID_ARGUMENT,
                f"signature_name: expected one of {sorted(self._signatures)}, got {name!r}.",
            )
        return self._signatures[name]

    def input_names(self, name: str) -> list[str]:
        """Returns the input names of a signature.

        Args:
            name: name of the signature.

        Raises:
            RequestError: the signature does not exist.
        """
        return self._signature(name).input_names

    def hypotheses(self, name: str, columns: Mapping[str, Sequence[bytes]]) -> list[int]:
        """Returns the number of hypotheses that a signature decodes for each post of a request.

        Args:
            name: name of the signature.
            columns: one entry per row for each input.

        Raises:
            RequestError: the signature does not exist.
        """
        self._signature(name)
        rows = max(map(len, columns.values()), default=0)
        each = self._info.get("hypotheses_per_post", {}).get(name, 1)
        if not self._info.get("chooses_emotions") or "emotion" not in columns:
            return [each] * rows
        categories = len(self._info["categories"])
        return [each * (categories if _is_auto(value) else 1) for value in columns["emotion"]]

    async def predict(self, name: str, columns: Mapping[str, Sequence[bytes]]) -> Outputs:
        """Calls a signature, in batches with the rows of other requests.

        Args:
            name: name of the signature.
            columns: one entry per row for each input.

        Returns:
            Output arrays with one row per input row.

        Raises:
            RequestError: the signature does not exist, the inputs are not those of the signature,
                the columns differ in length, or the model rejects a row.
        """
        signature = self._signature(name)
        if set(columns) != set(signature.input_names):
            raise RequestError(
                StatusCode.INVALID_ARGUMENT,
                f"inputs of {name}: expected {signature.input_names}, got {sorted(columns)}.",
            )
        lengths = {key: len(columns[key]) for key in signature.input_names}
        if len(set(lengths.values())) != 1:
            raise RequestError(
                StatusCode.INVALID_ARGUMENT,
                f"inputs of {name}: expected the same number of entries in each, got {lengths}.",
            )
        rows = list(zip(*(columns[key] for key in signature.input_names), strict=True))
        if not rows:
            return await asyncio.to_thread(signature.compute, [])
        results: list[Outputs] = []
        for result in await asyncio.gather(*map(signature.compute_batched, rows)):
            if isinstance(result, RequestError):
                raise result
            results.append(result)
        return {key: np.concatenate([result[key] for result in results]) for key in results[0]}


def _is_auto(emotion: bytes) -> bool:
    return emotion.decode("utf-8", "replace").strip().lower() == AUTO


class _Signature:
    """A signature of a loaded model.

    Args:
        function: the signature, as `tf.saved_model.load` returns it.
        max_batch: maximum number of rows that are computed together.

    Attributes:
        input_names: sorted names of its inputs.
        compute_batched: coroutine function that computes one row in a batch with others, and
            returns outputs of one row or the error of the row.
    """

    def __init__(self, function: Any, max_batch: int) -> None:
        self._function = function
        self.input_names = sorted(function.structured_input_signature[1])
        self.compute_batched = Batcher(self._compute_rows, max_batch)

    def compute(self, rows: Sequence[Row]) -> Outputs:
        """Returns the outputs for a batch of rows.

        Args:
            rows: any number of rows.

        Raises:
            tf.errors.InvalidArgumentError: the model rejects a row.
        """
        columns = zip(*rows, strict=True) if rows else [()] * len(self.input_names)
        inputs = {
            name: tf.constant(list(column), tf.string, [len(rows)])
            for name, column in zip(self.input_names, columns, strict=True)
        }
        return {name: tensor.numpy() for name, tensor in self._function(**inputs).items()}

    def _compute_rows(self, rows: Sequence[Row]) -> list[Outputs | RequestError]:
        """Returns the outputs or the error of each row.

        If the model rejects a batch, its halves are computed separately, so that a bad row does not
        affect the others.
        """
        try:
            outputs = self.compute(rows)
        except tf.errors.InvalidArgumentError as error:
            if len(rows) == 1:
                return [RequestError(StatusCode.INVALID_ARGUMENT, assertion_message(error.message))]
            middle = len(rows) // 2
            return self._compute_rows(rows[:middle]) + self._compute_rows(rows[middle:])
        return [
            {name: array[row : row + 1] for name, array in outputs.items()}
            for row in range(len(rows))
        ]
