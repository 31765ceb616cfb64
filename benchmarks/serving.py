"""Load and faults of `export.serve`, on this machine: `python -m benchmarks.serving BASE CORPUS`.

Clients are asyncio tasks of this process; each asks again as soon as it is answered. So client and
server share the cores, as they would not in use. What is measured:

- throughput and latency at 1, 8 and 32 clients, over gRPC and REST, with batching and without;
- 10,000 requests at 32 clients: how many were lost, or answered otherwise than alone;
- requests that cannot be answered, while others are;
- a replica of two killed under load: what clients saw, with and without retries.
"""

import argparse
import asyncio
import json
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import cycle, islice
from pathlib import Path

import aiohttp
import grpc
import numpy as np
import psutil
import tensorflow as tf
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub
from tqdm import tqdm

from ecm_tf.core import command
from ecm_tf.text.emotions import DEFAULT
from export import MODEL_NAME
from export.client import Client, ServerError

CLIENTS = (1, 8, 32)
REQUESTS = 1_000
"""Of each row of the first table, at most `SECONDS`."""
SECONDS = 10.0
MANY = 10_000
KILL_SECONDS = 30.0

Ask = Callable[[str, str], Awaitable[str]]
"""Post and emotion to reply."""


@contextmanager
def serving(base: Path, *flags: str) -> Iterator[tuple[subprocess.Popen, int, int]]:
    """`export.serve` on free ports: its process, REST port and gRPC port."""
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
    """Asks by `PredictionService.Predict`; fails with `grpc.RpcError`."""
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
    """Asks by `:predict`; fails with `aiohttp.ClientError`."""
    url = f"http://127.0.0.1:{port}/v1/models/{MODEL_NAME}:predict"
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, raise_for_status=True) as session:

        async def ask(post: str, emotion: str) -> str:
            body = {"instances": [{"post": post, "emotion": emotion}]}
            async with session.post(url, json=body) as answer:
                return (await answer.json())["predictions"][0]["response"]

        yield ask


async def load(ask: Ask, asked: list[tuple[str, str]], clients: int, seconds: float, title: str):
    """Asks every entry once, as many at a time as there are clients.

    Returns:
        Seconds of each answered request, replies by entry, and the seconds that all took.
    """
    waiting = iter(asked)
    latencies: list[float] = []
    replies: list[tuple[tuple[str, str], str]] = []
    start = time.perf_counter()

    async def client(bar: tqdm) -> None:
        for entry in waiting:
            began = time.perf_counter()
            if began - start > seconds:
                return
            reply = await ask(*entry)
            latencies.append(time.perf_counter() - began)
            replies.append((entry, reply))
            bar.update()

    with tqdm(total=len(asked), desc=title, unit=" requests", leave=False, disable=None) as bar:
        await asyncio.gather(*(client(bar) for _ in range(clients)))
    return latencies, replies, time.perf_counter() - start


async def throughput(base: Path, entries: list[tuple[str, str]]) -> list[dict[str, object]]:
    """The first table."""
    rows = []
    for batching, flags in (("on", ()), ("off", ("--max_batch", "1"))):
        with serving(base, *flags) as (_, rest, rpc):
            for protocol, connect, port in (("gRPC", over_grpc, rpc), ("REST", over_rest, rest)):
                async with connect(port) as ask:
                    await load(ask, entries[:200], 8, SECONDS, "warming up")
                    for clients in CLIENTS:
                        title = f"{protocol}, batching {batching}, {clients} clients"
                        asked = list(islice(cycle(entries), REQUESTS))
                        latencies, _, seconds = await load(ask, asked, clients, SECONDS, title)
                        p50, p95, p99 = np.percentile(latencies, [50, 95, 99]) * 1000
                        rows.append(
                            {
                                "protocol": protocol,
                                "batching": batching,
                                "clients": clients,
                                "requests": len(latencies),
                                "requests/s": round(len(latencies) / seconds, 1),
                                "p50 ms": round(p50, 1),
                                "p95 ms": round(p95, 1),
                                "p99 ms": round(p99, 1),
                            }
                        )
    return rows


BAD = {
    "malformed JSON": (b"{", 400),
    "a number for a post": (b'{"instances": [{"post": 1, "emotion": "1"}]}', 400),
    "no emotion": (b'{"instances": [{"post": "a"}]}', 400),
    "an unknown emotion": (b'{"instances": [{"post": "a", "emotion": "zorn"}]}', 400),
    "invalid UTF-8": (b'{"instances": [{"post": "\xff", "emotion": "1"}]}', 400),
    "a body of 2 MB": (b" " * 2_000_000, 413),
    "an unknown signature": (b'{"signature_name": "x", "instances": []}', 400),
    "an unknown version": (b'{"instances": []}', 404),
}


async def many_and_bad(base: Path, entries: list[tuple[str, str]]) -> list[dict[str, object]]:
    """10,000 requests compared with single ones, and bad ones between them."""
    with serving(base) as (_, rest, rpc):
        async with over_grpc(rpc) as ask:
            alone = dict((await load(ask, sorted(set(entries)), 1, 600, "one by one"))[1])
            stream = list(islice(cycle(entries), MANY))
            told: dict[str, Counter] = {name: Counter() for name in BAD}
            ended = asyncio.Event()

            async def bad() -> None:
                url = f"http://127.0.0.1:{rest}/v1/models/{MODEL_NAME}"
                async with aiohttp.ClientSession() as session:
                    while not ended.is_set():
                        for name, (body, _) in BAD.items():
                            place = "/versions/77:predict" if "version" in name else ":predict"
                            async with session.post(url + place, data=body) as answer:
                                told[name][answer.status] += 1
                        await asyncio.sleep(0.2)

            disturbing = asyncio.create_task(bad())
            _, replies, seconds = await load(ask, stream, 32, 600, "10,000")
            ended.set()
            await disturbing
    wrong = sum(reply != alone[entry] for entry, reply in replies)
    rows: list[dict[str, object]] = [
        {
            "requests": len(stream),
            "lost": len(stream) - len(replies),
            "wrong": wrong,
            "seconds": round(seconds, 1),
        }
    ]
    rows += [
        {
            "bad request": name,
            "expected status": status,
            "statuses": ", ".join(f"{code} × {times}" for code, times in told[name].items()),
        }
        for name, (_, status) in BAD.items()
    ]
    return rows


async def killed(base: Path, entries: list[tuple[str, str]]) -> list[dict[str, object]]:
    """One of two replicas dies by SIGKILL while eight clients ask."""
    rows = []
    for retries in (False, True):
        with (
            tempfile.TemporaryDirectory() as logs,
            serving(base, "--replicas", "2", "--cpus", "2", "--log_dir", logs) as (server, _, rpc),
            Client(f"grpc://127.0.0.1:{rpc}") as client,
        ):
            async with over_grpc(rpc) as plain:

                async def retrying(post: str, emotion: str, client: Client = client) -> str:
                    answer = await asyncio.to_thread(client.answer, [post], [emotion])
                    return answer[0].text

                ask = retrying if retries else plain
                seen = await _kill_one(server, Path(logs), ask, entries)
                rows.append({"client": "export.client" if retries else "no retries", **seen})
    return rows


async def _kill_one(
    server: subprocess.Popen, logs: Path, ask: Ask, entries: list[tuple[str, str]]
) -> dict[str, object]:
    answered: list[float] = []
    failed: list[tuple[float, str]] = []
    start = time.perf_counter()
    endless = cycle(entries)

    async def client() -> None:
        while time.perf_counter() - start < KILL_SECONDS:
            try:
                await ask(*next(endless))
                answered.append(time.perf_counter())
            except grpc.RpcError as error:
                failed.append((time.perf_counter(), error.code().name))
            except ServerError as error:
                failed.append((time.perf_counter(), str(error).split(",")[0]))

    def loaded() -> int:
        return sum("AVAILABLE" in path.read_text() for path in logs.glob("replica_*.log"))

    clients = [asyncio.create_task(client()) for _ in range(8)]
    await asyncio.sleep(5)
    children = psutil.Process(server.pid).children(recursive=True)
    replica = next(child for child in children if child.name().startswith("ray::ServeRepli"))
    replica.kill()
    killed_at = time.perf_counter()
    recovered: float | None = None
    while time.perf_counter() - start < KILL_SECONDS:
        await asyncio.sleep(0.1)
        if recovered is None and loaded() == 3:
            recovered = time.perf_counter() - killed_at
    await asyncio.gather(*clients)
    times = np.array([killed_at, *(moment for moment in answered if moment > killed_at)])
    how = Counter(reason for _, reason in failed)
    return {
        "answered": len(answered),
        "failed": len(failed),
        "how": ", ".join(f"{reason} × {times}" for reason, times in how.items()),
        "last failure after s": round(max(failed)[0] - killed_at, 2) if failed else None,
        "longest pause s": round(float(np.diff(times).max()), 2),
        "second replica back after s": recovered and round(recovered, 1),
    }


def main(argv: list[str] | None = None) -> None:
    """The command; see `--help`."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.serving", description=__doc__.split("\n\n")[0]
    )
    parser.add_argument("base", type=Path, help="versions, from export.saved_model")
    parser.add_argument("corpus", type=Path, help="JSON Lines with posts to ask")
    parser.add_argument("--output", type=Path, help="also write JSON there")
    arguments = parser.parse_args(argv)
    lines = arguments.corpus.read_text(encoding="utf-8").splitlines()
    posts = sorted({json.loads(line)["post"] for line in lines})
    chance = random.Random(0)
    entries = [(post, emotion) for post in posts for emotion in DEFAULT.names]
    chance.shuffle(entries)
    found = {}
    for name, measure in (
        ("throughput", throughput),
        ("many", many_and_bad),
        ("killed", killed),
    ):
        found[name] = asyncio.run(measure(arguments.base, entries))
        for row in found[name]:
            print("  ".join(f"{key}: {value}" for key, value in row.items()), flush=True)
    if arguments.output:
        arguments.output.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    command.run(main)
