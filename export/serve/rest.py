"""TF Serving's REST API, as an ASGI application."""

import base64
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from google.protobuf.json_format import MessageToDict
from grpc import StatusCode
from starlette.applications import Starlette
from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from export.serve.errors import HTTP_STATUS, RequestError, cut
from export.serve.metrics import node_metrics
from export.serve.model import Model
from export.serve.servable import DEFAULT_SIGNATURE

Columns = dict[str, list[bytes]]
Entry = str | dict[str, str]
"""A string, or its bytes in base64 as `{"b64": …}`."""


class PredictBody(msgspec.Struct, forbid_unknown_fields=True):
    """Body of a predict request, which has either rows (`instances`) or columns (`inputs`)."""

    signature_name: str = ""
    instances: list[str | dict[str, Any]] | msgspec.UnsetType = msgspec.UNSET
    inputs: list[Entry] | dict[str, list[Entry]] | msgspec.UnsetType = msgspec.UNSET


class _VersionConvertor(IntegerConvertor):
    """A version number in a path."""

    regex = "[0-9]{1,19}"


register_url_convertor("version", _VersionConvertor())


def rest_application(model: Model) -> Starlette:
    """Returns the ASGI application.

    Args:
        model: the served model.
    """
    model_path = "/v1/models/{name}"
    version_path = model_path + "/versions/{version:version}"

    async def predict(request: Request) -> Response:
        body = await request.body()  # `export.serve.limits` bounds it.
        try:
            content = msgspec.json.decode(body, type=PredictBody)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _invalid(f"body: expected JSON as in TF Serving; {error}.") from error
        if (content.instances is msgspec.UNSET) == (content.inputs is msgspec.UNSET):
            raise _invalid("body: expected either instances or inputs.")
        signature = content.signature_name or DEFAULT_SIGNATURE
        input_names = model.input_names(*_name_and_version(request), signature)
        if content.instances is not msgspec.UNSET:
            columns = _columns_of_rows(content.instances, input_names)
        else:
            columns = _columns_of_inputs(content.inputs, input_names)
        _, arrays = await model.predict(*_name_and_version(request), signature, columns)
        outputs = {name: _to_list(array) for name, array in arrays.items()}
        if content.instances is msgspec.UNSET:
            return JSONResponse({"outputs": _unnamed_if_single(outputs)})
        rows = [
            _unnamed_if_single(dict(zip(outputs, row, strict=True)))
            for row in zip(*outputs.values(), strict=True)
        ]
        return JSONResponse({"predictions": rows})

    async def status(request: Request) -> Response:
        response = model.status(*_name_and_version(request))
        return JSONResponse(
            MessageToDict(
                response,
                preserving_proto_field_name=True,
                always_print_fields_with_no_presence=True,
            )
        )

    async def metadata(request: Request) -> Response:
        response = model.metadata(*_name_and_version(request))
        return JSONResponse(MessageToDict(response, preserving_proto_field_name=True))

    async def ready(request: Request) -> Response:
        return (
            PlainTextResponse("ready\n")
            if model.versions.ready
            else PlainTextResponse("loading\n", 503)
        )

    async def metrics(request: Request) -> Response:
        return PlainTextResponse(await node_metrics(), media_type="text/plain; version=0.0.4")

    routes = [
        Route("/readyz", ready),
        Route("/monitoring/prometheus/metrics", metrics),
    ]
    for path in (model_path, version_path):
        routes += [
            Route(path + ":predict", predict, methods=["POST"]),
            Route(path + "/metadata", metadata),
            Route(path, status),
        ]
    handlers: Any = {RequestError: _error_response, 404: _unknown_path, 405: _unknown_path}
    return Starlette(routes=routes, exception_handlers=handlers)


def _invalid(message: str) -> RequestError:
    return RequestError(StatusCode.INVALID_ARGUMENT, message)


async def _error_response(request: Request, error: RequestError) -> Response:
    return JSONResponse({"error": error.message}, HTTP_STATUS[error.code])


async def _unknown_path(request: Request, error: Any) -> Response:
    message = f"{request.method} {request.url.path}: unknown path; see TF Serving's REST API."
    return JSONResponse({"error": cut(message)}, error.status_code)


def _name_and_version(request: Request) -> tuple[str, int | None]:
    return request.path_params["name"], request.path_params.get("version")


def _columns_of_rows(instances: list[Any], input_names: list[str]) -> Columns:
    columns: Columns = {name: [] for name in input_names}
    for number, row in enumerate(instances):
        # The entry of a single input may be given without its name.
        if len(input_names) == 1 and (isinstance(row, str) or set(row) == {"b64"}):
            row = {input_names[0]: row}
        if not isinstance(row, dict) or set(row) != set(input_names):
            got = sorted(row) if isinstance(row, dict) else "a string"
            raise _invalid(f"instances[{number}]: expected {input_names}, got {got}.")
        for name, entry in row.items():
            columns[name].append(_to_bytes(entry, f"instances[{number}].{name}"))
    return columns


def _columns_of_inputs(inputs: Any, input_names: list[str]) -> Columns:
    if isinstance(inputs, list):
        if len(input_names) != 1:
            raise _invalid(f"inputs: expected {input_names}, got a list.")
        inputs = {input_names[0]: inputs}
    return {
        name: [_to_bytes(entry, f"inputs.{name}[{row}]") for row, entry in enumerate(column)]
        for name, column in inputs.items()
    }


def _to_bytes(entry: Any, location: str) -> bytes:
    """Returns the bytes of an entry; `location` names it in error messages."""
    if isinstance(entry, str):
        return entry.encode()
    if isinstance(entry, dict) and set(entry) == {"b64"} and isinstance(entry["b64"], str):
        try:
            return base64.b64decode(entry["b64"], validate=True)
        except ValueError as error:
            raise _invalid(f"{location}: expected base64; {error}.") from error
    raise _invalid(f'{location}: expected a string or {{"b64": …}}, got {type(entry).__name__}.')


def _to_list(array: np.ndarray) -> list[Any]:
    """Returns an array as nested lists of numbers or decoded strings."""
    if array.dtype == object:
        array = np.char.decode(array.astype(bytes), "utf-8", "replace") if array.size else array
    return array.tolist()


def _unnamed_if_single(outputs: Mapping[str, Any]) -> Any:
    """Returns the outputs by name, or a single output alone, as TF Serving does."""
    return next(iter(outputs.values())) if len(outputs) == 1 else outputs
