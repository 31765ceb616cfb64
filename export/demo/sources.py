"""Sources of the page's replies: a model directory, a SavedModel or a server."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import ecm_tf
from ecm_tf.config import search_of_flags
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import MANIFEST
from ecm_tf.inference.explanation import Explanation
from ecm_tf.inference.word_segmentation import is_split_chinese, split_into_words
from ecm_tf.text.emotions import DEFAULT, Emotion
from ecm_tf.text.segmenters import LANGUAGES
from export.version_directories import version_directories


@dataclass(frozen=True)
class Card:
    """Content of the card of one emotion: a reply and its explanation.

    Attributes:
        emotion: the requested emotion.
        text: the generated text.
        score: log-probability of its words and the end token, in nats.
        explanation: attention, emotion-word gate and internal memory while it was generated.
    """

    emotion: Emotion
    text: str
    score: float
    explanation: Explanation


class Source(Protocol):
    """Source of replies to a post in every emotion.

    Attributes:
        language: of the texts, `"zh"` or `"en"`; empty if it is unknown.
    """

    language: str

    def answer(self, post: str) -> list[Card]:
        """Returns one card per emotion, in the order of the emotion ids.

        Args:
            post: raw text.

        Raises:
            InputError: there is no reply; the message gives the reason.
        """


def open_source(location: str, search: Mapping[str, Any] | None = None) -> Source:
    """Returns the source at a location, whose kind it detects.

    Args:
        location: URL of a server, `http://…`, `https://…` or `grpc://…`; a model directory; a
            SavedModel version directory; or a directory of versions, of which the newest is used.
        search: search settings for a model directory, by field name of `SearchConfig`.

    Raises:
        InputError: the location is none of these; there are search settings for a SavedModel or a
            server, whose search was fixed at export; or the search does not use one of them.
    """
    path = Path(location)
    is_server = "://" in location
    if not is_server and (path / MANIFEST).is_file():
        search_of_flags(search or {}, path)  # refuses flags that the search does not use
        return ModelDirectorySource(path, search or {})
    if search and (is_server or path.is_dir()):
        raise InputError(
            f"{location}: expected a model directory with search flags such as --decoder; the "
            "search of a SavedModel or a server was fixed when the model was exported."
        )
    if is_server:
        return ServerSource(location)
    if (path / "saved_model.pb").is_file():
        return SavedModelSource(path)
    versions = version_directories(path)
    if versions:
        return SavedModelSource(versions[max(versions)])
    raise InputError(
        f"{location}: expected a model directory, a SavedModel or the address of a server, "
        "http://HOST:PORT or grpc://HOST:PORT."
    )


class ModelDirectorySource:
    """A trained model, from the directory that `ecm_tf.train` writes.

    Args:
        train_dir: model directory.
        search: search settings, by field name of `SearchConfig`.

    Raises:
        InputError: the model directory is missing or unfinished, or the search's classifier is.
    """

    def __init__(self, train_dir: Path, search: Mapping[str, Any]) -> None:
        self._bot = ecm_tf.load(train_dir, **search)
        self.language = self._bot.language
        # Compiles the graphs, and reports a missing classifier before the page opens.
        self.answer("")

    def answer(self, post: str) -> list[Card]:
        """Returns one card per emotion; see `Source.answer`."""
        replies = self._bot.replies(post)
        explanations = self._bot.explain([post] * len(replies), replies=replies)
        rows = zip(self._bot.emotions, replies, explanations, strict=True)
        return [
            Card(emotion, reply.text, reply.score, explanation)
            for emotion, reply, explanation in rows
        ]


class SavedModelSource:
    """An exported model, from a version directory that `export.saved_model` writes.

    Args:
        version_directory: `BASE/<version>`.

    Raises:
        InputError: the SavedModel lacks the signature `explain` or the description of the model.
    """

    def __init__(self, version_directory: Path) -> None:
        import tensorflow as tf
        import tensorflow_text  # noqa: F401  Registers operations that the SavedModel uses.

        from export.saved_model.model_info import expects_split_text, read_model_info

        info = read_model_info(version_directory)
        self.language = LANGUAGES.get(info.get("segmenter", ""), "")
        self._splits_posts = expects_split_text(info)
        signatures = tf.saved_model.load(str(version_directory)).signatures
        if "explain" not in signatures:
            raise InputError(
                f"{version_directory}: expected a signature `explain`, got {sorted(signatures)}; "
                "export the model again."
            )
        self._explain = signatures["explain"]
        self._emotions = [Emotion(row["name"], row["chinese"]) for row in info["categories"]]

    def answer(self, post: str) -> list[Card]:
        """Returns one card per emotion; see `Source.answer`."""
        if self._splits_posts:
            post = split_into_words(post)
        return _cards(self._explain, post, self._emotions)


class ServerSource:
    """A model that TF Serving or `export.serve` serves.

    Posts are split into words once a reply has shown that the model was trained on split text: the
    server does not say so, and no other model puts spaces between Chinese words. Nor does it say
    in which language its model was trained.

    Args:
        address: as for `export.client.Client`.

    Raises:
        InputError: the server does not respond.
    """

    language = ""

    def __init__(self, address: str) -> None:
        from export.client import Client

        self._client = Client(address)
        (replies,) = self._client.all_emotions([""])
        chinese = {emotion.name: emotion.chinese for emotion in DEFAULT}
        names = [reply.emotion for reply in replies]
        self._splits_posts = any(is_split_chinese(reply.text) for reply in replies)
        self._emotions = [Emotion(name, chinese.get(name, name)) for name in names]

    def answer(self, post: str) -> list[Card]:
        """Returns one card per emotion; see `Source.answer`."""
        names = [emotion.name for emotion in self._emotions]
        answers = self._client.explain([self._split(post)] * len(names), names)
        if not self._splits_posts and any(is_split_chinese(reply.text) for reply, _ in answers):
            self._splits_posts = True
            answers = self._client.explain([self._split(post)] * len(names), names)
        return [
            Card(emotion, reply.text, reply.score, explanation)
            for emotion, (reply, explanation) in zip(self._emotions, answers, strict=True)
        ]

    def _split(self, post: str) -> str:
        return split_into_words(post) if self._splits_posts else post


def _cards(explain: Any, post: str, emotions: Sequence[Emotion]) -> list[Card]:
    """Calls the signature `explain` with one row per emotion."""
    from ecm_tf.text.normalization import text_tensor

    names = [emotion.name for emotion in emotions]
    outputs = explain(post=text_tensor([post] * len(names)), emotion=text_tensor(names))
    arrays = {name: tensor.numpy() for name, tensor in outputs.items()}
    rows = [{name: array[row] for name, array in arrays.items()} for row in range(len(names))]
    return [
        Card(emotion, row["response"].decode(), float(row["score"]), Explanation.of_row(row))
        for emotion, row in zip(emotions, rows, strict=True)
    ]
