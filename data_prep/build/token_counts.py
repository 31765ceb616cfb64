"""Corpus → tokenizer and token counts: what words there are."""

from collections import Counter
from collections.abc import Iterator

import tensorflow as tf

from data_prep.build import counting, segmentation
from data_prep.corpus.staging import Spools
from ecm_tf.text.normalization import normalize
from ecm_tf.text.tokenizers import Tokenizer


def learn_tokenizer(spools: Spools, *, size: int, normalize_digits: bool, workers: int) -> bytes:
    """A unigram model of the words that jieba finds in the training texts.

    Args:
        spools: where the texts are.
        size: how many words it shall know, beside single characters.
        normalize_digits: whether every digit is 0.
        workers: processes that run jieba.
    """

    def texts(row: dict[str, tf.Tensor]) -> tf.Tensor:
        return normalize(tf.concat([row["post"], row["response"]], 0), digits=normalize_digits)

    def chunks() -> Iterator[list[bytes]]:
        for batch in spools.batches("train", "segmenting", texts):
            yield batch.tolist()

    counts, characters = segmentation.count_corpus(chunks(), workers=workers)
    pieces = segmentation.choose_pieces(counts, characters, size)
    return segmentation.unigram_model(pieces, characters)


def count_tokens(
    spools: Spools, tokenizer: Tokenizer, *, normalize_digits: bool
) -> dict[str, Counter[str]]:
    """Counts the tokens of the training texts.

    Returns:
        The counts of `post` and of `response`.
    """

    def tokens(row: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return {
            side: tokenizer.tokenize(normalize(row[side], digits=normalize_digits)).flat_values
            for side in ("post", "response")
        }

    counts: dict[str, Counter[bytes]] = {"post": Counter(), "response": Counter()}
    for batch in spools.batches("train", "counting", tokens):
        for side, words in batch.items():
            counting.add(counts[side], words.tolist())
    return {
        side: Counter({word.decode(): count for word, count in words.items()})
        for side, words in counts.items()
    }
