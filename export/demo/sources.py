"""What answers behind the page: a model directory, a SavedModel or a server."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ecm_tf.config import SearchConfig
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import MANIFEST
from ecm_tf.inference.explanation import Explanation
from ecm_tf.text.emotions import DEFAULT, Emotion


@dataclass(frozen=True)
class Explained:
    """A reply with what went on inside.

    Attributes:
        emotion: that it was asked for in.
        text: the reply.
        score: log-probability of its words and its end, in nats.
        inside: what went on.
    """

    emotion: Emotion
    text: str
    score: float
    inside: Explanation


class Source(Protocol):
    """Answers a post in every emotion."""

    def answer(self, post: str) -> list[Explained]:
        """Replies, one an emotion, in the order of their ids.

        Raises:
            InputError: no answer; the message says why.
        """


def open_source(place: str, search: SearchConfig) -> Source:
    """Finds out what a place is.

    Args:
        place: `http://…`, `https://…` or `grpc://…`; a model directory; a SavedModel's version
            directory, or one that holds versions, of which the newest is taken.
        search: how a model directory finds replies; the others have it frozen in.

    Raises:
        InputError: none of these.
    """
    if "://" in place:
        return Server(place)
    path = Path(place)
    if (path / MANIFEST).is_file():
        return ModelDirectory(path, search)
    if (path / "saved_model.pb").is_file():
        return SavedModel(path)
    versions = [file.parent for file in path.glob("*/saved_model.pb") if file.parent.name.isdigit()]
    if versions:
        return SavedModel(max(versions, key=lambda version: int(version.name)))
    raise InputError(
        f"{place}: expected a model directory, a SavedModel or the address of a server, "
        "http://HOST:PORT or grpc://HOST:PORT."
    )


class ModelDirectory:
    """A model as `ecm_tf.train` left it.

    Args:
        train_dir: the directory.
        search: how replies are found.
    """

    def __init__(self, train_dir: Path, search: SearchConfig) -> None:
        import tensorflow as tf

        from ecm_tf.decoding.search import Search
        from ecm_tf.inference.responder import Responder
        from ecm_tf.model.directory import load_model
        from export.saved_model.signatures import signatures

        model, assets = load_model(train_dir)
        best = Search(search)
        function, inputs = signatures(Responder(model, assets), best, best)["explain"]
        self._explain = tf.function(function, input_signature=inputs)
        self._emotions = list(assets.emotions)

    def answer(self, post: str) -> list[Explained]:
        """See `Source`."""
        return _rows(self._explain, post, self._emotions)


class SavedModel:
    """A model as `export.saved_model` left it.

    Args:
        version: `BASE/<version>`.

    Raises:
        InputError: it was exported without what the page needs.
    """

    def __init__(self, version: Path) -> None:
        import tensorflow as tf
        import tensorflow_text  # noqa: F401  Its operations are inside the model.

        from export.saved_model.model_info import CARD

        signatures = tf.saved_model.load(str(version)).signatures
        if "explain" not in signatures or not (version / CARD).is_file():
            raise InputError(
                f"{version}: expected a signature `explain` and a model card; "
                "export the model again."
            )
        self._explain = signatures["explain"]
        card = json.loads((version / CARD).read_text(encoding="utf-8"))
        self._emotions = [Emotion(row["name"], row["chinese"]) for row in card["categories"]]

    def answer(self, post: str) -> list[Explained]:
        """See `Source`."""
        return _rows(self._explain, post, self._emotions)


class Server:
    """TF Serving, or `export.serve`.

    Args:
        address: as for `Client`.

    Raises:
        InputError: no server answers there.
    """

    def __init__(self, address: str) -> None:
        from export.client import Client

        self._client = Client(address)
        (replies,) = self._client.all_emotions([""])
        chinese = {emotion.name: emotion.chinese for emotion in DEFAULT}
        names = [reply.emotion for reply in replies]
        self._emotions = [Emotion(name, chinese.get(name, name)) for name in names]

    def answer(self, post: str) -> list[Explained]:
        """See `Source`."""
        names = [emotion.name for emotion in self._emotions]
        answers = self._client.explain([post] * len(names), names)
        return [
            Explained(emotion, reply.text, reply.score, inside)
            for emotion, (reply, inside) in zip(self._emotions, answers, strict=True)
        ]


def _rows(explain: Any, post: str, emotions: Sequence[Emotion]) -> list[Explained]:
    import tensorflow as tf

    names = [emotion.name for emotion in emotions]
    found = explain(post=tf.constant([post] * len(names)), emotion=tf.constant(names))
    arrays = {name: tensor.numpy() for name, tensor in found.items()}
    rows = [{name: array[row] for name, array in arrays.items()} for row in range(len(names))]
    return [
        Explained(emotion, row["response"].decode(), float(row["score"]), Explanation.of_row(row))
        for emotion, row in zip(emotions, rows, strict=True)
    ]
