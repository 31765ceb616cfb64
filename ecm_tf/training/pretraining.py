"""What a new model may start from: a trained Seq2Seq, word vectors."""

from pathlib import Path

from ecm_tf.core.errors import InputError
from ecm_tf.model import ECM
from ecm_tf.model.directory import load_model
from ecm_tf.text.assets import TextAssets
from ecm_tf.training.word_vectors import read_word_vectors


def _decoder_stack(model: ECM):
    return getattr(model.decoder.cell, "gru", model.decoder.cell)


def _shared_weights(model: ECM):
    """The weights that every variant has, in one order."""
    decoder, output = model.decoder, model.vocabulary_output
    modules = (
        model.encoder,
        decoder.embedding,
        decoder.attention,
        decoder.features,
        _decoder_stack(model),
    )
    weights = [weight for module in modules for weight in module.weights]
    return [*weights, output.kernel, output.bias]


def load_pretrained(model: ECM, source: ECM) -> tuple[list[str], list[str]]:
    """Copies what two variants share from one to the other.

    The lowest decoder layer's kernel may have more rows in `model`, for the emotion vector: those
    stay as they are.

    Args:
        model: receives the weights.
        source: gives them; usually a Seq2Seq. Sizes and vocabularies must agree.

    Returns:
        Paths of the weights of `model` that were loaded, and of those that were left.

    Raises:
        InputError: sizes differ; the message names the first weight that does not fit.
    """
    targets, givens = _shared_weights(model), _shared_weights(source)
    if len(targets) != len(givens):
        raise InputError("--pretrain_dir: expected a model with the same number of layers.")
    for target, given in zip(targets, givens, strict=True):
        value, old = given.numpy(), target.numpy()
        may_grow = target is _decoder_stack(model).kernel
        rows = len(value)
        fits = rows == len(old) or (may_grow and rows < len(old))
        if not fits or value.shape[1:] != old.shape[1:]:
            raise InputError(
                f"--pretrain_dir: {target.path}: expected shape {old.shape}, got {value.shape}."
            )
        old[:rows] = value
        target.assign(old)
    loaded = [target.path for target in targets]
    left = [weight.path for weight in model.weights if weight.path not in loaded]
    return loaded, left


def start_from(pretrain_dir: Path, model: ECM) -> None:
    """`load_pretrained` from a model directory; prints what was loaded and what was left.

    Raises:
        InputError: no such model directory, or its sizes differ.
    """
    loaded, left = load_pretrained(model, load_model(pretrain_dir)[0])
    print(f"loaded from {pretrain_dir}: {', '.join(loaded)}")
    print(f"left as initialised: {', '.join(left)}", flush=True)


def start_with(word_vectors: Path, model: ECM, assets: TextAssets) -> None:
    """Fills both word embeddings from a word2vec text file; prints the coverage.

    Raises:
        InputError: the file is missing or bad; see `read_word_vectors`.
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
        print(f"{word_vectors}: vectors of {len(vectors)} {side} words ({share:.1%})", flush=True)
