"""Start from a trained Seq2Seq: everything but the emotion modules is taken over."""

from ecm_tf.errors import InputError
from ecm_tf.model import ECM


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
