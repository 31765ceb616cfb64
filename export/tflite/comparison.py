"""Every file that can be made of a model, side by side with the model."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from ecm_tf.core.errors import InputError
from ecm_tf.data.directory import Dataset
from ecm_tf.decoding.search import Search
from ecm_tf.evaluation.generation import reply
from ecm_tf.evaluation.model_evaluation import evaluation_pairs
from ecm_tf.inference.responder import Responder
from ecm_tf.model.directory import load_model
from export.tflite.conversion import convert
from export.tflite.files import IDS, SCHEMES, TEXT


@dataclass(frozen=True)
class Figures:
    """What was measured of a file.

    Attributes:
        name: scheme and file.
        size: in bytes.
        load: seconds until it can answer.
        reply: seconds for one reply, the median.
        memory: peak of a process that only runs it, in bytes.
        agreement: share of replies that are the model's, whole.
    """

    name: str
    size: int
    load: float
    reply: float
    memory: int
    agreement: float


def compare(train_dir: Path, dataset: Path, split: str, posts: int) -> list[Figures]:
    """Measures both files under every scheme against the model's greedy replies.

    Args:
        train_dir: a model directory.
        dataset: where the posts are.
        split: of the dataset.
        posts: at most how many, the first different ones; each is answered in every emotion.

    Raises:
        InputError: no such model or dataset, or no posts.
    """
    responder = Responder(*load_model(train_dir))
    texts = evaluation_pairs(Dataset(dataset), split, posts).posts
    if not texts:
        raise InputError(f"{dataset}: expected pairs in {split}, got none.")
    expected = reply(responder, texts, Search(), progress="the model itself")
    ids = [responder.post_ids(tf.constant([text]))[0].numpy().tolist() for text in texts]
    figures = []
    with tempfile.TemporaryDirectory() as temporary:
        for scheme in SCHEMES:
            directory = convert(train_dir, Path(temporary) / scheme, scheme)
            for name, asked, wanted in (
                (IDS, ids, expected.ids),
                (TEXT, texts, np.array(expected.texts)),
            ):
                figures.append(_measured(directory / name, asked, wanted, responder.categories))
    return figures


def _measured(file: Path, posts: Sequence, wanted: np.ndarray, categories: int) -> Figures:
    asked = file.with_suffix(".json")
    asked.write_text(json.dumps({"posts": posts, "categories": categories}), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "export.tflite.measurement", file, asked],
        check=True,
        stdout=subprocess.PIPE,
    )
    found = json.loads(done.stdout)
    same = np.array(found["replies"]) == wanted
    return Figures(
        name=f"{file.parent.name}, {file.stem}",
        size=file.stat().st_size,
        load=found["load"],
        reply=found["reply"],
        memory=found["memory"],
        agreement=float(np.mean(same.reshape(*wanted.shape[:2], -1).all(axis=-1))),
    )


def table(figures: Sequence[Figures]) -> str:
    """A Markdown table, a row a file."""
    head = ["file", "size", "load", "a reply", "memory", "replies as the model's"]
    rows = [head, ["---", *["---:"] * (len(head) - 1)], *map(_row, figures)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(of: Figures) -> list[str]:
    return [
        of.name,
        f"{of.size / 1e6:.1f} MB",
        f"{of.load * 1e3:.0f} ms",
        f"{of.reply * 1e3:.2f} ms",
        f"{of.memory / 1e6:.0f} MB",
        f"{of.agreement:.2%}",
    ]
