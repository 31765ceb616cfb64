"""Greedy search with operations that TensorFlow Lite supports, for the exported files."""

from pathlib import Path
from typing import Any

import tensorflow as tf

from ecm_tf.config import SearchConfig, read_search_defaults, search_config
from ecm_tf.decoding import (
    Replies,
    block_repeated_ngrams,
    block_words_automaton,
    greedy_search,
)
from ecm_tf.decoding.blocked_words import read_block_words
from ecm_tf.model import ECM
from ecm_tf.model.directory import load_model
from ecm_tf.model.recurrence import scan_without_arrays
from ecm_tf.text.assets import TextAssets
from ecm_tf.text.processor import TextProcessor
from export.tflite.blocked_words import block_words
from export.tflite.perturbed_search import perturbed_greedy_search


def greedy_config(train_dir: Path) -> SearchConfig:
    """Returns greedy search with a model's own blocked words, repeats and minimum length.

    Raises:
        InputError: the model directory is unfinished, or its settings are invalid.
    """
    return search_config({"decoder": "greedy"}, read_search_defaults(train_dir))


class GreedyReplies:
    """A model with greedy search.

    Args:
        train_dir: model directory.

    Attributes:
        model: the model.
        assets: its text assets.

    Raises:
        InputError: the model directory is missing or unfinished, or a blocked word has no tokens.
    """

    def __init__(self, train_dir: Path) -> None:
        self.model: ECM
        self.assets: TextAssets
        self.model, self.assets = load_model(train_dir)
        self._search = greedy_config(train_dir)
        blocked = self._search.block_words
        self._automaton = blocked and block_words_automaton(
            read_block_words(blocked), TextProcessor(self.assets)
        )

    def encode(self, post: tf.Tensor) -> dict[str, Any]:
        """Returns posts, token ids int32 `(batch, length)` padded with PAD, as encoded."""
        return self.model.encoder(post, scan=scan_without_arrays)

    def __call__(
        self, encoded: dict[str, Any], emotion: tf.Tensor, noise: tf.Tensor | None = None
    ) -> Replies:
        """Returns a reply to each post.

        Args:
            encoded: the posts, from `encode`.
            emotion: requested emotion ids, int32 `(batch,)`.
            noise: float32 `(vocabulary,)`, as for `perturbed_greedy_search`; None: greedy search.
        """
        step, state = self.model.prepare_decoding(encoded, emotion)
        max_length = self.model.config.max_response_length
        if self._automaton:
            step, state = block_words(step, state, self._automaton)
        if self._search.no_repeat:
            step, state = block_repeated_ngrams(step, state, max_length, self._search.no_repeat)
        min_length = self._search.min_length
        if noise is None:
            return greedy_search(step, state, max_length, min_length=min_length)
        return perturbed_greedy_search(step, state, max_length, noise, min_length=min_length)
