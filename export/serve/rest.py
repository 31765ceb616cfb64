"""TF Serving's REST paths, as an ASGI application."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from google.protobuf.json_format import MessageToDict
from grpc import StatusCode
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from export.serve.errors import HTTP_STATUS, RequestError
from export.serve.metrics import node_metrics
from export.serve.model import Model

Columns = dict[str, list[bytes]]
Entry = str | dict[str, str]
"""A string, or its bytes as `{"b64": …}`."""


class PredictBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is posted: rows (`instances`) or columns (`inputs`)."""

    signature_name: str = "serving_default"
    instances: list[str | dict[str, Any]] | msgspec.UnsetType = msgspec.UNSET
    inputs: list[Entry] | dict[str, list[Entry]] | msgspec.UnsetType = msgspec.UNSET


def rest(model: Model) -> Starlette:
    """The application.

    Args:
        model: answers.
    """
    place = "/v1/models/{name}"
    of_version = place + "/versions/{version:int}"

    async def predict(request: Request) -> Response:
        body = await _body(request, model.config.max_request_bytes)
        try:
            content = msgspec.json.decode(body, type=PredictBody)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _invalid(f"body: expected JSON as in TF Serving; {error}.") from error
        by_row = content.instances is not msgspec.UNSET
        if by_row == (content.inputs is not msgspec.UNSET):
            raise _invalid("body: expected either instances or inputs.")
        names = model.inputs(*_model_of(request), content.signature_name)
        columns = _of_rows(content.instances, names) if by_row else _of_columns(content, names)
        _, answers = await model.predict(*_model_of(request), content.signature_name, columns)
        entries = {name: _plain(array) for name, array in answers.items()}
        if by_row:
            rows = zip(*entries.values(), strict=True)
            return JSONResponse(
                {"predictions": [_alone(dict(zip(entries, row, strict=True))) for row in rows]}
            )
        return JSONResponse({"outputs": _alone(entries)})

    async def status(request: Request) -> Response:
        found = model.status(*_model_of(request))
        return JSONResponse(
            MessageToDict(
                found, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
            )
        )

    async def metadata(request: Request) -> Response:
        found = model.metadata(*_model_of(request))
        return JSONResponse(MessageToDict(found, preserving_proto_field_name=True))

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
    for path in (place, of_version):
        routes += [
            Route(path + ":predict", predict, methods=["POST"]),
            Route(path + "/metadata", metadata),
            Route(path, status),
        ]
    return Starlette(
        routes=routes, exception_handlers={RequestError: _refusal, 404: _unknown, 405: _unknown}
    )


def _invalid(message: str) -> RequestError:
    return RequestError(StatusCode.INVALID_ARGUMENT, message)


async def _refusal(request: Request, error: RequestError) -> Response:
    return JSONResponse({"error": error.message}, HTTP_STATUS[error.code])


async def _unknown(request: Request, error: Any) -> Response:
    message = f"{request.method} {request.url.path}: no such request; see TF Serving's REST API."
    return JSONResponse({"error": message}, error.status_code)


def _model_of(request: Request) -> tuple[str, int | None]:
    return request.path_params["name"], request.path_params.get("version")


async def _body(request: Request, most: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise RequestError(
                StatusCode.OUT_OF_RANGE, f"body: expected at most {most} bytes, got more."
            )
    return bytes(body)


def _of_rows(instances: list[Entry], names: list[str]) -> Columns:
    columns: Columns = {name: [] for name in names}
    for number, row in enumerate(instances):
        # With one input, its entry may stand alone.
        if len(names) == 1 and (isinstance(row, str) or set(row) == {"b64"}):
            row = {names[0]: row}
        if not isinstance(row, dict) or set(row) != set(names):
            got = sorted(row) if isinstance(row, dict) else "a string"
            raise _invalid(f"instances[{number}]: expected {names}, got {got}.")
        for name, entry in row.items():
            columns[name].append(_bytes(entry, f"instances[{number}].{name}"))
    return columns


def _of_columns(content: PredictBody, names: list[str]) -> Columns:
    given = content.inputs
    if isinstance(given, list):
        if len(names) != 1:
            raise _invalid(f"inputs: expected {names}, got a list.")
        given = {names[0]: given}
    return {
        name: [_bytes(entry, f"inputs.{name}[{row}]") for row, entry in enumerate(column)]
        for name, column in given.items()
    }


def _bytes(entry: Any, place: str) -> bytes:
    if isinstance(entry, str):
        return entry.encode()
    if isinstance(entry, dict) and set(entry) == {"b64"} and isinstance(entry["b64"], str):
        try:
            return base64.b64decode(entry["b64"], validate=True)
        except binascii.Error as error:
            raise _invalid(f"{place}: expected base64; {error}.") from error
    raise _invalid(f'{place}: expected a string or {{"b64": …}}, got {type(entry).__name__}.')


def _plain(array: np.ndarray) -> list[Any]:
    if array.dtype == object:
        array = np.char.decode(array.astype(bytes), "utf-8", "replace") if array.size else array
    return array.tolist()


def _alone(entries: Mapping[str, Any]) -> Any:
    """As TF Serving says it: a single output goes without its name."""
    return next(iter(entries.values())) if len(entries) == 1 else entries
