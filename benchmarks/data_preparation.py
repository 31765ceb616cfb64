"""Speed of data preparation, in pairs per second, and of the input pipeline against training.

The corpus is generated raw Chinese. "build without jieba" excludes the time that jieba takes to
propose the vocabulary, which is needed once per corpus.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.data_prep_memory import write_pairs
from benchmarks.models import QUICK, Sizes, model
from benchmarks.report import Row, run
from benchmarks.timing import measure
from benchmarks.training_step import step_of
from data_prep.build import pipeline as building
from data_prep.build.settings import BuildSettings
from data_prep.build.sources import DatasetSources
from ecm_tf.data.batches import training_batches

PAIRS = 200_000
TARGET = 20_000
TARGET_SHARE = 0.02


def rows(arguments: argparse.Namespace) -> Iterator[Row]:
    """Yields the rows of the table."""
    pairs = 2_000 if arguments.quick else PAIRS
    sizes = QUICK if arguments.quick else Sizes()
    with tempfile.TemporaryDirectory() as place:
        corpus, output = Path(place) / "pairs.jsonl", Path(place) / "dataset"
        write_pairs(corpus, pairs)
        learning: list[float] = []
        learn_tokenizer = building.learn_tokenizer

        def timed(*args: Any, **kwargs: Any) -> Any:
            start = time.perf_counter()
            result = learn_tokenizer(*args, **kwargs)
            learning.append(time.perf_counter() - start)
            return result

        with mock.patch.object(building, "learn_tokenizer", timed):
            start = time.perf_counter()
            building.build_dataset(DatasetSources({"train": [corpus]}), BuildSettings(), output)
            whole = time.perf_counter() - start
        without_jieba = whole - learning[0]
        yield {"what": "build", "seconds": whole, "pairs/s": pairs / whole}
        yield {
            "what": "build without jieba",
            "seconds": without_jieba,
            "pairs/s": pairs / without_jieba,
            "compared": pairs / without_jieba,
            "target": TARGET,
            "met": pairs / without_jieba >= TARGET,
        }
        ecm = model(sizes)
        stream = training_batches(
            output, ecm.config, pairs=pairs, batch_size=sizes.batch, seed=0, epoch=0
        )
        batches = iter(stream)
        batch = next(batches)  # This fills the shuffle buffer.
        number = 10 if arguments.quick else 200
        start = time.perf_counter()
        for _ in range(number):
            next(batches)
        seconds_per_batch = (time.perf_counter() - start) / number
        step = measure({"step": step_of(ecm, batch)}, repeats=3)["step"].median
    share = seconds_per_batch / step
    yield {"what": f"a batch of {sizes.batch}", "seconds": seconds_per_batch}
    yield {"what": "a training step on this batch", "seconds": step}
    yield {
        "what": "input pipeline / training step, without prefetching",
        "compared": share,
        "target": TARGET_SHARE,
        "met": share < TARGET_SHARE,
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the command; see `--help`."""
    run("data_preparation", __doc__, rows, argv=argv)


if __name__ == "__main__":
    main()
