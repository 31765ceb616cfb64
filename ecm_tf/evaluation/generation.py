"""A model's replies to many posts, in every emotion."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from ecm_tf.decoding.search import Search
from ecm_tf.inference.batch_responder import MAX_HYPOTHESES
from ecm_tf.inference.reply import Reply
from ecm_tf.inference.responder import Responder
from ecm_tf.text.batching import batches_by_length
from ecm_tf.text.emotions import Emotions


@dataclass(frozen=True)
class GeneratedReplies:
    """The best reply to each of P posts in each of E emotions.

    Attributes:
        texts: `[P][E]`.
        ids: int32 `(P, E, max_length)`, token ids in the response vocabulary, padded with PAD.
        lengths: int32 `(P, E)`, in words, without the end token.
        scores: float32 `(P, E)`, log-probability of the words and the end token, in nats.
        seconds: wall time of decoding, without the compilation of the graph.
    """

    texts: list[list[str]]
    ids: np.ndarray
    lengths: np.ndarray
    scores: np.ndarray
    seconds: float

    @property
    def number(self) -> int:
        """Number of replies."""
        return self.lengths.size

    def reply(
        self, post: int, emotion: int, emotions: Emotions, response_words: Sequence[str]
    ) -> Reply:
        """Returns the reply to a post in an emotion, both given by their indices."""
        ids = self.ids[post, emotion, : self.lengths[post, emotion]]
        return Reply(
            text=self.texts[post][emotion],
            score=float(self.scores[post, emotion]),
            emotion=emotions[emotion].name,
            words=tuple(response_words[id_] for id_ in ids),
        )


def generate_replies(
    responder: Responder, posts: Sequence[str], search: Search, progress: str | None = None
) -> GeneratedReplies:
    """Replies to posts in every emotion.

    Args:
        responder: the model with its text processing.
        posts: raw texts, at least one.
        search: the search; only its best reply is kept.
        progress: label of a progress bar on stderr; `None` shows none.
    """
    emotions, max_length = responder.categories, responder.model.config.max_response_length

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    def generate(batch: tf.Tensor) -> tuple[tf.Tensor, ...]:
        replies = responder.replies_in_all_emotions(batch, search)
        best = tf.nest.map_structure(lambda entry: entry[:, 0], replies)
        return responder.texts(best), *best

    generate(tf.constant([posts[0]]))  # compiles the graph
    texts: list[list[str]] = [[]] * len(posts)
    ids = np.empty([len(posts), emotions, max_length], np.int32)
    lengths = np.empty([len(posts), emotions], np.int32)
    scores = np.empty([len(posts), emotions], np.float32)
    start = time.perf_counter()
    with tqdm(
        total=len(posts), desc=progress, unit=" posts", disable=progress is None or None
    ) as bar:
        for indices in batches_by_length(posts, MAX_HYPOTHESES // (emotions * search.rows)):
            batch_texts, batch_ids, batch_lengths, batch_scores = (
                tensor.numpy() for tensor in generate(tf.constant([posts[i] for i in indices]))
            )
            ids[indices] = batch_ids.reshape([len(indices), emotions, max_length])
            lengths[indices] = batch_lengths.reshape([len(indices), emotions])
            scores[indices] = batch_scores.reshape([len(indices), emotions])
            rows = batch_texts.reshape([len(indices), emotions]).tolist()
            for index, row in zip(indices, rows, strict=True):
                texts[index] = [text.decode() for text in row]
            bar.update(len(indices))
    return GeneratedReplies(texts, ids, lengths, scores, time.perf_counter() - start)
