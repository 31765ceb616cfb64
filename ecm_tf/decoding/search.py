"""A search for replies: a decoder of `ecm_tf.decoding` with its settings, and a ranking."""

import tensorflow as tf

from ecm_tf import decoding
from ecm_tf.config import SearchConfig
from ecm_tf.core.errors import InputError
from ecm_tf.decoding.ranking import Ranking


class Search:
    """Finds candidates and keeps the best. Graph code.

    Args:
        config: how.
        n_best: how many replies to keep for each post, at least 1.
        ranking: one that was made from the same settings already.

    Attributes:
        rows: rows that the decoder wants for each post, next to each other.
        ranking: what chooses among several candidates.

    Raises:
        InputError: more replies wanted than are found; no such classifier.
    """

    def __init__(
        self,
        config: SearchConfig | None = None,
        n_best: int = 1,
        ranking: Ranking | None = None,
    ) -> None:
        self.config = config or SearchConfig()
        if not 1 <= n_best <= self.config.num_candidates:
            raise InputError(
                f"n_best: expected 1 to {self.config.num_candidates}, the replies that the search "
                f"({self.config.name}) finds; got {n_best}."
            )
        self.n_best = n_best
        self.rows = self.config.num_candidates
        # A beam search that knows how few are wanted ends sooner.
        beam_alone = self.config.decoder == "beam" and not self.config.reranks
        self._found = n_best if beam_alone else self.config.num_candidates
        self.ranking = ranking or Ranking(self.config)
        self._decode = {"greedy": self._greedy, "beam": self._beam, "sample": self._sample}[
            self.config.decoder
        ]

    def candidates(self, step, state, max_length, keys):
        """All that the decoder finds.

        Args:
            step, state, max_length: as for `ecm_tf.decoding`, `rows` rows for each post.
            keys: string `(batch,)`: with a seed, what is drawn depends on the seed and these, not
                on the posts beside it.

        Returns:
            `Replies` of `(batch, candidates)`, at least `n_best`.
        """
        if self.config.no_repeat:
            step, state = decoding.without_repeats(step, state, max_length, self.config.no_repeat)
        found = self._decode(step, state, max_length, keys)
        return decoding.Replies(
            tf.reshape(found.ids, [-1, self._found, max_length]),
            tf.reshape(found.lengths, [-1, self._found]),
            tf.reshape(found.scores, [-1, self._found]),
        )

    def best(self, responder, emotion, candidates):
        """The `n_best` best candidates, best first; see `Ranking.best`."""
        if self._found == 1:
            return candidates
        return self.ranking.best(responder, emotion, candidates, self.n_best)

    def _greedy(self, step, state, max_length, keys):
        return decoding.greedy_search(step, state, max_length)

    def _beam(self, step, state, max_length, keys):
        return decoding.beam_search(
            step,
            state,
            max_length,
            beams=self.config.beam_size,
            replies=self._found,
            groups=self.config.beam_groups,
            diversity=self.config.diversity,
            length_penalty=self.config.length_penalty,
        )

    def _sample(self, step, state, max_length, keys):
        numbers = tf.tile(tf.strings.as_string(tf.range(self.rows)), [tf.shape(keys)[0]])
        return decoding.sample(
            step,
            state,
            max_length,
            temperature=self.config.temperature,
            top_k=self.config.top_k,
            top_p=self.config.top_p,
            seed=self.config.seed,
            keys=tf.strings.join([tf.repeat(keys, self.rows), numbers], "|"),
        )
