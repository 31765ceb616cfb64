"""Data preparation of many pairs on one machine and on Ray: speed, memory, and a cost model.

The corpus is generated: words of jieba's dictionary, drawn by their frequency, in `--shards` files.
`build` runs on all pairs and `label`, with a released classifier, on a fiftieth of them, each once
without Ray and once on a Ray with two workers. The outputs must have the same bytes. "Largest
process" is the peak resident memory of the largest of all processes of a command, Ray's included.

The cost model is `seconds = pairs × (parallel / workers + serial)`. `parallel` is the CPU time per
pair of all tasks, measured on a tenth of the pairs; `serial` is the CPU time per pair in which the
command's process receives and merges their results. What does not grow with the pairs, some minutes
at most, is left out, and so is waiting for the file system: the last column is the rate at which it
must read and write to keep up.
"""

import argparse
import filecmp
import json
import pickle
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path

import jieba

from benchmarks.data_prep_memory import peak_memory
from benchmarks.report import Row, run
from data_prep.build.pipeline import build_dataset
from data_prep.build.settings import BuildSettings
from data_prep.build.sources import DatasetSources
from data_prep.execution.executor import Advance, Result, Shard
from data_prep.labelling.pipeline import label_corpus
from data_prep.labelling.settings import LabelSettings
from ecm_tf.core.arguments import positive_int
from ecm_tf.text.emotion_classifier import EmotionClassifier

WORKERS = 2
LABELLED_SHARE = 1 / 50
PROFILED_SHARE = 1 / 10
MODELLED_PAIRS, MODELLED_WORKERS = 10**9, (8, 64, 512)
WORDS_PER_TEXT = (4, 14)
BYTES_PER_BYTE = {"build": 8, "label": 5}
"""Bytes that a command reads and writes for each byte of its corpus, roughly.

`build` reads the corpus twice (digest, pairs), writes staging files of about its size and reads
them three times, and writes records and reads them for their digests. `label` reads the corpus
twice, and writes the labels, reads them and appends them to the output.
"""


def _flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pairs", type=positive_int, default=1_000_000)
    parser.add_argument("--shards", type=positive_int, default=10)
    parser.add_argument("--classifier", type=Path, default=Path("ecm_tf/pretrained/zh/classifier"))


def write_shards(directory: Path, pairs: int, shards: int) -> None:
    """Writes random pairs as JSON Lines; the same numbers give the same pairs."""
    directory.mkdir()
    with jieba.get_dict_file() as file:
        entries = [line.decode().split(" ")[:2] for line in file]
    words = [word for word, _ in entries]
    weights = list(accumulate(int(count) for _, count in entries))
    rng = random.Random(0)

    def text() -> str:
        number = rng.randint(*WORDS_PER_TEXT)
        return "".join(rng.choices(words, cum_weights=weights, k=number)) + rng.choice("。！？")

    for shard in range(shards):
        with (directory / f"{shard:05d}.jsonl").open("w", encoding="utf-8") as file_:
            for _ in range(pairs // shards + (shard < pairs % shards)):
                row = {"post": text(), "response": text(), "emotion": rng.randrange(6)}
                file_.write(json.dumps(row, ensure_ascii=False) + "\n")


class Profile:
    """An executor that measures CPU time; it runs tasks one after another in this process.

    Attributes:
        parallel: seconds of the tasks.
        serial: seconds in which their results were received and merged.
    """

    workers = threads = 1

    def __init__(self) -> None:
        self.parallel = self.serial = 0.0

    def map(
        self,
        make: Callable[[], Callable[[Shard, Advance], Result]],
        shards: Sequence[Shard],
        advance: Advance,
    ) -> Iterator[Result]:
        """See `data_prep.execution.executor.Executor.map`."""
        task = make()
        for shard in shards:
            clock = time.process_time()
            sent = pickle.dumps(task(shard, advance))
            finished = time.process_time()
            self.parallel += finished - clock
            yield pickle.loads(sent)
            self.serial += time.process_time() - finished


def same_content(one: Path, other: Path) -> bool:
    """Tells whether two files, or the files of two directories, have the same bytes."""
    if one.is_file():
        return filecmp.cmp(one, other, shallow=False)
    names = sorted(str(path.relative_to(one)) for path in one.rglob("*") if path.is_file())
    others = sorted(str(path.relative_to(other)) for path in other.rglob("*") if path.is_file())
    return names == others and not any(filecmp.cmpfiles(one, other, names, shallow=False)[1:])


def compare(command: str, flags: list[str], pairs: int, place: Path) -> Iterator[Row]:
    """Runs a command in one process and on Ray, and compares the outputs."""
    outputs = {"one machine": [], f"Ray, {WORKERS} workers": ["--ray_address", "local"]}
    for name, ray in outputs.items():
        workers = ["--workers", str(WORKERS)] if command == "build" else []
        parts = ["data_prep", command, *flags, "--output", str(place / f"{command} {name}")]
        usage = peak_memory([sys.executable, "-m", *parts, *workers, *ray])
        yield {
            "what": f"{command}, {name}",
            "pairs": pairs,
            "seconds": usage.seconds,
            "pairs/s": pairs / usage.seconds,
            "largest process, MiB": usage.largest / 2**20,
        }
    one, other = (place / f"{command} {name}" for name in outputs)
    yield {
        "what": f"{command}: output of Ray",
        "target": "same bytes",
        "met": same_content(one, other),
    }


def cost_model(command: str, pairs: int, profile: Profile, size: int) -> Iterator[Row]:
    """Yields the costs per pair and the predicted durations for `MODELLED_PAIRS`.

    Args:
        command: name of the command.
        pairs: number of pairs that were profiled.
        profile: the profile of the command.
        size: size of the corpus, in bytes.
    """
    parallel, serial = profile.parallel / pairs, profile.serial / pairs
    yield {"what": f"{command}: parallel", "CPU µs/pair": parallel * 1e6}
    yield {"what": f"{command}: serial", "CPU µs/pair": serial * 1e6}
    for workers in MODELLED_WORKERS:
        seconds = MODELLED_PAIRS * (parallel / workers + serial)
        transferred = BYTES_PER_BYTE[command] * size / pairs * MODELLED_PAIRS
        yield {
            "what": f"model: {command}, {workers} workers",
            "pairs": MODELLED_PAIRS,
            "seconds": seconds,
            "pairs/s": MODELLED_PAIRS / seconds,
            "file system, MB/s": transferred / seconds / 1e6,
        }


def rows(arguments: argparse.Namespace) -> Iterator[Row]:
    """Yields the rows of the table."""
    pairs = 600 if arguments.quick else arguments.pairs
    shards = 3 if arguments.quick else arguments.shards
    labelled, profiled_pairs = (
        max(60, int(pairs * share)) for share in (LABELLED_SHARE, PROFILED_SHARE)
    )
    classifier = EmotionClassifier(arguments.classifier)
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        corpora = {name: place / name for name in ("build", "label", "profile")}
        for corpus, number in zip(corpora.values(), (pairs, labelled, profiled_pairs), strict=True):
            write_shards(corpus, number, shards)
        yield from compare("build", ["--train", str(corpora["build"])], pairs, place)
        flags = ["--input", str(corpora["label"]), "--classifier", str(arguments.classifier)]
        yield from compare("label", flags, labelled, place)

        sources = sorted(corpora["profile"].iterdir())
        size = sum(source.stat().st_size for source in sources)
        profile = Profile()
        build_dataset(
            DatasetSources({"train": sources}),
            BuildSettings(),
            place / "profiled",
            executor=profile,
        )
        yield from cost_model("build", profiled_pairs, profile, size)
        sources = sorted(corpora["label"].iterdir())
        size = sum(source.stat().st_size for source in sources)
        profile = Profile()
        label_corpus(
            lambda: classifier,
            classifier.emotions,
            sources,
            place / "profiled.jsonl",
            LabelSettings(),
            classifier_digest="",
            executor=profile,
        )
        yield from cost_model("label", labelled, profile, size)


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the command; see `--help`."""
    run("data_preparation_scaling", __doc__, rows, _flags, argv)


if __name__ == "__main__":
    main()
