"""Decoding: searches over a step function, which do not depend on the model."""

from ecm_tf.decoding.beam import beam_search
from ecm_tf.decoding.blocked_words import block_words, block_words_automaton
from ecm_tf.decoding.greedy import greedy_search
from ecm_tf.decoding.repetition import block_repeated_ngrams
from ecm_tf.decoding.replies import Replies
from ecm_tf.decoding.sampling import sample

__all__ = [
    "Replies",
    "beam_search",
    "block_repeated_ngrams",
    "block_words",
    "block_words_automaton",
    "greedy_search",
    "sample",
]
