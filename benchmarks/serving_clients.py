"""A server of `export.serve` in its own process, and asynchronous clients over gRPC and REST."""

import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiohttp
import grpc
import tensorflow as tf
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

from export import MODEL_NAME

Ask = Callable[[str, str], Awaitable[str]]
"""Takes a post and an emotion; returns the reply."""


@contextmanager
def serving(base: Path, *flags: str) -> Iterator[tuple[subprocess.Popen, int, int]]:
    """Runs `export.serve` on free ports; yields its process, REST port and gRPC port."""
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        rest, rpc = one.getsockname()[1], other.getsockname()[1]
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "export.serve", str(base), *flags),
            *("--rest_port", str(rest), "--grpc_port", str(rpc)),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        for line in process.stdout:
            if line.startswith("serving "):
                break
        else:
            raise SystemExit(process.wait())
        yield process, rest, rpc
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=120)


@asynccontextmanager
async def over_grpc(port: int) -> AsyncIterator[Ask]:
    """Yields a client of `PredictionService.Predict`, which raises `grpc.RpcError`."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = PredictionServiceStub(channel)

        async def ask(post: str, emotion: str) -> str:
            request = PredictRequest()
            request.model_spec.name = MODEL_NAME
            for name, entry in (("post", post), ("emotion", emotion)):
                tensor = request.inputs[name]
                tensor.dtype = tf.string.as_datatype_enum
                tensor.tensor_shape.dim.add().size = 1
                tensor.string_val.append(entry.encode())
            answer = await stub.Predict(request, timeout=60)
            return answer.outputs["response"].string_val[0].decode()

        yield ask


@asynccontextmanager
async def over_rest(port: int) -> AsyncIterator[Ask]:
    """Yields a client of `:predict`, which raises `aiohttp.ClientError`."""
    url = f"http://127.0.0.1:{port}/v1/models/{MODEL_NAME}:predict"
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, raise_for_status=True) as session:

        async def ask(post: str, emotion: str) -> str:
            body = {"instances": [{"post": post, "emotion": emotion}]}
            async with session.post(url, json=body) as answer:
                return (await answer.json())["predictions"][0]["response"]

        yield ask
