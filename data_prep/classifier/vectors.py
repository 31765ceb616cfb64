"""Vectors of characters, bigrams and words, pretrained on conversations without labels.

For English, suffixes take the place of characters. A classifier that starts from the vectors knows
words that its labelled sentences lack. They are skip-gram vectors (Mikolov et al. 2013), trained by
gensim.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from data_prep.classifier.features import (
    WORDS,
    Splitter,
    Vectors,
    learn_tokenizer,
    text_batches,
    vocabulary_names,
)
from data_prep.classifier.networks import EMBEDDING_SIZE
from data_prep.classifier.settings import VectorSettings
from data_prep.corpus.bad_records import BadRecord, raise_bad_record
from data_prep.corpus.digests import source_digests
from data_prep.corpus.readers import LabelOptions, read_pairs
from data_prep.execution.progress import progress_bar
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import read_manifest, verify_files, write_manifest
from ecm_tf.core.optional import require_extra
from ecm_tf.core.output import check_output, finished_directory

logger = logging.getLogger(__name__)

KIND = "vectors"
TOKENIZER, VECTORS = "tokenizer.model", "vectors.npz"
CHANNELS = ("characters", "bigrams", "words")
"""Names of the arrays in `VECTORS`, whatever the segmenter."""
MIN_COUNTS = (5, 40, 10)
"""Minimum numbers of occurrences of a character or suffix, a bigram and a word with a vector."""
WINDOW = 5
"""Maximum distance between a token and its context."""


def train_vectors(
    corpus: Sequence[Path],
    settings: VectorSettings,
    output: Path,
    *,
    skip_bad_records: bool = False,
    overwrite: bool = False,
    workers: int = 2,
) -> dict[str, int]:
    """Trains vectors on all posts and responses of a corpus, each text once.

    Args:
        corpus: conversations, in any format of `data_prep build`; their labels are ignored.
        settings: the training settings.
        output: the directory to make; it appears only when it is complete.
        skip_bad_records: whether to skip bad records instead of stopping at the first.
        overwrite: whether to replace finished vectors in `output`.
        workers: number of processes that run jieba, and of gensim's threads.

    Returns:
        The numbers of texts, and of characters or suffixes, bigrams and words with a vector.

    Raises:
        InputError: gensim is missing, or a source or the output is invalid.
    """
    with require_extra("vectors"):
        from gensim.models import Word2Vec
    check_output(output, KIND, overwrite=overwrite)
    digests = source_digests(corpus, output)
    texts = _read_texts(corpus, skip_bad_records=skip_bad_records)
    model = learn_tokenizer(texts, settings.segmenter, workers)
    splitter = Splitter(settings.segmenter, model)
    arrays, counts = {}, {"texts": len(texts)}
    names = vocabulary_names(settings.segmenter)
    for channel, (key, name) in enumerate(zip(CHANNELS, names, strict=True)):
        logger.info("training vectors of %s", name)
        try:
            vectors = Word2Vec(
                _sentences(texts, splitter, channel),
                vector_size=EMBEDDING_SIZE,
                window=WINDOW,
                sg=1,
                min_count=MIN_COUNTS[channel],
                epochs=settings.epochs,
                seed=settings.seed,
                workers=workers,
            ).wv
        except RuntimeError as error:  # an empty vocabulary
            raise InputError(
                f"{corpus[0]}: expected conversations in which some {name} occur at least "
                f"{MIN_COUNTS[channel]} times, got none in {len(texts)} texts."
            ) from error
        counts[name] = len(vectors)
        arrays[key] = np.frombuffer("\n".join(vectors.index_to_key).encode(), np.uint8)
        arrays[f"{key}_vectors"] = vectors.vectors.astype(np.float16)
    with finished_directory(output, KIND, overwrite=overwrite) as directory:
        (directory / TOKENIZER).write_bytes(model or b"")
        np.savez(directory / VECTORS, allow_pickle=False, **arrays)
        write_manifest(
            directory,
            KIND,
            files=[TOKENIZER, VECTORS],
            settings=settings.to_dict(),
            counts=counts,
            sources=digests,
        )
    return counts


def load_vectors(directory: Path) -> Vectors:
    """Reads vectors that `train_vectors` made.

    Raises:
        InputError: the directory is not one of vectors, or a file is damaged.
    """
    manifest = read_manifest(directory, KIND)
    verify_files(directory, manifest)
    settings = manifest["settings"]
    with np.load(directory / VECTORS, allow_pickle=False) as arrays:
        return Vectors(
            settings["segmenter"],
            (directory / TOKENIZER).read_bytes() or None,
            [arrays[name].tobytes().decode().split("\n") for name in CHANNELS],
            [arrays[f"{name}_vectors"].astype(np.float32) for name in CHANNELS],
        )


def _read_texts(corpus: Sequence[Path], *, skip_bad_records: bool) -> list[str]:
    texts: dict[str, None] = {}
    with progress_bar("reading") as bar:
        for path in corpus:
            for pair in read_pairs(path, LabelOptions(emotions=None, required=False)):
                bar.update()
                if not isinstance(pair, BadRecord):
                    texts.update({pair.post: None, pair.response: None})
                elif not skip_bad_records:
                    raise_bad_record(pair)
    return list(texts)


def _sentences(texts: Sequence[str], splitter: Splitter, channel: int) -> list[list[str]]:
    """Returns the characters or suffixes, the bigrams or the words of each text."""
    decoded: dict[bytes, str] = {}  # one object for all occurrences of a token
    sentences = []
    for batch in text_batches(texts):
        *pieces, starts = splitter(batch)
        tokens = pieces[channel]
        if channel == WORDS:
            # A word is repeated at each of its characters.
            tokens = tf.ragged.boolean_mask(tokens, starts == 1)
        for sentence in tokens.to_list():
            sentences.append([decoded.setdefault(token, token.decode()) for token in sentence])
    return sentences
