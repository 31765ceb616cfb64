"""The original program's beam search in NumPy, with or without its fault.

In the original, hidden states and contexts follow their parent beam, but the internal memory stays
at the beam's index. From the third step on, a hypothesis may therefore continue with the memory of
another one.
"""

import numpy as np
import tensorflow as tf

from ecm_tf.model import ECM
from ecm_tf.text.vocabulary import EOS, GO


def beam_search(
    model: ECM,
    post: tf.Tensor,
    emotion: tf.Tensor,
    *,
    steps: int,
    beams: int,
    masked_ids: tuple[int, ...],
    memory_follows_parent: bool,
) -> list[list[tuple[float, list[int]]]]:
    """Returns `(score, ids without EOS)` of every finished hypothesis of each post, best first.

    Args:
        model: the port with the original's weights.
        post: int32 `(batch, post_length)`.
        emotion: int32 `(batch,)`.
        steps: expansions; a hypothesis has at most `steps - 1` words.
        beams: beam size.
        masked_ids: ids that are masked.
        memory_follows_parent: False reproduces the fault of the original.
    """
    batch = len(post)
    step, state = model.prepare_decoding(model.encoder(post), emotion, beams=beams)
    tokens = np.full([batch, beams], GO, "int32")
    # All beams are equal at the first step, so only one of them may be expanded.
    scores = np.where(np.arange(beams) == 0, 0.0, -np.inf) + np.zeros([batch, 1])
    hypotheses: list[list[list[int]]] = [[[] for _ in range(beams)] for _ in range(batch)]
    finished: list[list[tuple[float, list[int]]]] = [[] for _ in range(batch)]
    for _ in range(steps):
        log_probs, state = step(tf.reshape(tokens, [-1]), state)
        log_probs = log_probs.numpy().astype(float).reshape(batch, beams, -1)
        log_probs[:, :, list(masked_ids)] = -np.inf
        totals = (scores[:, :, None] + log_probs).reshape(batch, -1)
        candidates = np.argsort(-totals, axis=1, kind="stable")[:, : 2 * beams]
        parents = np.zeros([batch, beams], int)
        for row in range(batch):
            survivors = []
            for parent, token in zip(*np.divmod(candidates[row], log_probs.shape[2]), strict=True):
                score = totals[row, parent * log_probs.shape[2] + token]
                words = hypotheses[row][parent]
                if token != EOS:
                    survivors.append((score, parent, int(token), [*words, int(token)]))
                elif np.isfinite(score):
                    finished[row].append((float(score), words))
            scores[row], parents[row], tokens[row], hypotheses[row] = map(
                list, zip(*survivors[:beams], strict=True)
            )
        rows = (np.arange(batch)[:, None] * beams + parents).reshape(-1)
        # The internal memory is the entry before the last (see `Decoder`).
        state = [
            entry
            if model.config.use_imemory and index == len(state) - 2 and not memory_follows_parent
            else tf.gather(entry, rows)
            for index, entry in enumerate(state)
        ]
    return [sorted(pairs, key=lambda pair: -pair[0]) for pairs in finished]
