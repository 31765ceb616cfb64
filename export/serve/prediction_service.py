"""TF Serving's gRPC methods, under the names that Ray Serve expects."""

import functools
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import Message
from grpc import StatusCode
from ray.serve.grpc_util import RayServegRPCContext
from tensorflow.core.framework.tensor_pb2 import TensorProto
from tensorflow.core.framework.types_pb2 import DataType
from tensorflow_serving.apis.get_model_metadata_pb2 import (
    GetModelMetadataRequest,
    GetModelMetadataResponse,
)
from tensorflow_serving.apis.get_model_status_pb2 import (
    GetModelStatusRequest,
    GetModelStatusResponse,
)
from tensorflow_serving.apis.model_pb2 import ModelSpec
from tensorflow_serving.apis.predict_pb2 import PredictRequest, PredictResponse

from export.serve.errors import RequestError, too_many_posts
from export.serve.model import Model
from export.serve.servable import DEFAULT_SIGNATURE


def _version(spec: ModelSpec) -> int | None:
    if spec.HasField("version_label"):
        raise RequestError(
            StatusCode.INVALID_ARGUMENT,
            f"model_spec: expected a version number, got the label {spec.version_label!r}; this "
            "server has no labels.",
        )
    return spec.version.value if spec.HasField("version") else None


def _column(name: str, tensor: TensorProto, max_posts: int) -> list[bytes]:
    """Returns the strings of a tensor of shape `(batch,)`.

    The declared shape is checked against the values, not allocated: a tensor of a few bytes may
    declare billions of entries, which `tf.make_ndarray` would fill with its only value.
    """
    sizes = [dimension.size for dimension in tensor.tensor_shape.dim]
    if tensor.dtype != DataType.DT_STRING or tensor.tensor_shape.unknown_rank or len(sizes) != 1:
        shape = "an unknown shape" if tensor.tensor_shape.unknown_rank else f"shape {tuple(sizes)}"
        raise RequestError(
            StatusCode.INVALID_ARGUMENT,
            f"inputs[{name}]: expected strings of shape (batch,), got {_type_name(tensor.dtype)} "
            f"of {shape}.",
        )
    if sizes[0] > max_posts:
        raise too_many_posts(max_posts, sizes[0])
    if sizes[0] != len(tensor.string_val):
        raise RequestError(
            StatusCode.INVALID_ARGUMENT,
            f"inputs[{name}]: expected as many values as the shape ({sizes[0]},) declares, got "
            f"{len(tensor.string_val)}.",
        )
    return list(tensor.string_val)


def _type_name(number: int) -> str:
    """Returns the name of a dtype as TensorFlow writes it, for example `int32`."""
    known = number in DataType.values()
    return DataType.Name(number).removeprefix("DT_").lower() if known else f"type {number}"


def _tensor(array: np.ndarray) -> TensorProto:
    return tf.make_tensor_proto(
        array, tf.string if array.dtype == object else None, shape=array.shape
    )


def _with_status(response: type[Message]) -> Callable[..., Any]:
    """Decorates a method so that a `RequestError` becomes the status of its gRPC call.

    Args:
        response: class of the method's response; an empty one is returned with the status.
    """

    def decorate(method: Callable[..., Awaitable[Message]]) -> Callable[..., Awaitable[Message]]:
        async def call(self: Any, request: Message, grpc_context: RayServegRPCContext) -> Message:
            try:
                return await method(self, request)
            except RequestError as error:
                grpc_context.set_code(error.code)
                grpc_context.set_details(error.message)
                return response()

        functools.update_wrapper(call, method)
        # Ray Serve passes the context only if the signature, which follows `__wrapped__`, has it.
        vars(call).pop("__wrapped__")
        return call

    return decorate


class PredictionService:
    """Methods of the gRPC services `PredictionService` and `ModelService`.

    An invalid request gets a status code and one sentence.

    Attributes:
        model: the served model.
    """

    model: Model

    @_with_status(PredictResponse)
    async def Predict(self, request: PredictRequest) -> PredictResponse:
        """Implements `PredictionService.Predict`."""
        spec = request.model_spec
        name = spec.signature_name or DEFAULT_SIGNATURE
        max_posts = self.model.config.max_posts
        columns = {key: _column(key, tensor, max_posts) for key, tensor in request.inputs.items()}
        version, outputs = await self.model.predict(spec.name, _version(spec), name, columns)
        requested = request.output_filter or outputs
        unknown = sorted(set(requested) - set(outputs))
        if unknown:
            raise RequestError(
                StatusCode.INVALID_ARGUMENT,
                f"output_filter: expected names among {sorted(outputs)}, got {unknown}.",
            )
        response = PredictResponse(outputs={key: _tensor(outputs[key]) for key in requested})
        response.model_spec.name = spec.name
        response.model_spec.signature_name = name
        response.model_spec.version.value = version
        return response

    @_with_status(GetModelMetadataResponse)
    async def GetModelMetadata(self, request: GetModelMetadataRequest) -> GetModelMetadataResponse:
        """Implements `PredictionService.GetModelMetadata`, whose only field is `signature_def`."""
        if list(request.metadata_field) != ["signature_def"]:
            raise RequestError(
                StatusCode.INVALID_ARGUMENT,
                f"metadata_field: expected ['signature_def'], got {list(request.metadata_field)}.",
            )
        return self.model.metadata(request.model_spec.name, _version(request.model_spec))

    @_with_status(GetModelStatusResponse)
    async def GetModelStatus(self, request: GetModelStatusRequest) -> GetModelStatusResponse:
        """Implements `ModelService.GetModelStatus`."""
        return self.model.status(request.model_spec.name, _version(request.model_spec))
