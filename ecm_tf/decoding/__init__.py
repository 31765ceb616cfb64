"""Searches over a step function: they know nothing of models."""

from ecm_tf.decoding.beam import beam_search
from ecm_tf.decoding.greedy import greedy_search
from ecm_tf.decoding.repetition import without_repeats
from ecm_tf.decoding.replies import Replies
from ecm_tf.decoding.sampling import sample

__all__ = ["Replies", "beam_search", "greedy_search", "sample", "without_repeats"]
