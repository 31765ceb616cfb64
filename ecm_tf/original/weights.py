"""The mapping from variables of the original program to weights of the port."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import keras
import numpy as np

from ecm_tf.core.errors import InputError
from ecm_tf.layers import GRUCell
from ecm_tf.model import ECM
from ecm_tf.original.checkpoint import (
    DECODER,
    DECODER_LOOP,
    EMOTION_EMBEDDING,
    ENCODER,
    EXTERNAL_MEMORY,
    INTERNAL_MEMORY,
    LEARNING_RATE,
    POST_EMBEDDING,
    STEP,
    OriginalCheckpoint,
)


class Assignment(NamedTuple):
    """How a weight is computed from variables."""

    weight: keras.Variable
    names: tuple[str, ...]
    """Of the variables."""
    make: Callable[..., np.ndarray]
    """Maps the variables' values to the weight's value."""


def assign_weights(model: ECM, checkpoint: OriginalCheckpoint) -> None:
    """Sets all weights of a model to those of a checkpoint.

    Args:
        model: has the configuration `checkpoint.config`.
        checkpoint: gives the values.

    Raises:
        InputError: variables are missing, unknown or of another shape; the message names them.
    """
    assignments = list(_assignments(model, checkpoint))
    used = {name for assignment in assignments for name in assignment.names}
    missing = sorted(used - set(checkpoint.shapes))
    unknown = sorted(set(checkpoint.shapes) - used - {LEARNING_RATE, STEP})
    if missing or unknown:
        raise InputError(
            f"{checkpoint.prefix}: expected the variables of an original {model.config.variant}; "
            f"missing: {missing}; unknown: {unknown}."
        )
    for weight, names, make in assignments:
        values = [checkpoint.read(name) for name in names]
        try:
            weight.assign(make(*values))
        except ValueError as error:
            shapes = {name: checkpoint.shapes[name] for name in names}
            raise InputError(
                f"{checkpoint.prefix}: expected variables that fit {weight.path}, of shape "
                f"{tuple(weight.shape)}, got {shapes}."
            ) from error


def _assignments(model: ECM, checkpoint: OriginalCheckpoint) -> Iterator[Assignment]:
    config, decoder = model.config, model.decoder
    yield _copy(model.encoder.embedding.embeddings, POST_EMBEDDING)
    for index, cell in enumerate(model.encoder.cells):
        yield from _gru(cell, checkpoint.layer_scope(ENCODER, index))

    yield _copy(decoder.embedding.embeddings, f"{DECODER}/embedding")
    stack = decoder.cell.gru if config.use_imemory else decoder.cell
    # One matrix maps the emotion vector and what was read from the internal memory to the gates of
    # the lowest layer.
    emotion_matrix = f"{checkpoint.layer_scope(DECODER_LOOP, 0)}/Emotion_Imemory/Linear/Matrix"
    for index, cell in enumerate(stack.cells):
        matrix = emotion_matrix if index == 0 and config.use_emb else None
        scope = checkpoint.layer_scope(DECODER_LOOP, index)
        yield from _gru(cell, scope, matrix, config.emotion_size)
    if config.use_emb:
        yield _copy(decoder.emotion_embedding.embeddings, EMOTION_EMBEDDING)
    if config.use_imemory:
        yield from _internal_memory(model, emotion_matrix)

    attention = decoder.attention
    yield _copy(attention.key_kernel, f"{DECODER_LOOP}/AttnW_0")
    yield _copy(attention.scale, f"{DECODER_LOOP}/AttnV_0")
    yield from _linear(attention.query_kernel, attention.bias, f"{DECODER_LOOP}/Attention_0")
    features = decoder.features
    yield from _linear(features.kernel, features.bias, f"{DECODER_LOOP}/AttnOutputProjection")

    output = model.vocabulary_output
    yield Assignment(output.kernel, ("proj_w",), np.transpose)
    yield _copy(output.bias, "proj_b")
    if config.use_ememory:
        yield from _linear(
            output.gate_kernel, output.gate_bias, f"{DECODER_LOOP}/OutputEmemoryGate"
        )
        yield _copy(output.emotion_words, EXTERNAL_MEMORY)


def _copy(weight: keras.Variable, name: str) -> Assignment:
    return Assignment(weight, (name,), lambda value: value.reshape(weight.shape))


def _linear(kernel: keras.Variable, bias: keras.Variable, scope: str) -> Iterator[Assignment]:
    yield _copy(kernel, f"{scope}/Linear/Matrix")
    yield _copy(bias, f"{scope}/Linear/Bias")


def _gru(
    cell: GRUCell, scope: str, emotion_matrix: str | None = None, emotion_size: int = 0
) -> Iterator[Assignment]:
    """Yields the assignments of a GRU layer.

    The original's matrices have the rows of the input above those of the state. The rows of the
    emotion vector are the first ones of a separate matrix.
    """
    gates, candidate = f"{scope}/Gates/Linear", f"{scope}/Candidate/Linear"
    units = cell.units

    def kernel(
        gates: np.ndarray, candidate: np.ndarray, emotion: np.ndarray | None = None
    ) -> np.ndarray:
        rows = np.concatenate([gates[:-units], candidate[:-units]], axis=1)
        return rows if emotion is None else np.concatenate([rows, emotion[:emotion_size]])

    matrices = (f"{gates}/Matrix", f"{candidate}/Matrix")
    names = matrices if emotion_matrix is None else (*matrices, emotion_matrix)
    yield Assignment(cell.kernel, names, kernel)
    yield Assignment(cell.gate_kernel, matrices[:1], lambda value: value[-units:])
    yield Assignment(cell.candidate_kernel, matrices[1:], lambda value: value[-units:])
    yield Assignment(
        cell.bias, (f"{gates}/Bias", f"{candidate}/Bias"), lambda *values: np.concatenate(values)
    )


def _internal_memory(model: ECM, emotion_matrix: str) -> Iterator[Assignment]:
    cell = model.decoder.cell
    yield _copy(model.decoder.internal_memory.embeddings, INTERNAL_MEMORY)
    size = cell.memory_size
    yield Assignment(cell.memory_kernel, (emotion_matrix,), lambda value: value[-size:])
    read_gate = f"{DECODER_LOOP}/IMemoryReadGate/Linear"
    inputs = cell.read_input_kernel.shape[0]
    matrix = (f"{read_gate}/Matrix",)
    yield Assignment(cell.read_input_kernel, matrix, lambda value: value[:inputs])
    yield Assignment(cell.read_state_kernel, matrix, lambda value: value[inputs:])
    yield _copy(cell.read_bias, f"{read_gate}/Bias")
    gate = cell.write_gate
    yield from _linear(gate.kernel, gate.bias, f"{DECODER_LOOP}/IMemoryWriteGate")
