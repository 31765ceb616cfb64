"""A step function with pseudo-random distributions that depend on all previous words.

Its state has one float `(rows, 1)` that identifies the prefix and one that identifies the example.
A search that loses a state, or gathers the state of the wrong parent, gets other numbers.
"""

from functools import cache
from itertools import product

import numpy as np
import tensorflow as tf

WORDS, END = 6, 2
MASKED = (0, 1, 3)
ALLOWED = (4, 5)


def start(examples, beams=1):
    """Returns the state before the first step, for examples of the given numbers."""
    rows = np.repeat(np.asarray(examples, "float32"), beams)[:, None]
    return [tf.zeros([len(rows), 1]), tf.constant(rows)]


def step(words, state):
    """Returns log-probabilities from a hash of the example and the words so far."""
    history, example = state
    # The first word is GO (3); base 7 keeps every prefix apart, exactly in float32.
    history = history * 7.0 + tf.cast(words, tf.float32)[:, None]
    column = tf.range(1.0, WORDS + 1.0)[None, :]
    noise = tf.sin(history * 12.9898 + column * 78.233 + example * 37.719) * 43.7585
    logits = 3.0 * (noise - tf.floor(noise))
    return tf.nn.log_softmax(logits), [history, example]


@cache
def _step_after(example, words):
    """Returns log-probabilities and state after the given words."""
    state = _step_after(example, words[:-1])[1] if words else start([example])
    return step(tf.constant([words[-1] if words else 3]), state)


@cache
def log_probs(example, words):
    """Returns the distribution after the given words."""
    return _step_after(example, tuple(words))[0][0].numpy()


class Exhaustive:
    """All possible replies to one example, best first."""

    def __init__(self, example, max_length):
        tables = {
            words: log_probs(example, words)
            for length in range(max_length + 1)
            for words in product(ALLOWED, repeat=length)
        }

        def score(words):
            return sum(float(tables[words[:t]][word]) for t, word in enumerate(words))

        self.tables = tables
        self.finished = sorted(
            (
                (score(words) + float(tables[words][END]), words)
                for words in tables
                if len(words) < max_length
            ),
            reverse=True,
        )
        self.unfinished = sorted(
            ((score(words), words) for words in tables if len(words) == max_length), reverse=True
        )


def greedy_reply(example, max_length):
    """Returns score and words of the reply with the most probable word at every step."""
    words, score = (), 0.0
    while len(words) < max_length:
        table = log_probs(example, words)
        best = max((END, *ALLOWED), key=lambda word: table[word])
        score += float(table[best])
        if best == END:
            break
        words += (best,)
    return score, words


def words_of(replies, *index):
    """Returns the words of one reply, and checks that only padding follows them."""
    ids, length = replies.ids.numpy()[index], int(replies.lengths.numpy()[index])
    assert (ids[length:] == 0).all()
    return tuple(int(id_) for id_ in ids[:length])
