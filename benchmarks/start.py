"""Start-up time: importing the package, the prompt of `ecm chat`, a SavedModel and its first reply.

Each is measured several times, in a new process.
"""

import argparse
import json
import os
import pty
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.models import QUICK, Sizes, model_directory
from benchmarks.report import Row, run
from ecm_tf.core.released import DEFAULT_MODEL
from export.saved_model.exporter import export_saved_model

REPEATS = 5
CHAT = [sys.executable, "-m", "ecm_tf.cli", "chat", "--model", DEFAULT_MODEL]
PROMPT = b"> "
IMPORT = """
import json, sys, time
start = time.perf_counter()
import ecm_tf
print(json.dumps({"seconds": time.perf_counter() - start, "loaded": "tensorflow" in sys.modules}))
"""
REPLY = """
import json, sys, time
import tensorflow as tf
import tensorflow_text
start = time.perf_counter()
answer = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
loaded = time.perf_counter()
def ask():
    start = time.perf_counter()
    answer(post=tf.constant(["w5 w6 w7 w8"]), emotion=tf.constant(["like"]))["response"].numpy()
    return time.perf_counter() - start
first = ask()
print(json.dumps({"load": loaded - start, "first": first, "later": min(ask() for _ in range(5))}))
"""


def _median(repeats: int, code: str, *arguments: str) -> dict[str, float]:
    """Returns the medians of the numbers that code prints as JSON, over several processes."""
    results = []
    for _ in range(repeats):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, check=True, text=True
        )
        results.append(json.loads(done.stdout.splitlines()[-1]))
    return {name: statistics.median(row[name] for row in results) for name in results[0]}


def _seconds_to_prompt() -> float:
    """Starts `ecm chat` in a pseudo-terminal, and returns the time until its prompt, in seconds.

    Raises:
        RuntimeError: the command ended before its prompt; the message is its output.
    """
    terminal, end_of_process = pty.openpty()
    start = time.perf_counter()
    with subprocess.Popen(
        CHAT, stdin=end_of_process, stdout=end_of_process, stderr=end_of_process
    ) as process:
        os.close(end_of_process)
        output = b""
        try:
            while PROMPT not in output:
                output += os.read(terminal, 1024)
            return time.perf_counter() - start
        except OSError as error:  # No process has the terminal open any more.
            raise RuntimeError(output.decode(errors="replace")) from error
        finally:
            process.kill()
            os.close(terminal)


def rows(arguments: argparse.Namespace) -> Iterator[Row]:
    """Yields the rows of the table."""
    repeats = 1 if arguments.quick else REPEATS
    times = _median(repeats, IMPORT)
    yield {
        "what": "import ecm_tf, without TensorFlow",
        "seconds": times["seconds"],
        "target": 0.2,
        "met": times["seconds"] < 0.2 and not times["loaded"],
    }
    seconds = statistics.median(_seconds_to_prompt() for _ in range(repeats))
    yield {
        "what": f"ecm chat --model {DEFAULT_MODEL}: prompt",
        "seconds": seconds,
        "target": 8.0,
        "met": seconds < 8,
    }
    with tempfile.TemporaryDirectory() as directory:
        trained = model_directory(QUICK if arguments.quick else Sizes(), Path(directory) / "model")
        version = export_saved_model(trained, Path(directory) / "exported", n_best=1)
        times = _median(repeats, REPLY, str(version))
    yield {"what": "SavedModel: load", "seconds": times["load"]}
    yield {
        "what": "SavedModel: first reply after that",
        "seconds": times["first"],
        "target": 1.0,
        "met": times["first"] < 1,
    }
    yield {"what": "SavedModel: a later reply", "seconds": times["later"]}


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the command; see `--help`."""
    run("start", __doc__, rows, argv=argv)


if __name__ == "__main__":
    main()
