"""A step function with random tables whose distribution depends on all words said so far.

Its state is one float `(rows, 1)` that identifies the prefix and `(rows, 1)` that identifies the
example, so that a search which loses a state, or follows the wrong parent, gets other numbers.
"""

from itertools import product

import numpy as np
import tensorflow as tf

WORDS, END = 6, 2
NEVER = (0, 1, 3)
SAYABLE = (4, 5)


def start(examples, beams=1):
    """The state before the first step, for the examples of the given numbers."""
    rows = np.repeat(np.asarray(examples, "float32"), beams)[:, None]
    return [tf.zeros([len(rows), 1]), tf.constant(rows)]


def step(words, state):
    """Log-probabilities from a hash of the example and the words so far."""
    history, example = state
    # The first call says GO (3); base 7 keeps every prefix apart, exactly in float32.
    history = history * 7.0 + tf.cast(words, tf.float32)[:, None]
    column = tf.range(1.0, WORDS + 1.0)[None, :]
    noise = tf.sin(history * 12.9898 + column * 78.233 + example * 37.719) * 43.7585
    logits = 3.0 * (noise - tf.floor(noise))
    return tf.nn.log_softmax(logits), [history, example]


def log_probs(example, words):
    """Distribution after the given words."""
    state = start([example])
    for word in (3, *words):
        result, state = step(tf.constant([word]), state)
    return result[0].numpy()


class Exhaustive:
    """Every reply of one example, best first."""

    def __init__(self, example, max_length):
        tables = {
            words: log_probs(example, words)
            for length in range(max_length + 1)
            for words in product(SAYABLE, repeat=length)
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
    """The most probable word at every step: score and words."""
    words, score = (), 0.0
    while len(words) < max_length:
        table = log_probs(example, words)
        best = max((END, *SAYABLE), key=lambda word: table[word])
        score += float(table[best])
        if best == END:
            break
        words += (best,)
    return score, words


def words_of(replies, *index):
    """The words of one reply, and a check that nothing follows them."""
    ids, length = replies.ids.numpy()[index], int(replies.lengths.numpy()[index])
    assert (ids[length:] == 0).all()
    return tuple(int(id_) for id_ in ids[:length])
