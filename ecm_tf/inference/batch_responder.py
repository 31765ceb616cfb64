"""Replies to any number of texts, and their explanations, as Python values."""

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ecm_tf.config import SearchConfig
from ecm_tf.core.errors import InputError
from ecm_tf.decoding.search import Search
from ecm_tf.inference.explanation import Explanation
from ecm_tf.inference.internals import explanation_tensors
from ecm_tf.inference.reply import Reply
from ecm_tf.inference.responder import Responder
from ecm_tf.text.batching import batches_by_length
from ecm_tf.text.emotions import AUTO_ID
from ecm_tf.text.normalization import text_tensor
from ecm_tf.text.vocabulary import PAD

MAX_HYPOTHESES = 384
"""Hypotheses that are decoded in one batch."""
MAX_GRAPHS = 16
"""Compiled searches that are kept; the least recently used one is dropped."""

_POSTS = tf.TensorSpec([None], tf.string)
_EMOTION_IDS = _LENGTHS = tf.TensorSpec([None], tf.int32)
_TOKEN_IDS = tf.TensorSpec([None, None], tf.int32)


class BatchResponder:
    """Runs a `Responder` on batches of similar length, with one compiled graph per search.

    Args:
        responder: the model with its text processing.
    """

    def __init__(self, responder: Responder) -> None:
        self._responder = responder
        response_words = responder.text.assets.response_words
        self._words = np.array(response_words, dtype=object)
        self._token_ids = {word: id_ for id_, word in enumerate(response_words)}
        self.graph = functools.lru_cache(MAX_GRAPHS)(self._graph)
        self._explain = tf.function(
            functools.partial(explanation_tensors, responder),
            input_signature=[_POSTS, _EMOTION_IDS, _TOKEN_IDS, _LENGTHS],
            autograph=False,
        )

    def _graph(self, config: SearchConfig, n_best: int) -> Callable[..., Any]:
        """Returns the search as a `tf.function`.

        Its arguments are posts and emotion ids; it returns texts, emotion ids and the `Replies`.
        """
        search = Search(config, n_best)
        search.check(self._responder.model.config.max_response_length, self._responder.emotions)

        def run(posts: tf.Tensor, emotion: tf.Tensor) -> tuple[tf.Tensor, ...]:
            replies, emotion = self._responder.choose(posts, emotion, search)
            return self._responder.texts(replies), emotion, *replies

        return tf.function(run, input_signature=[_POSTS, _EMOTION_IDS], autograph=False)

    def replies(
        self,
        posts: Sequence[str],
        emotion_ids: Sequence[int],
        config: SearchConfig,
        n_best: int,
    ) -> list[list[Reply]]:
        """Replies to each post in its requested emotion.

        Args:
            posts: raw texts, or texts split by spaces if the model's assets have no tokenizer.
            emotion_ids: category of each post, in `[0, categories)`, or `AUTO_ID` if the model
                chooses emotions.
            config: the search.
            n_best: number of replies to each post.

        Returns:
            For each post `n_best` replies, best first.

        Raises:
            InputError: the search finds fewer replies than `n_best`, or its classifier is missing
                or has other categories than the model.
        """
        run = self.graph(config, n_best)
        rows: list[list[Reply]] = [[] for _ in posts]
        for indices in self._batches(posts, emotion_ids, config.num_candidates):
            batch = [emotion_ids[index] for index in indices]
            tensors = run(
                text_tensor([posts[index] for index in indices]), tf.constant(batch, tf.int32)
            )
            texts, emotions, ids, lengths, scores = (tensor.numpy() for tensor in tensors)
            for row, index in enumerate(indices):
                rows[index] = [
                    Reply(
                        text=texts[row, rank].decode(),
                        score=float(scores[row, rank]),
                        emotion=self._responder.emotions[emotions[row]].name,
                        words=tuple(self._words[ids[row, rank, : lengths[row, rank]]]),
                    )
                    for rank in range(n_best)
                ]
        return rows

    def _batches(
        self, posts: Sequence[str], emotion_ids: Sequence[int], candidates: int
    ) -> Iterator[list[int]]:
        """Yields batches as indices; posts with auto, which are decoded in every emotion, apart."""
        for auto in (False, True):
            rows = [index for index, id_ in enumerate(emotion_ids) if (id_ == AUTO_ID) == auto]
            hypotheses = candidates * (self._responder.categories if auto else 1)
            texts = [posts[index] for index in rows]
            for batch in batches_by_length(texts, MAX_HYPOTHESES // hypotheses):
                yield [rows[index] for index in batch]

    def explanations(
        self, posts: Sequence[str], emotion_ids: Sequence[int], replies: Sequence[Reply]
    ) -> list[Explanation]:
        """Returns what the model computes at each word of given replies.

        Args:
            posts: as for `replies`.
            emotion_ids: category of each post, in `[0, categories)`.
            replies: one reply to each post; `Reply.words` is explained.

        Raises:
            InputError: a reply is longer than the model's replies, or has words that are not in its
                response vocabulary.
        """
        token_ids = np.full([len(posts), self._responder.model.config.max_response_length], PAD)
        for row, reply in zip(token_ids, replies, strict=True):
            row[: len(reply.words)] = self._ids_of(reply)
        rows: list[Any] = [None] * len(posts)
        for indices in batches_by_length(posts, MAX_HYPOTHESES):
            tensors = self._explain(
                text_tensor([posts[index] for index in indices]),
                tf.constant([emotion_ids[index] for index in indices], tf.int32),
                tf.constant(token_ids[indices], tf.int32),
                tf.constant([len(replies[index].words) for index in indices], tf.int32),
            )
            arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
            for row, index in enumerate(indices):
                values = {name: array[row] for name, array in arrays.items()}
                rows[index] = Explanation.of_row(values)
        return rows

    def _ids_of(self, reply: Reply) -> list[int]:
        ids = [self._token_ids.get(word, -1) for word in reply.words]
        too_long = len(ids) > self._responder.model.config.max_response_length
        if too_long or -1 in ids or (reply.text and not ids):
            raise InputError(
                f"replies: expected a reply of this model, got {reply.text!r} with words "
                f"{list(reply.words)}."
            )
        return ids
