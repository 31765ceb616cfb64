"""The inference graph: tokenizer, model, search and detokenizer."""

from typing import NamedTuple

import tensorflow as tf

from ecm_tf.core.errors import InputError
from ecm_tf.decoding import Replies, block_words, block_words_automaton
from ecm_tf.decoding.search import Search
from ecm_tf.model import ECM
from ecm_tf.text.assets import TextAssets
from ecm_tf.text.processor import TextProcessor


class Answers(NamedTuple):
    """Replies as text."""

    texts: tf.Tensor
    """String `(batch, n_best)`, best first."""
    scores: tf.Tensor
    """Float32 `(batch, n_best)`: log-probability of the words and the end token, in nats."""


class Responder(tf.Module):
    """A model with its text processing, from raw posts to replies as text.

    Every method is graph code, to be used inside a `tf.function`.

    Args:
        model: computes in float32.
        assets: the model's text assets.
    """

    def __init__(self, model: ECM, assets: TextAssets) -> None:
        super().__init__()
        self.model = model
        self.text = TextProcessor(assets)
        self.emotions = assets.emotions
        self.categories = len(assets.emotions)

    def answer(self, posts: tf.Tensor, emotion: tf.Tensor, search: Search) -> Answers:
        """Replies to each post in its requested emotion.

        Args:
            posts: string `(batch,)`, any bytes.
            emotion: int32 `(batch,)`, in `[0, categories)`.
            search: the search.

        Returns:
            Texts and scores, `(batch, n_best)`.

        Raises:
            InputError: the classifier of the search has other categories than the model, or a
                blocked word has no tokens.
        """
        replies = self.replies(posts, emotion, search)
        return Answers(self.texts(replies), replies.scores)

    def replies(self, posts: tf.Tensor, emotion: tf.Tensor, search: Search) -> Replies:
        """Returns the replies of `answer` as token ids."""
        classifier = search.ranking.classifier
        if classifier and classifier.emotions != self.emotions:
            raise InputError(
                f"{search.config.rerank}: expected the model's categories, "
                f"{self.emotions.allowed}; got {classifier.emotions.allowed}."
            )
        step, state = self.model.prepare_decoding(self.post_ids(posts), emotion, search.rows)
        if search.block_words:
            automaton = block_words_automaton(search.block_words, self.text)
            step, state = block_words(step, state, automaton)
        keys = tf.strings.join([posts, tf.strings.as_string(emotion)], "|")
        found = search.candidates(step, state, self.model.config.max_response_length, keys)
        return search.best(self, emotion, found)

    def texts(self, replies: Replies) -> tf.Tensor:
        """Returns replies as text: string, in the shape of `replies.lengths`."""
        flat = tf.reshape(replies.ids, [-1, self.model.config.max_response_length])
        texts = self.text.response_text(flat, tf.reshape(replies.lengths, [-1]))
        return tf.reshape(texts, tf.shape(replies.lengths))

    def answer_all(self, posts: tf.Tensor, search: Search) -> Answers:
        """Replies to each post in every emotion.

        Args:
            posts: string `(batch,)`, any bytes.
            search: the search.

        Returns:
            Texts and scores, `(batch, categories, n_best)`.
        """
        batch = tf.shape(posts)[0]
        emotion = tf.tile(tf.range(self.categories), [batch])
        answers = self.answer(tf.repeat(posts, self.categories), emotion, search)
        shape = [batch, self.categories, search.n_best]
        return Answers(*(tf.reshape(entry, shape) for entry in answers))

    def post_ids(self, posts: tf.Tensor) -> tf.Tensor:
        """Returns token ids, cut and padded: string `(batch,)` → int32 `(batch, width)`."""
        config = self.model.config
        return self.text.post_matrix(posts, config.min_post_length, config.max_post_length)
