"""Initialization of a new model from a trained model or from word vectors."""

import logging
from pathlib import Path
from typing import Any

import keras

from ecm_tf.core.errors import InputError
from ecm_tf.model import ECM
from ecm_tf.model.directory import load_model
from ecm_tf.text.assets import TextAssets
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
    return [*weights, output.kernel, output.bias]


def copy_shared_weights(model: ECM, source: ECM) -> tuple[list[str], list[str]]:
    """Copies the weights that two variants share from one to the other.

    The kernel of the lowest decoder layer may have more rows in `model`, for the emotion vector;
    these rows are not changed.

    Args:
        model: receives the weights.
        source: usually a Seq2Seq. Sizes and vocabularies must agree.

    Returns:
        Paths of the weights of `model` that were copied, and of those that were not.

    Raises:
        InputError: sizes differ; the message names the first weight that does not fit.
    """
    targets, sources = _shared_weights(model), _shared_weights(source)
    if len(targets) != len(sources):
        raise InputError("--pretrain_dir: expected a model with the same number of layers.")
    for target, given in zip(targets, sources, strict=True):
        new, value = given.numpy(), target.numpy()
        may_have_more_rows = target is _decoder_stack(model).kernel
        rows = len(new)
        fits = rows == len(value) or (may_have_more_rows and rows < len(value))
        if not fits or new.shape[1:] != value.shape[1:]:
            raise InputError(
                f"--pretrain_dir: {target.path}: expected shape {value.shape}, got {new.shape}."
            )
        value[:rows] = new
        target.assign(value)
    copied = [target.path for target in targets]
    others = [weight.path for weight in model.weights if weight.path not in copied]
    return copied, others


def initialize_from_model(model: ECM, directory: Path) -> None:
    """Copies shared weights from a model directory and logs which.

    Args:
        model: receives the weights.
        directory: a model directory; see `copy_shared_weights`.

    Raises:
        InputError: there is no such model directory, or its sizes differ.
    """
    copied, others = copy_shared_weights(model, load_model(directory)[0])
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
        InputError: the file is missing or malformed.
    """
    sides = {
        "post": (assets.post_words, model.encoder.embedding),
        "response": (assets.response_words, model.decoder.embedding),
    }
    for side, (words, embedding) in sides.items():
        ids = {word: id_ for id_, word in enumerate(words)}
        vectors = read_word_vectors(word_vectors, ids, model.config.embedding_size)
        table = embedding.embeddings.numpy()
        for id_, vector in vectors.items():
            table[id_] = vector
        embedding.embeddings.assign(table)
        share = len(vectors) / len(words)
        _log.info(
            "%s: vectors of %d %s words (%.1f%%)", word_vectors, len(vectors), side, 100 * share
        )
