"""A configured search for replies: a decoder of `ecm_tf.decoding`, and a ranking."""

import tensorflow as tf

from ecm_tf import decoding
from ecm_tf.config import SearchConfig
from ecm_tf.core.errors import InputError
from ecm_tf.decoding.blocked_words import read_block_words
from ecm_tf.decoding.ranking import Ranking, TextModel
from ecm_tf.decoding.replies import Replies, Step
from ecm_tf.text.emotions import Emotions


class Search:
    """Finds candidates for each post and selects the best. Its methods run inside graphs.

    Args:
        config: settings; None: the defaults (greedy search).
        n_best: number of replies for each post, from 1 to `config.num_candidates`.
        ranking: a `Ranking` of the same settings to share; None: a new one.

    Attributes:
        config: the settings.
        n_best: number of replies for each post.
        rows: number of adjacent rows that the decoder needs for each post.
        ranking: the ranking of the candidates.
        block_words: words that no reply may contain, as text; without any, nothing is blocked.

    Raises:
        InputError: `n_best` is out of range, `config.rerank` is not a classifier directory, or
            `config.block_words` has no words.
    """

    def __init__(
        self,
        config: SearchConfig | None = None,
        n_best: int = 1,
        ranking: Ranking | None = None,
    ) -> None:
        self.config = config or SearchConfig()
        if not isinstance(n_best, int) or not 1 <= n_best <= self.config.num_candidates:
            raise InputError(
                f"n_best: expected 1 to {self.config.num_candidates}, the number of candidates of "
                f"the search ({self.config.name}); got {n_best!r}."
            )
        self.n_best = n_best
        self.rows = self.config.num_candidates
        # Without reranking, beam search stops earlier if only the n best are requested.
        beam_alone = self.config.decoder == "beam" and not self.config.reranks
        self._num_candidates = n_best if beam_alone else self.config.num_candidates
        self.ranking = ranking or Ranking(self.config)
        blocked = self.config.block_words
        self.block_words = () if blocked is None else read_block_words(blocked)
        self._decode = {"greedy": self._greedy, "beam": self._beam, "sample": self._sample}[
            self.config.decoder
        ]

    def check(self, max_length: int, emotions: Emotions) -> None:
        """Checks that a model can use the search.

        Args:
            max_length: maximum number of words in a reply of the model.
            emotions: the model's categories.

        Raises:
            InputError: `config.min_length` is above `max_length`, or the classifier has other
                categories.
        """
        if self.config.min_length > max_length:
            raise InputError(
                f"min_length: expected at most {max_length}, the maximum number of words in a "
                f"reply of this model; got {self.config.min_length}."
            )
        classifier = self.ranking.classifier
        if classifier and classifier.emotions != emotions:
            raise InputError(
                f"{self.config.rerank}: expected the model's categories, {emotions.allowed}; got "
                f"{classifier.emotions.allowed}."
            )

    def candidates(
        self, step: Step, state: list[tf.Tensor], max_length: int, keys: tf.Tensor
    ) -> Replies:
        """Returns all candidates that the decoder finds.

        Args:
            step, state, max_length: as for `ecm_tf.decoding.decode_loop.decode`, with `rows` rows
                for each post.
            keys: string `(batch,)`; with a seed, the samples for a post depend on the seed and its
                key, not on other posts.

        Returns:
            Replies of `(batch, candidates)`, at least `n_best` for each post.
        """
        if self.config.no_repeat:
            step, state = decoding.block_repeated_ngrams(
                step, state, max_length, self.config.no_repeat
            )
        replies = self._decode(step, state, max_length, keys)
        return Replies(
            tf.reshape(replies.ids, [-1, self._num_candidates, max_length]),
            tf.reshape(replies.lengths, [-1, self._num_candidates]),
            tf.reshape(replies.scores, [-1, self._num_candidates]),
        )

    def best(self, responder: TextModel, emotion: tf.Tensor, candidates: Replies) -> Replies:
        """Returns the `n_best` best candidates, best first; see `Ranking.best`."""
        if self._num_candidates == 1:
            return candidates
        return self.ranking.best(responder, emotion, candidates, self.n_best)

    def _greedy(
        self, step: Step, state: list[tf.Tensor], max_length: int, keys: tf.Tensor
    ) -> Replies:
        return decoding.greedy_search(step, state, max_length, min_length=self.config.min_length)

    def _beam(
        self, step: Step, state: list[tf.Tensor], max_length: int, keys: tf.Tensor
    ) -> Replies:
        return decoding.beam_search(
            step,
            state,
            max_length,
            beams=self.config.beam_size,
            replies=self._num_candidates,
            groups=self.config.beam_groups,
            diversity=self.config.diversity,
            length_penalty=self.config.length_penalty,
            min_length=self.config.min_length,
        )

    def _sample(
        self, step: Step, state: list[tf.Tensor], max_length: int, keys: tf.Tensor
    ) -> Replies:
        # Without a seed, equal posts in a batch are answered independently too.
        row_keys = None if self.config.seed is None else self._row_keys(keys)
        return decoding.sample(
            step,
            state,
            max_length,
            temperature=self.config.temperature,
            top_k=self.config.top_k,
            top_p=self.config.top_p,
            seed=self.config.seed,
            min_length=self.config.min_length,
            keys=row_keys,
        )

    def _row_keys(self, keys: tf.Tensor) -> tf.Tensor:
        """Returns the keys of the rows of each post, string `(batch * rows,)`."""
        indices = tf.tile(tf.strings.as_string(tf.range(self.rows)), [tf.shape(keys)[0]])
        return tf.strings.join([tf.repeat(keys, self.rows), indices], "|")
