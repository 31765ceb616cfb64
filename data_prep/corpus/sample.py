"""A small generated Chinese corpus, so that the program can be tried without a download.

The phrases are in `sample_phrases.toml`. Every post has one response in each of the six emotions,
taken from the replies that its topic lists for that emotion.
"""

import json
import random
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import chain, product, zip_longest
from pathlib import Path
from string import Formatter
from typing import Any

from ecm_tf.core.errors import InputError
from ecm_tf.core.files import reading, writing
from ecm_tf.text.emotions import DEFAULT

HELD_OUT_POST = "妹妹昨天抱回来一只小猫。"
"""The first post of `test`, whatever the seed."""

_POSTS_PER_PATTERN = 6
_HELD_OUT_PER_TOPIC = 2
"""Posts per topic in dev, and as many in test: 5–6 % of a topic with six patterns."""


@dataclass(frozen=True)
class Post:
    """A post with the data that its responses depend on.

    Attributes:
        text: the post.
        emotion: English name of the emotion of the post.
        noun: the topic noun in the post.
        replies: reply patterns of the topic by emotion name, with `{noun}` for the noun.
    """

    text: str
    emotion: str
    noun: str
    replies: Mapping[str, Sequence[str]]


def write_sample(output: Path, seed: int = 0, *, overwrite: bool = False) -> None:
    """Writes the corpus: `train.jsonl`, `dev.jsonl`, `test.jsonl` and `ememory.json`.

    Each line is an object with `post`, `response`, `emotion` and `post_emotion`; texts are not
    segmented. No post is in two splits, but train contains every pattern and noun of dev and test.
    `ememory.json` has a list of emotion words for each emotion id; the list of "other" is empty.

    Args:
        output: directory, created if missing.
        seed: random seed; the same seed gives the same bytes.
        overwrite: whether to replace existing files of these names with other content.

    Raises:
        InputError: `output` is a file, or there are such files without `overwrite`.
    """
    if output.exists() and not output.is_dir():
        raise InputError(f"{output}: expected a new directory, got a file.")
    phrases = load_phrases()
    rng = random.Random(seed)
    splits: dict[str, list[Post]] = {"train": [], "dev": [], "test": []}
    for topic in phrases["topic"]:
        posts = _topic_posts(topic, phrases["slots"], rng)
        splits["test"] += posts[:_HELD_OUT_PER_TOPIC]
        splits["dev"] += posts[_HELD_OUT_PER_TOPIC : 2 * _HELD_OUT_PER_TOPIC]
        splits["train"] += posts[2 * _HELD_OUT_PER_TOPIC :]
    splits["test"].sort(key=_is_not_held_out_post)
    files: dict[Path, list[Any]] = {}
    for name, posts in splits.items():
        records = [record for post in posts for record in _records(post, rng)]
        if name == "train":
            rng.shuffle(records)
        files[output / f"{name}.jsonl"] = records
    memory = [phrases["lexicon"][emotion] for emotion in DEFAULT.names]
    files[output / "ememory.json"] = [memory]
    contents = {
        path: "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()
        for path, lines in files.items()
    }
    for path, content in contents.items():
        if not overwrite and path.exists() and not _holds(path, content):
            raise InputError(
                f"{path}: expected no file, or the one that this command writes; --overwrite "
                "replaces it."
            )
    output.mkdir(parents=True, exist_ok=True)
    for path, content in contents.items():
        with writing(path):
            path.write_bytes(content)


def load_phrases() -> dict[str, Any]:
    """Returns the content of the phrase file, which documents its keys."""
    file = resources.files("data_prep.corpus").joinpath("sample_phrases.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _topic_posts(
    topic: Mapping[str, Any], slots: Mapping[str, Sequence[str]], rng: random.Random
) -> list[Post]:
    """Returns the posts of a topic, ordered so that the first posts have different patterns.

    The first posts go to dev and test, so no pattern loses all its posts to them.
    """
    columns = []
    for emotion, pattern in topic["posts"]:
        posts = [
            Post(text, emotion, noun, topic["replies"])
            for noun in topic["nouns"]
            for text in _fill(pattern, {**slots, **topic, "noun": [noun]})
        ]
        rng.shuffle(posts)
        posts.sort(key=_is_not_held_out_post)
        columns.append(posts[:_POSTS_PER_PATTERN])
    rng.shuffle(columns)
    columns.sort(key=lambda posts: _is_not_held_out_post(posts[0]))
    return [post for post in chain(*zip_longest(*columns)) if post is not None]


def _is_not_held_out_post(post: Post) -> bool:
    """Returns a sort key that puts `HELD_OUT_POST` first and keeps the order of the others."""
    return post.text != HELD_OUT_POST


def _fill(pattern: str, fillers: Mapping[str, Sequence[str]]) -> list[str]:
    """Returns the texts of a pattern with every combination of slot fillers."""
    names = [name for _, name, _, _ in Formatter().parse(pattern) if name]
    choices = product(*(fillers[name] for name in names))
    return [pattern.format(**dict(zip(names, choice, strict=True))) for choice in choices]


def _records(post: Post, rng: random.Random) -> list[dict[str, str]]:
    """Returns the post with one response in each emotion."""
    return [
        {
            "post": post.text,
            "response": rng.choice(post.replies[emotion]).format(noun=post.noun),
            "emotion": emotion,
            "post_emotion": post.emotion,
        }
        for emotion in DEFAULT.names
    ]


def _holds(path: Path, content: bytes) -> bool:
    with reading(path, "a file of the sample corpus"):
        return path.read_bytes() == content
