"""The key of a blinded sheet: which row is the reply of which system."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from ecm_tf.core.errors import InputError
from ecm_tf.core.files import read_text
from ecm_tf.core.manifest import write_atomically

Replies = Sequence[Sequence[str]]
"""`[post][emotion]`."""


@dataclass(frozen=True)
class Row:
    """A reply to be judged.

    Attributes:
        post: index of the post.
        emotion: index of the requested emotion.
        reply: the text.
        systems: indices of the systems that gave this reply.
    """

    post: int
    emotion: int
    reply: str
    systems: list[int]


@dataclass(frozen=True)
class Key:
    """The content of an evaluation: rows in the order of the sheet, with their systems.

    Attributes:
        systems: names of the systems.
        posts: the posts.
        emotions: names of the requested emotions.
        rows: each system has one row for each post and emotion.
    """

    systems: list[str]
    posts: list[str]
    emotions: list[str]
    rows: list[Row]
    kind: Literal["human evaluation key"] = "human evaluation key"

    @property
    def run(self) -> str:
        """Eight hexadecimal digits that identify the content."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:8]

    @property
    def ids(self) -> list[str]:
        """The identifier of each row: the run and the position in the sheet."""
        run = self.run
        return [f"{run}-{number:04d}" for number in range(1, len(self.rows) + 1)]

    def save(self, path: Path) -> None:
        """Writes the key as JSON."""
        content = json.dumps({"run": self.run, **asdict(self)}, ensure_ascii=False, indent=1)
        write_atomically(path, content + "\n")

    @classmethod
    def load(cls, path: Path) -> "Key":
        """Reads a key.

        Raises:
            InputError: the file is not a key, or it was changed.
        """
        expected = "a key, written by `ecm_tf.evaluate sheet`"
        text = read_text(path, expected)
        try:
            key = msgspec.json.decode(text, type=cls)
        except msgspec.DecodeError as error:
            raise InputError(f"{path}: expected {expected}; {error}.") from error
        if (run := json.loads(text).get("run")) != key.run:
            raise InputError(f"{path}: expected the unmodified key {run}, got changed content.")
        return key


def blind(
    replies: Mapping[str, Replies], posts: Sequence[str], emotions: Sequence[str], seed: int
) -> Key:
    """Returns the rows of a sheet in random order.

    Equal replies of several systems to one post in one emotion share a row, so that they are judged
    once and alike.

    Args:
        replies: `[post][emotion]` replies by the name of the system.
        posts, emotions: texts of the posts, and names of the emotions.
        seed: random seed of the order.
    """
    systems: dict[tuple[int, int, str], list[int]] = {}
    for system, texts in enumerate(replies.values()):
        for post in range(len(posts)):
            for emotion in range(len(emotions)):
                systems.setdefault((post, emotion, texts[post][emotion]), []).append(system)
    # Sorted, so that the order tells nothing about the order of the systems.
    rows = [Row(*place, systems[place]) for place in sorted(systems)]
    order = np.random.default_rng(seed).permutation(len(rows)).tolist()
    return Key(list(replies), list(posts), list(emotions), [rows[place] for place in order])
