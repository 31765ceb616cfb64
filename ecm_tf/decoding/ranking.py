"""Ranking of candidate replies."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import tensorflow as tf

from ecm_tf.config import SearchConfig
from ecm_tf.decoding.replies import Replies
from ecm_tf.layers.masking import IMPOSSIBLE
from ecm_tf.text.emotion_classifier import EmotionClassifier
from ecm_tf.text.vocabulary import EOS, PAD


class TextModel(Protocol):
    """What a ranking needs of `ecm_tf.inference.responder.Responder`."""

    @property
    def model(self) -> Any:
        """The `ECM`."""

    def texts(self, replies: Replies) -> tf.Tensor:
        """Returns replies as text, string of the shape of their lengths."""


_Criterion = Callable[[TextModel, tf.Tensor, Replies], tf.Tensor]


class Ranking:
    """Ranks candidates by a weighted sum of criteria, in nats. Its methods run inside graphs.

        rank = (log P(reply | post, emotion) - mmi_weight * log P(reply | emotion))
                   / words ** length_penalty
               + emotion_weight * log P(emotion | reply)

    The language model `P(reply | emotion)` is the model with an empty post; `P(emotion | reply)` is
    from the emotion classifier. The end token counts as a word.

    Args:
        config: settings of the criteria.

    Attributes:
        classifier: the emotion classifier that `config.rerank` names, or `None`.

    Raises:
        InputError: `config.rerank` is not a classifier directory.
    """

    def __init__(self, config: SearchConfig) -> None:
        self._length_penalty = config.length_penalty
        self.classifier: EmotionClassifier | None = None
        self._criteria: list[tuple[float, _Criterion]] = [(1.0, self._likelihood)]
        if config.mmi_weight:
            self._criteria.append((-config.mmi_weight, self._likelihood_without_post))
        if config.rerank:
            self.classifier = EmotionClassifier(Path(config.rerank))
            self._criteria.append((config.emotion_weight, self._emotion(self.classifier)))

    def best(
        self, responder: TextModel, emotion: tf.Tensor, candidates: Replies, number: int
    ) -> Replies:
        """Returns the `number` best candidates, best first.

        Candidates are sorted by class, then by rank within a class: first those with an end token,
        then those without, then duplicates, and last those that the search could not fill.

        Args:
            responder: the model and its text processing.
            emotion: int32 `(batch,)`, the requested emotions.
            candidates: replies of `(batch, candidates)`.
            number: number of replies to return, at most the number of candidates.

        Returns:
            Replies of `(batch, number)`.
        """
        rank = tf.add_n(
            [
                weight * criterion(responder, emotion, candidates)
                for weight, criterion in self._criteria
            ]
        )
        # Adding a large number for each class would erase the rank in float32.
        by_rank = tf.argsort(rank, direction="DESCENDING", stable=True)
        classes = tf.gather(_classes(candidates), by_rank, batch_dims=1)
        order = tf.gather(by_rank, tf.argsort(classes, stable=True), batch_dims=1)
        indices = order[:, :number]
        return Replies(*(tf.gather(entry, indices, batch_dims=1) for entry in candidates))

    def _per_length(self, nats: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        return nats / tf.cast(lengths + 1, tf.float32) ** self._length_penalty

    def _likelihood(
        self, responder: TextModel, emotion: tf.Tensor, candidates: Replies
    ) -> tf.Tensor:
        """Returns log P(reply | post, emotion), per length."""
        return self._per_length(candidates.scores, candidates.lengths)

    def _likelihood_without_post(
        self, responder: TextModel, emotion: tf.Tensor, candidates: Replies
    ) -> tf.Tensor:
        """Returns log P(reply | empty post, emotion), per length (MMI-antiLM; Li et al. 2016)."""
        number, longest = tf.shape(candidates.ids)[1], candidates.ids.shape[-1]
        ids = tf.reshape(candidates.ids, [-1, longest])
        end = tf.one_hot(tf.reshape(candidates.lengths, [-1]), longest, EOS, dtype=tf.int32)
        nll, _ = responder.model.reply_nll(
            {
                "post": tf.fill([tf.shape(ids)[0], responder.model.config.min_post_length], PAD),
                "response": ids + end,
                "emotion": tf.repeat(emotion, number),
            }
        )
        return self._per_length(-tf.reshape(nll, [-1, number]), candidates.lengths)

    def _emotion(self, classifier: EmotionClassifier) -> _Criterion:
        """Returns the criterion log P(emotion | reply) of the classifier."""

        def criterion(responder: TextModel, emotion: tf.Tensor, candidates: Replies) -> tf.Tensor:
            number = tf.shape(candidates.ids)[1]
            texts = tf.reshape(responder.texts(candidates), [-1])
            predicted = classifier.log_probabilities(texts)
            requested = tf.gather(predicted, tf.repeat(emotion, number), batch_dims=1)
            return tf.reshape(requested, [-1, number])

        return criterion


def _classes(candidates: Replies) -> tf.Tensor:
    """Returns the first sort key of candidates, lower is better: int32 `(batch, candidates)`."""
    ids, lengths, scores = candidates
    equal = tf.reduce_all(ids[:, :, None] == ids[:, None, :], axis=-1)
    earlier = tf.linalg.band_part(tf.ones_like(equal[0], tf.int32), -1, 0)
    earlier -= tf.eye(tf.shape(ids)[1], dtype=tf.int32)
    duplicate = tf.reduce_any(equal & (earlier == 1), axis=-1)
    # Beam search returns impossible hypotheses if there are fewer different replies than beams.
    flags = [lengths == ids.shape[-1], duplicate, scores <= IMPOSSIBLE / 2]
    return tf.add_n([2**bit * tf.cast(flag, tf.int32) for bit, flag in enumerate(flags)])
