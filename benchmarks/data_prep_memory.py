"""Peak memory and speed of `data_prep build` for few and many pairs: memory must not grow.

    python benchmarks/data_prep_memory.py [--pairs 100000 1000000]

Prints a line for each size, and the ratio of the last peak to the first. The exit status is 1 if
the ratio exceeds 1.3.
"""

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

import psutil

from ecm_tf.core import command
from ecm_tf.core.arguments import Parser, positive_int

ALLOWED = 1.3
WHO = ["我", "你", "他", "我们", "妈妈", "老师", "同学", "邻居"]
WHEN = ["今天", "昨天", "明天", "周末", "刚才", "早上", "晚上", "去年"]
DOES = ["喜欢", "讨厌", "看见", "忘记", "想起", "买了", "丢了", "等着"]
WHAT = ["苹果", "电影", "作业", "雨伞", "公交车", "手机", "蛋糕", "小狗", "朋友", "天气"]
ENDS = ["。", "！", "？", "，真的。", "，好吧！", "，太好了。", "，怎么办？", "，哈哈！"]
SENTENCES = ["".join(words) for words in product(WHEN, WHO, DOES, WHAT, ENDS)]
"""40,960 sentences; a text is two of them, so that words repeat but texts hardly do."""


def write_pairs(path: Path, pairs: int) -> None:
    """Writes random pairs as JSON Lines; the same number gives the same pairs."""
    rng = random.Random(0)
    with path.open("w", encoding="utf-8") as file:
        for _ in range(pairs):
            post, response = ("".join(rng.choices(SENTENCES, k=2)) for _ in range(2))
            row = {"post": post, "response": response, "emotion": rng.randrange(6)}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


class Usage(NamedTuple):
    """What a command used.

    Attributes:
        alone: peak resident memory of its process, in bytes.
        largest: that of the largest of this process and its descendants.
        together: that of all of them together.
        seconds: duration.
    """

    alone: int
    largest: int
    together: int
    seconds: float


def peak_memory(arguments: list[str]) -> Usage:
    """Runs a command and returns its peak memory and its duration."""
    start = time.perf_counter()
    process = psutil.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    alone, largest, together = 0, 0, 0
    while process.poll() is None:
        try:
            own = process.memory_info().rss
            others = list(map(_rss, process.children(recursive=True)))
        except psutil.NoSuchProcess:
            continue  # The process ended after `poll`.
        alone = max(alone, own)
        largest = max(largest, own, *others)
        together = max(together, own + sum(others))
        time.sleep(0.05)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)}: exit status {process.returncode}")
    return Usage(alone, largest, together, time.perf_counter() - start)


def _rss(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.NoSuchProcess:
        return 0


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the command; see the module."""
    parser = Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=positive_int, nargs="+", default=[100_000, 1_000_000])
    peaks: list[tuple[int, int]] = []
    for pairs in parser.parse_args(argv).pairs:
        with tempfile.TemporaryDirectory() as directory:
            corpus, output = Path(directory) / "pairs.jsonl", Path(directory) / "dataset"
            write_pairs(corpus, pairs)
            build = [sys.executable, "-m", "data_prep", "build"]
            alone, _, together, seconds = peak_memory(
                [*build, "--train", str(corpus), "--output", str(output)]
            )
        peaks.append((alone, together))
        print(
            f"{pairs:>9,} pairs: peak {alone / 2**20:5.0f} MiB alone, {together / 2**20:5.0f} MiB "
            f"with workers, {seconds:.0f} s, {pairs / seconds:,.0f} pairs/s",
            flush=True,
        )
    alone_ratio, together_ratio = (
        last / first for first, last in zip(peaks[0], peaks[-1], strict=True)
    )
    print(f"last to first: {alone_ratio:.2f} alone, {together_ratio:.2f} with workers")
    sys.exit(max(alone_ratio, together_ratio) > ALLOWED)


if __name__ == "__main__":
    command.run(main)
