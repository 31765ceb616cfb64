"""Load and fault tests of `export.serve`: `python -m benchmarks.serving BASE CORPUS`.

Clients are asyncio tasks of this process that send the next request after each response. Clients
and server share the cores of this machine. Measures

- throughput and latency with 1, 8 and 32 clients, over gRPC and REST, with and without batching;
- 10,000 requests from 32 clients: how many fail or differ from the response to a single request;
- invalid requests sent at the same time;
- one of two replicas killed under load: errors that clients see, with and without retries.
"""

import asyncio
import json
import math
import random
import subprocess
import tempfile
import time
from collections import Counter
from itertools import cycle, islice
from pathlib import Path

import aiohttp
import grpc
import numpy as np
import psutil
from tqdm import tqdm

from benchmarks.serving_clients import Ask, over_grpc, over_rest, serving
from ecm_tf.core import command
from ecm_tf.core.arguments import Parser
from ecm_tf.text.emotions import DEFAULT
from export import MODEL_NAME
from export.client import Client, ServerError

CLIENTS = (1, 8, 32)
REQUESTS = 1_000
"""Requests per row of the throughput table, sent for at most `SECONDS`."""
SECONDS = 10.0
MANY = 10_000
KILL_SECONDS = 30.0


async def load(
    ask: Ask, entries: list[tuple[str, str]], clients: int, seconds: float, title: str
) -> tuple[list[float], list[tuple[tuple[str, str], str]], float]:
    """Requests a reply to every entry, with as many requests at a time as there are clients.

    Returns:
        Seconds of each request, entries with their replies, and the total seconds.
    """
    waiting = iter(entries)
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

    with tqdm(total=len(entries), desc=title, unit=" requests", leave=False, disable=None) as bar:
        await asyncio.gather(*(client(bar) for _ in range(clients)))
    return latencies, replies, time.perf_counter() - start


async def throughput(base: Path, entries: list[tuple[str, str]]) -> list[dict[str, object]]:
    """Measures throughput and latency."""
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
    """Compares 10,000 requests with single ones, and sends invalid ones at the same time."""
    with serving(base) as (_, rest, rpc):
        async with over_grpc(rpc) as ask:
            stream = list(islice(cycle(entries), MANY))
            alone = dict((await load(ask, sorted(set(stream)), 1, math.inf, "one by one"))[1])
            statuses: dict[str, Counter] = {name: Counter() for name in BAD}
            ended = asyncio.Event()

            async def send_invalid() -> None:
                url = f"http://127.0.0.1:{rest}/v1/models/{MODEL_NAME}"
                async with aiohttp.ClientSession() as session:
                    while not ended.is_set():
                        for name, (body, _) in BAD.items():
                            path = "/versions/77:predict" if "version" in name else ":predict"
                            async with session.post(url + path, data=body) as answer:
                                statuses[name][answer.status] += 1
                        await asyncio.sleep(0.2)

            disturbing = asyncio.create_task(send_invalid())
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
            "statuses": ", ".join(f"{code} × {times}" for code, times in statuses[name].items()),
        }
        for name, (_, status) in BAD.items()
    ]
    return rows


async def killed(base: Path, entries: list[tuple[str, str]]) -> list[dict[str, object]]:
    """Kills one of two replicas while eight clients send requests."""
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
    """Runs the command; see `--help`."""
    parser = Parser(
        prog="python -m benchmarks.serving", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument("base", type=Path, help="base directory written by export.saved_model")
    parser.add_argument("corpus", type=Path, help="JSON Lines with a post per line")
    parser.add_argument("--output", type=Path, help="JSON file to write")
    arguments = parser.parse_args(argv)
    lines = arguments.corpus.read_text(encoding="utf-8").splitlines()
    posts = sorted({json.loads(line)["post"] for line in lines})
    rng = random.Random(0)
    entries = [(post, emotion) for post in posts for emotion in DEFAULT.names]
    rng.shuffle(entries)
    results = {}
    for name, measure in (
        ("throughput", throughput),
        ("many", many_and_bad),
        ("killed", killed),
    ):
        results[name] = asyncio.run(measure(arguments.base, entries))
        for row in results[name]:
            print("  ".join(f"{key}: {value}" for key, value in row.items()), flush=True)
    if arguments.output:
        arguments.output.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    command.run(main)
