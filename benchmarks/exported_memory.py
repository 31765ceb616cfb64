"""Peak memory of a call of a SavedModel that samples many candidates, beyond the loaded model.

The call of `all_emotions` decodes posts x categories x candidates hypotheses, in parts (see
`export.saved_model.parts`), so the memory should not grow with the number of posts. Each call runs
in a process of its own. The weights are random.
"""

import argparse
import multiprocessing
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import tensorflow as tf

from benchmarks.exported import texts
from benchmarks.models import QUICK, Sizes, model_directory
from benchmarks.report import Row, run
from ecm_tf.config import RERANKED, SearchConfig
from ecm_tf.core.memory import peak_memory_bytes
from export.saved_model.exporter import export_saved_model

POSTS = (1, 8, 32)
CANDIDATES = 16
TARGET_GB = 1.0


def peaks(version: str, sizes: Sizes) -> tuple[float, float]:
    """Returns the peak memory of this process with the loaded model, and after a call, in GB."""
    import tensorflow_text  # noqa: F401

    signature = tf.saved_model.load(version).signatures["all_emotions"]
    loaded = peak_memory_bytes() / 1e9
    signature(post=texts(sizes))
    return loaded, peak_memory_bytes() / 1e9


def rows(arguments: argparse.Namespace) -> Iterator[Row]:
    """Yields the rows of the table."""
    sizes = QUICK if arguments.quick else Sizes()
    settings: dict[str, Any] = RERANKED
    search = replace(SearchConfig(**settings), candidates=CANDIDATES)
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        trained = model_directory(sizes, directory / "model")
        version = export_saved_model(trained, directory / "saved_model", search=search, n_best=1)
        with ProcessPoolExecutor(1, mp_context=spawn, max_tasks_per_child=1) as processes:
            for posts in POSTS[:1] if arguments.quick else POSTS:
                batch = replace(sizes, batch=posts)
                loaded, after = processes.submit(peaks, str(version), batch).result()
                yield {
                    "posts": posts,
                    "categories": 6,
                    "candidates": CANDIDATES,
                    "words": sizes.vocabulary,
                    "loaded, GB": loaded,
                    "call, GB more": after - loaded,
                    "target": TARGET_GB,
                    "met": after - loaded <= TARGET_GB,
                }


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the command; see `--help`."""
    run("exported_memory", __doc__, rows, argv=argv)


if __name__ == "__main__":
    main()
