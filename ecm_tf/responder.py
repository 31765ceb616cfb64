"""Raw posts in, replies out: tokenizer, model, search and detokenizer as one graph."""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from ecm_tf import decoding
from ecm_tf.model import ECM
from ecm_tf.text import TextAssets, TextProcessor


class Answers(NamedTuple):
    """Replies as text; beam search adds a dimension of hypotheses, best first."""

    texts: tf.Tensor
    """String `(batch,)`."""
    scores: tf.Tensor
    """Float32 `(batch,)`: log-probability of the reply and its end, in nats."""


class Search(NamedTuple):
    """A search of `ecm_tf.decoding` with its settings."""

    run: Callable[..., decoding.Replies]
    """`run(step, state, max_length)`."""
    beams: int = 1
    """Rows that the search wants for each example."""

    @classmethod
    def greedy(cls) -> "Search":
        """The most probable word at every step."""
        return cls(decoding.greedy_search)

    @classmethod
    def beam(cls, beams: int, replies: int = 1, length_penalty: float = 0.0) -> "Search":
        """The `replies` best of a beam search; see `ecm_tf.decoding.beam_search`."""

        def run(step, state, max_length):
            return decoding.beam_search(
                step,
                state,
                max_length,
                beams=beams,
                replies=replies,
                length_penalty=length_penalty,
            )

        return cls(run, beams)

    @classmethod
    def sampling(cls, **settings) -> "Search":
        """Drawn words; the settings are those of `ecm_tf.decoding.sample`."""

        def run(step, state, max_length):
            return decoding.sample(step, state, max_length, **settings)

        return cls(run)


class Responder(tf.Module):
    """A model with its text processing. Every method is graph code, fit for `tf.function`.

    Args:
        model: computes in float32.
        assets: the model's text assets.
    """

    def __init__(self, model: ECM, assets: TextAssets) -> None:
        super().__init__()
        self.model = model
        self.text = TextProcessor(assets)
        self.categories = len(assets.emotions)

    def answer(self, posts: tf.Tensor, emotion: tf.Tensor, search: Search) -> Answers:
        """Answers each post in an emotion.

        Args:
            posts: string `(batch,)`, any bytes.
            emotion: int32 `(batch,)`, in `[0, categories)`.
            search: how words are chosen.

        Returns:
            Texts and scores, `(batch,)`; with beam search `(batch, replies)`.
        """
        replies = self.replies(posts, emotion, search)
        return Answers(self.texts(replies), replies.scores)

    def replies(self, posts: tf.Tensor, emotion: tf.Tensor, search: Search) -> decoding.Replies:
        """As `answer`, but in word ids."""
        step, state = self.model.begin(self.post_ids(posts), emotion, search.beams)
        return search.run(step, state, self.model.config.max_response_length)

    def texts(self, replies: decoding.Replies) -> tf.Tensor:
        """Replies as text, string of the shape of their lengths."""
        flat = tf.reshape(replies.ids, [-1, self.model.config.max_response_length])
        texts = self.text.response_text(flat, tf.reshape(replies.lengths, [-1]))
        return tf.reshape(texts, tf.shape(replies.lengths))

    def answer_all(self, posts: tf.Tensor, search: Search) -> Answers:
        """Answers each post in every emotion.

        Args:
            posts: string `(batch,)`, any bytes.
            search: how words are chosen.

        Returns:
            Texts and scores, `(batch, categories)`; with beam search `(batch, categories,
            replies)`.
        """
        batch = tf.shape(posts)[0]
        emotion = tf.tile(tf.range(self.categories), [batch])
        answers = self.answer(tf.repeat(posts, self.categories), emotion, search)
        shape = tf.concat([[batch, self.categories], tf.shape(answers.scores)[1:]], 0)
        return Answers(*(tf.reshape(entry, shape) for entry in answers))

    def post_ids(self, posts: tf.Tensor) -> tf.Tensor:
        """String `(batch,)` → int32 `(batch, length)`, cut and padded as the model wants it."""
        config = self.model.config
        ids = self.text.post_ids(posts)[:, : config.max_post_length]
        if config.mask_padding:
            # At least one position, so that attention has something to look at.
            width = tf.maximum(tf.cast(ids.bounding_shape(axis=1), tf.int32), 1)
        else:
            width = config.max_post_length
        return ids.to_tensor(shape=tf.stack([-1, width]))
