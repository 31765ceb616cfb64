"""The tokenizer of a corpus, and the token counts from which vocabularies are made."""

from collections import Counter
from collections.abc import Callable, Iterator

import tensorflow as tf

from data_prep.build import counting, segmentation
from data_prep.corpus.staging import StagingFiles
from ecm_tf.text.tokenizers import Tokenizer

Normalize = Callable[[tf.Tensor], tf.Tensor]


def learn_tokenizer(
    staging: StagingFiles, normalize: Normalize, *, size: int, workers: int
) -> bytes:
    """Learns a unigram model of the words into which jieba segments the training texts.

    Args:
        staging: the staging files.
        normalize: normalizes texts, string `(batch,)`.
        size: number of words in the model, besides single characters.
        workers: number of processes that run jieba.

    Returns:
        A serialized SentencePiece model.
    """

    def texts(row: dict[str, tf.Tensor]) -> tf.Tensor:
        return normalize(tf.concat([row["post"], row["response"]], 0))

    def chunks() -> Iterator[list[bytes]]:
        for batch in staging.batches("train", "segmenting", texts):
            yield batch.tolist()

    counts, characters = segmentation.count_corpus(chunks(), workers=workers)
    pieces = segmentation.choose_pieces(counts, characters, size)
    return segmentation.unigram_model(pieces, characters)


def count_tokens(
    staging: StagingFiles, tokenizer: Tokenizer, normalize: Normalize
) -> dict[str, Counter[str]]:
    """Counts the tokens of the training texts.

    Returns:
        The counts by side, `post` and `response`.
    """

    def tokens(row: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return {
            side: tokenizer.tokenize(normalize(row[side])).flat_values
            for side in ("post", "response")
        }

    counts: dict[str, Counter[bytes]] = {"post": Counter(), "response": Counter()}
    for batch in staging.batches("train", "counting", tokens):
        for side, words in batch.items():
            counting.add_counts(counts[side], words.tolist())
    return {
        side: Counter({word.decode(): count for word, count in words.items()})
        for side, words in counts.items()
    }
