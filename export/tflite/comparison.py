"""Comparison of a model with the TensorFlow Lite files of every scheme."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from ecm_tf.core.errors import InputError
from ecm_tf.core.optional import require_extra
from ecm_tf.data.directory import DatasetDirectory
from ecm_tf.decoding.search import Search
from ecm_tf.evaluation.generation import generate_replies
from ecm_tf.evaluation.pairs import evaluation_pairs
from ecm_tf.inference.responder import Responder
from ecm_tf.model.directory import load_model
from ecm_tf.report.tables import markdown_table
from export.tflite.conversion import convert
from export.tflite.files import FILES, IDS, SCHEMES, TEXT, PostShape
from export.tflite.greedy import greedy_config
from export.tflite.text import check_text_settings


@dataclass(frozen=True)
class Measurement:
    """The measurements of one file.

    Attributes:
        name: scheme, file and shapes.
        size: size in bytes.
        load: seconds to load the file.
        seconds: median seconds to answer a post in all emotions, in one batch.
        memory: peak memory of a process that only runs the file, in bytes.
        agreement: share of replies that equal the model's, in [0, 1].
    """

    name: str
    size: int
    load: float
    seconds: float
    memory: int
    agreement: float


def compare(
    train_dir: Path, dataset: Path, split: str, posts: int, files: Collection[str] = FILES
) -> list[Measurement]:
    """Measures the files of every scheme, and compares their replies with the model's greedy ones.

    `ids.tflite` is measured with dynamic shapes, and with one fixed shape that answers a post of
    any length in all emotions.

    Args:
        train_dir: model directory.
        dataset: dataset directory with the posts.
        split: split of the dataset.
        posts: maximum number of posts: the first distinct ones, each in every emotion.
        files: the files to measure, of `export.tflite.files.FILES`.

    Returns:
        Measurements of each file.

    Raises:
        InputError: the model or dataset is missing, the split has no posts, `text.tflite` cannot
            process the model's text, or ai-edge-litert is not installed.
    """
    with require_extra("tflite"):
        import ai_edge_litert  # noqa: F401  The processes that measure need it.
    model, assets = load_model(train_dir)
    if TEXT in files:
        check_text_settings(assets)
    responder = Responder(model, assets)
    texts = evaluation_pairs(DatasetDirectory(dataset), split, posts).posts
    if not texts:
        raise InputError(f"{dataset}: expected pairs in the split {split}, got none.")
    expected = generate_replies(
        responder, texts, Search(greedy_config(train_dir)), progress="model"
    )
    ids = [responder.post_ids(tf.constant([text]))[0].numpy().tolist() for text in texts]
    inputs = {IDS: (ids, expected.ids), TEXT: (texts, np.array(expected.texts))}
    variants: list[tuple[str, Collection[str], PostShape | None]] = [("", files, None)]
    if IDS in files:
        all_emotions = PostShape(responder.categories, responder.model.config.max_post_length)
        variants.append((", fixed shapes", [IDS], all_emotions))
    measurements = []
    with tempfile.TemporaryDirectory() as temporary:
        for scheme, (label, names, shape) in product(SCHEMES, variants):
            directory = Path(temporary) / f"{scheme}{label}"
            convert(train_dir, directory, scheme, files=names, shape=shape)
            for name in names:
                measurements.append(
                    _measure(
                        f"{scheme}, {Path(name).stem}{label}",
                        directory / name,
                        *inputs[name],
                        responder.categories,
                    )
                )
    return measurements


def _measure(
    name: str, file: Path, posts: Sequence[Any], expected: np.ndarray, categories: int
) -> Measurement:
    """Measures a file in a process of its own, and compares its replies with the expected ones."""
    request = file.with_suffix(".json")
    request.write_text(json.dumps({"posts": posts, "categories": categories}), encoding="utf-8")
    process = subprocess.run(
        [sys.executable, "-m", "export.tflite.measurement", file, request],
        check=True,
        stdout=subprocess.PIPE,
    )
    result = json.loads(process.stdout)
    equal = np.array(result["replies"]) == expected
    return Measurement(
        name=name,
        size=file.stat().st_size,
        load=result["load"],
        seconds=result["seconds"],
        memory=result["memory"],
        agreement=float(np.mean(equal.reshape(*expected.shape[:2], -1).all(axis=-1))),
    )


def table(measurements: Sequence[Measurement]) -> str:
    """Returns the measurements as a Markdown table with one row per file."""
    header = ["file", "size", "load", "time per post", "memory", "same reply as the model"]
    return markdown_table(header, map(_row, measurements))


def _row(measurement: Measurement) -> list[str]:
    return [
        measurement.name,
        f"{measurement.size / 1e6:.1f} MB",
        f"{measurement.load * 1e3:.0f} ms",
        f"{measurement.seconds * 1e3:.2f} ms",
        f"{measurement.memory / 1e6:.0f} MB",
        f"{measurement.agreement:.2%}",
    ]
