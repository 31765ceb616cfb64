"""The inference graph: tokenizer, model, search and detokenizer."""

from typing import Any, NamedTuple

import tensorflow as tf

from ecm_tf.decoding import Replies, block_words, block_words_automaton
from ecm_tf.decoding.search import Search
from ecm_tf.inference.emotion_choice import choose_candidates, emotion_candidates
from ecm_tf.model import ECM
from ecm_tf.model.emotion_prediction import emotion_log_probs
from ecm_tf.text.assets import TextAssets
from ecm_tf.text.processor import TextProcessor


class Answers(NamedTuple):
    """Replies as text."""

    texts: tf.Tensor
    """String `(batch, n_best)`, best first."""
    scores: tf.Tensor
    """Float32 `(batch, n_best)`: log-probability of the words and the end token, in nats."""
    emotion: tf.Tensor
    """Int32 `(batch,)`: the requested emotion, or the chosen one."""


class Responder(tf.Module):
    """A model with its text processing, from raw posts to replies as text.

    Every method is graph code, to be used inside a `tf.function`.

    Args:
        model: computes in float32.
        assets: the model's text assets.

    Attributes:
        emotions, categories: the model's emotions, and their number.
        chooses_emotions: whether the emotion auto may be requested.
    """

    def __init__(self, model: ECM, assets: TextAssets) -> None:
        super().__init__()
        self.model = model
        self.text = TextProcessor(assets)
        self.emotions = assets.emotions
        self.categories = len(assets.emotions)
        self.chooses_emotions = model.config.predict_emotion

    def answer(self, posts: tf.Tensor, emotion: tf.Tensor, search: Search) -> Answers:
        """Replies to each post in its requested emotion, or in one that the model chooses.

        Args:
            posts: string `(batch,)`, any bytes.
            emotion: int32 `(batch,)`, in `[0, categories)`, or `AUTO_ID` if the model chooses
                emotions.
            search: the search.

        Returns:
            Texts and scores, `(batch, n_best)`, and emotions, `(batch,)`.

        Raises:
            InputError: the classifier of the search has other categories than the model, or a
                blocked word has no tokens.
        """
        replies, emotion = self.choose(posts, emotion, search)
        return Answers(self.texts(replies), replies.scores, emotion)

    def choose(
        self, posts: tf.Tensor, emotion: tf.Tensor, search: Search
    ) -> tuple[Replies, tf.Tensor]:
        """Returns the replies of `answer` as token ids, and their emotions.

        Only rows with `AUTO_ID` are decoded in every emotion.
        """
        if not self.chooses_emotions:
            return self.replies(posts, emotion, search), emotion
        candidates = emotion_candidates(emotion, self.categories)
        encoded = self.encode(posts)
        found = self._replies(
            tf.gather(posts, candidates.rows),
            _rows(encoded, candidates.rows),
            candidates.emotion,
            search,
        )
        log_probs = emotion_log_probs(self.model, _rows(encoded, candidates.auto_rows))
        chosen = choose_candidates(candidates, log_probs, found, search.config.auto_weight)
        replies = Replies(*(tf.gather(entry, chosen) for entry in found))
        return replies, tf.gather(candidates.emotion, chosen)

    def replies(self, posts: tf.Tensor, emotion: tf.Tensor, search: Search) -> Replies:
        """Returns the replies to posts in requested emotions as token ids, without auto."""
        return self._replies(posts, self.encode(posts), emotion, search)

    def _replies(
        self, posts: tf.Tensor, encoded: dict[str, Any], emotion: tf.Tensor, search: Search
    ) -> Replies:
        """Returns the replies to encoded posts."""
        search.check(self.model.config.max_response_length, self.emotions)
        step, state = self.model.prepare_decoding(encoded, emotion, search.rows)
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
            Texts and scores, `(batch, categories, n_best)`, and emotions, `(batch, categories)`.
        """
        batch = tf.shape(posts)[0]
        replies = self.replies_in_all_emotions(posts, search)
        shape = [batch, self.categories, search.n_best]
        texts, scores = tf.reshape(self.texts(replies), shape), tf.reshape(replies.scores, shape)
        emotion = tf.broadcast_to(tf.range(self.categories), shape[:2])
        return Answers(texts, scores, emotion)

    def replies_in_all_emotions(self, posts: tf.Tensor, search: Search) -> Replies:
        """Returns the replies to posts as token ids, `(batch * categories, n_best)`.

        The replies to a post are adjacent, in the order of the emotions.
        """
        batch = tf.shape(posts)[0]
        rows = tf.repeat(tf.range(batch), self.categories)
        emotion = tf.tile(tf.range(self.categories), [batch])
        encoded = _rows(self.encode(posts), rows)
        return self._replies(tf.gather(posts, rows), encoded, emotion, search)

    def emotion_ids(self, emotion: tf.Tensor) -> tf.Tensor:
        """Returns the ids of emotions given as text, `AUTO_ID` for auto.

        Args:
            emotion: string `(batch,)`: English or Chinese names, aliases, ids as text, or auto if
                the model chooses emotions.

        Raises:
            InvalidArgumentError: there is no such category; the message lists what is accepted.
        """
        return self.text.emotion_ids(emotion, auto=self.chooses_emotions)

    def emotion_log_probs(self, posts: tf.Tensor) -> tf.Tensor:
        """Returns log P(emotion | post): string `(batch,)` → float32 `(batch, categories)`."""
        return emotion_log_probs(self.model, self.encode(posts))

    def encode(self, posts: tf.Tensor) -> dict[str, Any]:
        """Returns the posts, string `(batch,)`, as the model's encoder returns them."""
        return self.model.encoder(self.post_ids(posts))

    def post_ids(self, posts: tf.Tensor) -> tf.Tensor:
        """Returns token ids, cut and padded: string `(batch,)` → int32 `(batch, width)`."""
        config = self.model.config
        return self.text.post_matrix(posts, config.min_post_length, config.max_post_length)


def _rows(encoded: dict[str, Any], rows: tf.Tensor) -> dict[str, Any]:
    """Returns rows of encoded posts."""
    return tf.nest.map_structure(lambda entry: tf.gather(entry, rows), encoded)
