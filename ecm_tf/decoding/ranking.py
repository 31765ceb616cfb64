"""What makes one of several replies to a post the best."""

from pathlib import Path

import tensorflow as tf

from ecm_tf.config import SearchConfig
from ecm_tf.decoding import Replies
from ecm_tf.text.emotion_classifier import EmotionClassifier
from ecm_tf.text.vocabulary import EOS, PAD

UNFINISHED, REPEATED = -1e20, -1e25
"""What did not end ranks behind all that did; what was found twice behind that."""


class Ranking:
    """Ranks candidates by the sum of some criteria, in nats. Graph code.

    A criterion is `criterion(responder, emotion, candidates)`: the `Responder`, int32 `(batch,)`
    and `Replies` of `(batch, candidates)`; it gives float32 `(batch, candidates)`.

    Args:
        config: which criteria.

    Attributes:
        classifier: the one that `config.rerank` names, or `None`.

    Raises:
        InputError: `config.rerank` is no classifier directory.
    """

    def __init__(self, config: SearchConfig) -> None:
        self._length_penalty = config.length_penalty
        self.classifier = EmotionClassifier(Path(config.rerank)) if config.rerank else None
        self._criteria = [(1.0, self._likelihood)]
        if config.mmi_weight:
            self._criteria.append((-config.mmi_weight, self._likelihood_without_post))
        if self.classifier:
            self._criteria.append((config.emotion_weight, self._emotion))

    def best(self, responder, emotion, candidates, number):
        """The `number` best candidates, best first.

        Candidates that did not end stand behind those that did, and repeated ones at the end.

        Args:
            responder: a `Responder`.
            emotion: int32 `(batch,)`.
            candidates: `Replies` of `(batch, candidates)`.
            number: at most as many as there are candidates.

        Returns:
            `Replies` of `(batch, number)`.
        """
        rank = tf.add_n(
            [
                weight * criterion(responder, emotion, candidates)
                for weight, criterion in self._criteria
            ]
        )
        ids = candidates.ids
        rank += tf.where(candidates.lengths == ids.shape[-1], UNFINISHED, 0.0)
        same = tf.reduce_all(ids[:, :, None] == ids[:, None, :], axis=-1)
        before = tf.linalg.band_part(tf.ones_like(same[0], tf.int32), -1, 0)
        before -= tf.eye(tf.shape(ids)[1], dtype=tf.int32)
        rank += tf.where(tf.reduce_any(same & (before == 1), axis=-1), REPEATED, 0.0)
        _, places = tf.math.top_k(rank, number)
        return Replies(*(tf.gather(entry, places, batch_dims=1) for entry in candidates))

    def _per_length(self, nats, lengths):
        return nats / tf.cast(lengths + 1, tf.float32) ** self._length_penalty

    def _likelihood(self, responder, emotion, candidates):
        """Log P(reply | post, emotion)."""
        return self._per_length(candidates.scores, candidates.lengths)

    def _likelihood_without_post(self, responder, emotion, candidates):
        """Log P(reply | emotion), of a post without words (MMI-antiLM; Li et al. 2016)."""
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

    def _emotion(self, responder, emotion, candidates):
        """Log P(emotion | reply), as the classifier hears it."""
        number = tf.shape(candidates.ids)[1]
        texts = tf.reshape(responder.texts(candidates), [-1])
        heard = self.classifier.log_probabilities(texts)
        own = tf.gather(heard, tf.repeat(emotion, number), batch_dims=1)
        return tf.reshape(own, [-1, number])
