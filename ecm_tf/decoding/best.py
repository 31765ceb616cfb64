"""The best of very many scores."""

import tensorflow as tf


def top_k(scores, k, block):
    """As `tf.math.top_k`, in two stages: the best blocks, then the best scores of these.

    The k best scores lie in the k blocks whose best score is best; finding a block's best is far
    cheaper than ranking its scores. Blocks are kept in order, so that of equal scores those at the
    lower places win, as they do there.

    Args:
        scores: `(rows, n)`, where `block` divides n.
        k: how many, at most n.
        block: scores of a block, at least 1.

    Returns:
        The scores, best first, and their places, int32, `(rows, k)` each.
    """
    rows = tf.shape(scores)[0]
    blocks = tf.reshape(scores, [rows, -1, block])
    number = tf.minimum(k, tf.shape(blocks)[1])
    _, chosen = tf.math.top_k(tf.reduce_max(blocks, axis=2), number)
    chosen = tf.sort(chosen, axis=1)
    candidates = tf.reshape(tf.gather(blocks, chosen, batch_dims=1), [rows, -1])
    best, among = tf.math.top_k(candidates, k)
    block_of = tf.gather(chosen, among // block, batch_dims=1)
    return best, block_of * block + among % block
