"""Initialization of a new model from a trained model or from word vectors."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import keras
import numpy as np

from ecm_tf.core.errors import InputError
from ecm_tf.model import ECM
from ecm_tf.model.directory import load_model
from ecm_tf.text.assets import TextAssets
from ecm_tf.text.vocabulary import SPECIALS
from ecm_tf.training.word_vectors import read_word_vectors

_log = logging.getLogger(__name__)


def _decoder_stack(model: ECM) -> Any:
    return getattr(model.decoder.cell, "gru", model.decoder.cell)


def _shared_weights(model: ECM) -> list[keras.Variable]:
    """Returns the weights that every variant has, always in the same order."""
    decoder, output = model.decoder, model.vocabulary_output
    layers = (
        model.encoder,
        decoder.embedding,
        decoder.attention,
        decoder.features,
        _decoder_stack(model),
    )
    weights = [weight for layer in layers for weight in layer.weights]
    own = (output.kernel, output.projection, output.bias)
    return [*weights, *(weight for weight in own if weight is not None)]


@dataclass(frozen=True)
class WordMap:
    """Ids of the words that two vocabularies share, in both.

    Args:
        ids: in the vocabulary of the model that receives weights.
        source_ids: the same words in the vocabulary of the other model.
        size: words of the first vocabulary.
    """

    ids: np.ndarray
    source_ids: np.ndarray
    size: int

    @classmethod
    def between(cls, words: Sequence[str], source_words: Sequence[str]) -> Self:
        """Returns the map from `source_words` to `words`."""
        source_ids = {word: id_ for id_, word in enumerate(source_words)}
        pairs = [(id_, source_ids[word]) for id_, word in enumerate(words) if word in source_ids]
        ids, found = np.array(pairs, int).reshape(-1, 2).T
        return cls(ids, found, len(words))

    def rows(self, value: np.ndarray, source: np.ndarray) -> np.ndarray:
        """Returns `value` with the rows of known words replaced by those of `source`."""
        value = value.copy()
        value[self.ids] = source[self.source_ids]
        return value


def copy_shared_weights(
    model: ECM,
    source: ECM,
    post_words: WordMap | None = None,
    response_words: WordMap | None = None,
) -> tuple[list[str], list[str]]:
    """Copies the weights that two variants share from one to the other.

    The last rows of the lowest decoder layer's kernel, for the emotion vector, belong to the
    emotion embedding and are neither copied nor changed.

    Args:
        model: receives the weights.
        source: usually a Seq2Seq. Sizes must agree.
        post_words, response_words: words that the vocabularies share; the weights of other words
            are not changed. None: the vocabularies are the same.

    Returns:
        Paths of the weights of `model` that were copied, and of those that were not.

    Raises:
        InputError: sizes differ; the message names the setting or the weight that does not fit.
    """
    for name in ("num_layers", "size", "embedding_size", "bidirectional_encoder", "tie_embeddings"):
        own, other = getattr(model.config, name), getattr(source.config, name)
        if own != other:
            raise InputError(
                f"--pretrain_dir: expected a model with the same {name}, {own}; got {other}."
            )
    targets, sources = _shared_weights(model), _shared_weights(source)
    for target, given in zip(targets, sources, strict=True):
        new, value = given.numpy(), target.numpy()
        if target is model.encoder.embedding.embeddings and post_words:
            new = _by_word(target, value, new, post_words)
        elif target is model.decoder.embedding.embeddings and response_words:
            new = _by_word(target, value, new, response_words)
        elif (
            any(target is w for w in (model.vocabulary_output.kernel, model.vocabulary_output.bias))
            and response_words
        ):
            new = _by_word(target, value.T, new.T, response_words).T
        rows = len(value)
        if target is _decoder_stack(model).kernel:
            rows, new = rows - _emotion_rows(model), new[: len(new) - _emotion_rows(source)]
        if new.shape != (rows, *value.shape[1:]):
            raise InputError(
                f"--pretrain_dir: {target.path}: expected shape {(rows, *value.shape[1:])}, got "
                f"{new.shape}."
            )
        value[:rows] = new
        target.assign(value)
    copied = [target.path for target in targets]
    others = [weight.path for weight in model.weights if weight.path not in copied]
    return copied, others


def _emotion_rows(model: ECM) -> int:
    """Returns the number of rows of the lowest decoder layer's kernel for the emotion vector."""
    return model.config.emotion_size if model.config.use_emb else 0


def _by_word(
    weight: keras.Variable, value: np.ndarray, source: np.ndarray, words: WordMap
) -> np.ndarray:
    if value.shape[1:] != source.shape[1:]:
        raise InputError(
            f"--pretrain_dir: {weight.path}: expected {value.shape[1:]} numbers for each word, got "
            f"{source.shape[1:]}."
        )
    return words.rows(value, source)


def initialize_from_model(model: ECM, assets: TextAssets, directory: Path) -> None:
    """Copies shared weights from a model directory and logs which.

    Embeddings and output weights are copied by word: the vocabularies may differ.

    Args:
        model: receives the weights.
        assets: its vocabularies.
        directory: a model directory; see `copy_shared_weights`.

    Raises:
        InputError: there is no such model directory, its sizes differ, or its vocabularies have no
            word in common with those of the model.
    """
    source, source_assets = load_model(directory)
    maps = []
    for side in ("post_words", "response_words"):
        words = WordMap.between(getattr(assets, side), getattr(source_assets, side))
        found, total = len(words.ids) - len(SPECIALS), words.size - len(SPECIALS)
        if not found:
            raise InputError(
                f"--pretrain_dir: {directory}: expected a model with {side.replace('_', ' ')} of "
                f"the dataset, but none of the {total} is in its vocabulary."
            )
        _log.info("%s: weights of %d of %d %s", directory, found, total, side.replace("_", " "))
        maps.append(words)
    copied, others = copy_shared_weights(model, source, *maps)
    _log.info("loaded from %s: %s", directory, ", ".join(copied))
    _log.info("left as initialised: %s", ", ".join(others))


def initialize_embeddings(model: ECM, assets: TextAssets, word_vectors: Path) -> None:
    """Fills both word embeddings from a word2vec text file and logs the coverage.

    Words that the file does not have keep their initial vectors.

    Args:
        model: receives the vectors.
        assets: the vocabularies.
        word_vectors: the file; see `read_word_vectors`.

    Raises:
        InputError: the file is missing or malformed, or has no word of either vocabulary.
    """
    sides = {
        "post": (assets.post_words, model.encoder.embedding),
        "response": (assets.response_words, model.decoder.embedding),
    }
    found = 0
    for side, (words, embedding) in sides.items():
        ids = {word: id_ for id_, word in enumerate(words)}
        vectors = read_word_vectors(word_vectors, ids, model.config.embedding_size)
        table = embedding.embeddings.numpy()
        for id_, vector in vectors.items():
            table[id_] = vector
        embedding.embeddings.assign(table)
        found += len(vectors)
        share = len(vectors) / len(words)
        _log.info(
            "%s: vectors of %d %s words (%.1f%%)", word_vectors, len(vectors), side, 100 * share
        )
    if not found:
        raise InputError(
            f"--word_vectors: {word_vectors}: expected vectors of words of the dataset, got none."
        )
