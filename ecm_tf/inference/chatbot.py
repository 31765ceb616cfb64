"""The Python API: a trained model that replies to posts."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, overload

from ecm_tf.config import ModelConfig, SearchConfig, read_search_defaults, search_config
from ecm_tf.core.errors import InputError
from ecm_tf.core.released import model_directory
from ecm_tf.inference.batch_responder import BatchResponder
from ecm_tf.inference.explanation import Explanation
from ecm_tf.inference.reply import Reply
from ecm_tf.inference.requests import emotion_ids, given_replies, post_texts
from ecm_tf.inference.responder import Responder
from ecm_tf.inference.word_segmentation import as_segmented
from ecm_tf.model import ECM
from ecm_tf.model.directory import load_model
from ecm_tf.text.assets import TextAssets
from ecm_tf.text.emotions import AUTO, AUTO_ID, Emotions
from ecm_tf.text.segmenters import LANGUAGES

EmotionLike = str | int
"""An emotion's English name, Chinese name, alias or id (a number or its text); or auto."""

Texts = list[str] | tuple[str, ...]
EmotionLikes = list[str] | list[int] | list[str | int] | tuple[EmotionLike, ...]


def load(model: str | Path, **search: Any) -> "Chatbot":
    """Loads a trained model as a `Chatbot`.

    Args:
        model: a model directory, or the name of a released model, which ships with this package. A
            directory of the same name is given as `./NAME`.
        **search: settings of the search, by field name of `SearchConfig`, instead of the model's
            own; `rerank=None` and `block_words=None` switch its classifier and blocked words off.

    Raises:
        InputError: the directory is missing, unfinished, damaged or not a model directory, or a
            search setting is unknown or out of range.

    Examples:
        >>> bot = ecm_tf.load("build/demo/model", decoder="beam", beam_size=20)
    """
    directory = model_directory(model)
    ecm, assets = load_model(directory)
    return Chatbot(ecm, assets, read_search_defaults(directory), **search)


class Chatbot:
    """A trained model with its text processing.

    Every method takes one post, or a list of posts of any length. The graph of a search is compiled
    at its first use, which takes seconds, and reused by all later calls with the same settings.

    Search settings are keyword arguments named after the fields of `SearchConfig`. They override
    the defaults given to the constructor. `rerank="CLASSIFIER_DIRECTORY"` also sets the defaults
    that the command line sets with `--rerank`.

    Args:
        model: computes in float32.
        assets: the model's text assets.
        model_defaults: the model's own search settings, see `ecm_tf.config.search_config`.
        **search: defaults of the search, which override them.

    Attributes:
        model: the Keras model.
        config: its sizes and modules.
        emotions: its emotion categories, in the order of their ids.
        language: of its texts, `"zh"` or `"en"`; empty if it was trained on text split by spaces,
            which can be in any language.

    Raises:
        InputError: a search setting is unknown or out of range.

    Examples:
        >>> bot = ecm_tf.load("build/demo/model")
        >>> bot.reply("今天又加班到十点。", "angry").text
        '又加班，气死我了！'
        >>> [reply.emotion for reply in bot.replies("今天又加班到十点。")]
        ['other', 'like', 'sad', 'disgust', 'angry', 'happy']
    """

    def __init__(
        self,
        model: ECM,
        assets: TextAssets,
        model_defaults: Mapping[str, Any] | None = None,
        **search: Any,
    ) -> None:
        self.model = model
        self.config: ModelConfig = model.config
        self.emotions: Emotions = assets.emotions
        self.language = LANGUAGES[assets.segmenter]
        self._batches = BatchResponder(Responder(model, assets))
        self._segmenter = assets.segmenter
        self._model_defaults, self._defaults = model_defaults, search
        self._search({})

    def __repr__(self) -> str:
        return f"Chatbot(variant={self.config.variant!r}, emotions={self.emotions.names})"

    @overload
    def reply(
        self, posts: str, emotions: EmotionLike = AUTO, *, n_best: Literal[1] = 1, **search: Any
    ) -> Reply: ...

    @overload
    def reply(
        self, posts: str, emotions: EmotionLike = AUTO, *, n_best: int, **search: Any
    ) -> list[Reply]: ...

    @overload
    def reply(
        self,
        posts: Texts,
        emotions: EmotionLike | EmotionLikes = AUTO,
        *,
        n_best: Literal[1] = 1,
        **search: Any,
    ) -> list[Reply]: ...

    @overload
    def reply(
        self,
        posts: Texts,
        emotions: EmotionLike | EmotionLikes = AUTO,
        *,
        n_best: int,
        **search: Any,
    ) -> list[list[Reply]]: ...

    def reply(self, posts: Any, emotions: Any = AUTO, *, n_best: int = 1, **search: Any) -> Any:
        """Replies to posts in requested emotions, or in emotions that the model chooses.

        Args:
            posts: one post, or a list of posts; raw text or text split by spaces. Posts are cut to
                the maximum length of the model.
            emotions: the requested emotion: English name, Chinese name, alias or id; for a list of
                posts one emotion for all of them, or a list of the same length. "auto": the model
                chooses by P(emotion | post) and by its replies; it needs `predict_emotion`.
            n_best: number of replies to each post, at most the number that the search finds.
            **search: settings of the search, by field name of `SearchConfig`.

        Returns:
            The best `Reply` to the post, or a list of one `Reply` per post. With `n_best > 1` each
            of them is a list of `n_best` replies, best first. An empty list of posts gives `[]`.

        Raises:
            InputError: a post is not text, an emotion is unknown, the emotion is "auto" and the
                model cannot choose, the numbers of posts and emotions differ, or a search setting
                is unknown or out of range.

        Examples:
            >>> bot.reply(["你好", "我的钱包丢了"], ["like", "sad"], decoder="beam", n_best=3)
        """
        texts = self._texts(posts)
        ids = self._emotion_ids(emotions, posts, len(texts))
        rows = self._batches.replies(texts, ids, self._search(search), n_best)
        results = _best(rows, n_best)
        return results[0] if isinstance(posts, str) else results

    @overload
    def replies(self, posts: str, *, n_best: Literal[1] = 1, **search: Any) -> list[Reply]: ...

    @overload
    def replies(self, posts: str, *, n_best: int, **search: Any) -> list[list[Reply]]: ...

    @overload
    def replies(
        self, posts: Texts, *, n_best: Literal[1] = 1, **search: Any
    ) -> list[list[Reply]]: ...

    @overload
    def replies(self, posts: Texts, *, n_best: int, **search: Any) -> list[list[list[Reply]]]: ...

    def replies(self, posts: Any, *, n_best: int = 1, **search: Any) -> Any:
        """Replies to posts in every emotion.

        Args:
            posts: one post, or a list of posts, as for `reply`.
            n_best: number of replies to each post in each emotion.
            **search: settings of the search, by field name of `SearchConfig`.

        Returns:
            A list of one `Reply` per emotion, in the order of `emotions`; for a list of posts, a
            list of such lists. With `n_best > 1` each `Reply` becomes a list of `n_best` replies,
            best first.

        Raises:
            InputError: as for `reply`.
        """
        texts = self._texts(posts)
        count = len(self.emotions)
        rows = self._batches.replies(
            [text for text in texts for _ in range(count)],
            list(range(count)) * len(texts),
            self._search(search),
            n_best,
        )
        flat = _best(rows, n_best)
        results = [flat[start : start + count] for start in range(0, len(flat), count)]
        return results[0] if isinstance(posts, str) else results

    @overload
    def explain(
        self,
        posts: str,
        emotions: EmotionLike | None = None,
        *,
        replies: Reply | None = None,
        **search: Any,
    ) -> Explanation: ...

    @overload
    def explain(
        self,
        posts: Texts,
        emotions: EmotionLike | EmotionLikes | None = None,
        *,
        replies: Sequence[Reply] | None = None,
        **search: Any,
    ) -> list[Explanation]: ...

    def explain(
        self, posts: Any, emotions: Any = None, *, replies: Any = None, **search: Any
    ) -> Any:
        """Returns what the model computed at each word of a reply.

        Args:
            posts: one post, or a list of posts, as for `reply`.
            emotions: the requested emotions, as for `reply`; by default those of `replies`.
            replies: the reply to explain, one for each post, as `reply` and `replies` return them.
                By default, the best reply that the search finds; if it samples without a seed,
                that may differ from the reply of an earlier call.
            **search: settings of the search, if there are no `replies`.

        Returns:
            An `Explanation` for each post: attention over the post, gate of the external memory,
            norm of the internal memory and predicted probabilities of the emotions, as NumPy
            arrays.

        Raises:
            InputError: as for `reply`; or a reply has words that the model does not know.

        Examples:
            >>> reply = bot.reply("今天又加班到十点。", "angry")
            >>> bot.explain("今天又加班到十点。", replies=reply).attention.shape
            (8, 7)
        """
        texts = self._texts(posts)
        ids = [AUTO_ID] * len(texts)
        if emotions is not None:
            ids = self._emotion_ids(emotions, posts, len(texts))
        if replies is not None:
            given = given_replies(replies, posts, len(texts), search)
        elif emotions is not None:
            rows = self._batches.replies(texts, ids, self._search(search), 1)
            given = [row[0] for row in rows]
        else:
            raise InputError("emotions: expected an emotion or replies to explain, got neither.")
        ids = [
            self.emotions.id_of(reply.emotion) if id_ == AUTO_ID else id_
            for id_, reply in zip(ids, given, strict=True)
        ]
        results = self._batches.explanations(texts, ids, given)
        return results[0] if isinstance(posts, str) else results

    def _texts(self, posts: Any) -> list[str]:
        return as_segmented(post_texts(posts), self._segmenter)

    def _emotion_ids(self, emotions: Any, posts: Any, number: int) -> list[int]:
        auto = self.config.predict_emotion
        return emotion_ids(self.emotions, emotions, posts, number, auto=auto)

    def _search(self, settings: dict[str, Any]) -> SearchConfig:
        return search_config({**self._defaults, **settings}, self._model_defaults)


def _best(rows: list[list[Reply]], n_best: int) -> list[Any]:
    return [row[0] for row in rows] if n_best == 1 else rows
