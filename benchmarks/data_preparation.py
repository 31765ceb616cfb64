"""Data preparation in pairs a second, and whether batches come faster than steps want them.

A generated corpus of raw Chinese; `words known` is the whole build less what jieba takes to propose
words, which a corpus needs once.
"""

import tempfile
import time
from pathlib import Path

from benchmarks.data_prep_memory import write_pairs
from benchmarks.models import QUICK, Sizes, model
from benchmarks.report import run
from benchmarks.timing import measure
from benchmarks.training_step import step_of
from data_prep.build import pipeline as building
from data_prep.build.pipeline import BuildSettings, DatasetSources
from ecm_tf.data.batches import training_batches

PAIRS = 200_000
TARGET = 20_000
TARGET_SHARE = 0.02


def rows(arguments):
    """The table."""
    pairs = 2_000 if arguments.quick else PAIRS
    sizes = QUICK if arguments.quick else Sizes()
    with tempfile.TemporaryDirectory() as place:
        corpus, output = Path(place) / "pairs.jsonl", Path(place) / "dataset"
        write_pairs(corpus, pairs)
        proposing = []
        learn = building.learn_tokenizer

        def timed(*given, **settings):
            start = time.perf_counter()
            model_ = learn(*given, **settings)
            proposing.append(time.perf_counter() - start)
            return model_

        building.learn_tokenizer = timed
        start = time.perf_counter()
        try:
            building.build_dataset(DatasetSources({"train": [corpus]}), BuildSettings(), output)
        finally:
            building.learn_tokenizer = learn
        whole = time.perf_counter() - start
        known = whole - proposing[0]
        yield {"what": "build", "seconds": whole, "pairs/s": pairs / whole}
        yield {
            "what": "build, words known",
            "seconds": known,
            "pairs/s": pairs / known,
            "compared": pairs / known,
            "target": TARGET,
            "met": pairs / known >= TARGET,
        }
        made = model(sizes)
        stream = training_batches(
            output, made.config, pairs=pairs, batch_size=sizes.batch, seed=0, epoch=0
        )
        batches = iter(stream)
        batch = next(batches)  # The shuffle buffer is filled by then.
        number = 10 if arguments.quick else 200
        start = time.perf_counter()
        for _ in range(number):
            next(batches)
        a_batch = (time.perf_counter() - start) / number
        step = measure({"step": step_of(made, batch)}, repeats=3)["step"].median
    share = a_batch / step
    yield {"what": f"a batch of {sizes.batch}", "seconds": a_batch}
    yield {"what": "a training step on such a batch", "seconds": step}
    yield {
        "what": "share of the input, were nothing done ahead",
        "compared": share,
        "target": TARGET_SHARE,
        "met": share < TARGET_SHARE,
    }


if __name__ == "__main__":
    run("data_preparation", __doc__, rows)
