"""A model's replies to many posts, in every emotion."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from ecm_tf.decoding.search import Search
from ecm_tf.inference.responder import Responder

ROWS = 384
"""Hypotheses that are decoded together."""


@dataclass(frozen=True)
class Replies:
    """What a model says; P posts, E emotions.

    Attributes:
        texts: `[P][E]`, as they are shown.
        ids: int32 `(P, E, longest)`, words in the response vocabulary, then PAD.
        lengths: int32 `(P, E)`, in words.
        scores: float32 `(P, E)`, log-probability of the words and the end, in nats.
        seconds: how long decoding took, the compilation of the graph not counted.
    """

    texts: list[list[str]]
    ids: np.ndarray
    lengths: np.ndarray
    scores: np.ndarray
    seconds: float

    @property
    def number(self) -> int:
        """How many replies."""
        return self.lengths.size


def reply(
    responder: Responder, posts: Sequence[str], search: Search, progress: str | None = None
) -> Replies:
    """Answers posts in every emotion.

    Args:
        responder: the model.
        posts: raw texts, at least one.
        search: how replies are found; the best is taken.
        progress: what a progress bar on stderr calls this.
    """
    emotions, longest = responder.categories, responder.model.config.max_response_length

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def answer(batch: tf.Tensor) -> tuple[tf.Tensor, ...]:
        emotion = tf.tile(tf.range(emotions), [tf.shape(batch)[0]])
        replies = responder.replies(tf.repeat(batch, emotions), emotion, search)
        best = tf.nest.map_structure(lambda entry: entry[:, 0], replies)
        return responder.texts(best), *best

    answer(tf.constant([posts[0]]))
    order = sorted(range(len(posts)), key=lambda place: len(posts[place]))
    size = max(1, ROWS // (emotions * search.rows))
    texts: list[list[str]] = [[]] * len(posts)
    ids = np.empty([len(posts), emotions, longest], np.int32)
    lengths = np.empty([len(posts), emotions], np.int32)
    scores = np.empty([len(posts), emotions], np.float32)
    start = time.perf_counter()
    with tqdm(
        total=len(posts), desc=progress, unit=" posts", disable=progress is None or None
    ) as bar:
        for first in range(0, len(order), size):
            places = order[first : first + size]
            said, said_ids, said_lengths, said_scores = answer(
                tf.constant([posts[p] for p in places])
            )
            ids[places] = tf.reshape(said_ids, [len(places), emotions, longest]).numpy()
            lengths[places] = tf.reshape(said_lengths, [len(places), emotions]).numpy()
            scores[places] = tf.reshape(said_scores, [len(places), emotions]).numpy()
            rows = tf.reshape(said, [len(places), emotions]).numpy().tolist()
            for place, row in zip(places, rows, strict=True):
                texts[place] = [text.decode() for text in row]
            bar.update(len(places))
    return Replies(texts, ids, lengths, scores, time.perf_counter() - start)
