"""Which variable of the original program becomes which weight of this one."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ecm_tf.config import Buckets, ModelConfig
from ecm_tf.core.errors import InputError
from ecm_tf.layers import GRUCell
from ecm_tf.model import ECM
from ecm_tf.text.emotions import DEFAULT

LEARNING_RATE, STEP = "Variable", "Variable_1"
_ROOT = "embedding_attention_seq2seq"
_ENCODER = f"{_ROOT}/RNN"
_DECODER = f"{_ROOT}/embedding_attention_decoder"
_LOOP = f"{_DECODER}/attention_decoder"
POST_EMBEDDING = f"{_ENCODER}/EmbeddingWrapper/embedding"
EMOTION_EMBEDDING = f"{_DECODER}/emotion_embedding"
INTERNAL_MEMORY = f"{_DECODER}/internal_memory"
EXTERNAL_MEMORY = f"{_DECODER}/external_memory"


class Assignment(NamedTuple):
    """A weight, the variables it is made of, and how."""

    weight: object
    names: tuple[str, ...]
    make: Callable[..., np.ndarray]


def _plain(weight, name: str) -> Assignment:
    return Assignment(weight, (name,), lambda value: value.reshape(weight.shape))


def _linear(kernel, bias, name: str) -> Iterator[Assignment]:
    yield _plain(kernel, f"{name}/Linear/Matrix")
    yield _plain(bias, f"{name}/Linear/Bias")


class OriginalCheckpoint:
    """The variables of one checkpoint.

    Args:
        prefix: of its files, such as `train/check_path/original.ckpt-1000`.

    Raises:
        InputError: no such checkpoint.
    """

    def __init__(self, prefix: str) -> None:
        expected = (
            f"{prefix}: expected the prefix of a V2 checkpoint, with {prefix}.index beside it"
        )
        if not Path(f"{prefix}.index").is_file():
            raise InputError(f"{expected}; there is no such file.")
        try:
            self._reader = tf.train.load_checkpoint(prefix)
            self._shapes = self._reader.get_variable_to_shape_map()
        except (ValueError, RuntimeError, tf.errors.OpError) as error:
            raise InputError(f"{expected}; {str(error).splitlines()[0]}") from error
        self._prefix = prefix

    def _shape(self, name: str) -> list[int]:
        if name not in self._shapes:
            raise InputError(f"{self._prefix}: expected the variable {name}, which is missing.")
        return self._shapes[name]

    def _layer(self, scope: str, index: int) -> str:
        """The scope of a GRU layer; a single layer stands without MultiRNNCell."""
        single = f"{scope}/GRUCell"
        if index == 0 and f"{single}/Gates/Linear/Matrix" in self._shapes:
            return single
        return f"{scope}/MultiRNNCell/Cell{index}/GRUCell"

    @property
    def step(self) -> int:
        """Training steps that the original took."""
        return int(self._reader.get_tensor(STEP)) if STEP in self._shapes else 0

    @property
    def learning_rate(self) -> float | None:
        """The learning rate at the end; None if the checkpoint does not have it."""
        if LEARNING_RATE not in self._shapes:
            return None
        return float(self._reader.get_tensor(LEARNING_RATE))

    def config(self, buckets: Buckets) -> ModelConfig:
        """Sizes and modules, read off the variables.

        Args:
            buckets: what the original was run with; a checkpoint does not say.

        Raises:
            InputError: a variable that every original checkpoint has is missing.
        """
        post_words, embedding_size = self._shape(POST_EMBEDDING)
        response_words, size = self._shape("proj_w")
        layers = 1
        while f"{self._layer(_ENCODER, layers)}/Gates/Linear/Matrix" in self._shapes:
            layers += 1
        optional = (EMOTION_EMBEDDING, INTERNAL_MEMORY, EXTERNAL_MEMORY)
        tables = {name: self._shapes[name] for name in optional if name in self._shapes}
        categories = {shape[0] for shape in tables.values()} or {len(DEFAULT)}
        if len(categories) > 1:
            raise InputError(
                f"{self._prefix}: expected as many categories everywhere, got {tables}."
            )
        sizes = {}
        if EMOTION_EMBEDDING in tables:
            sizes["emotion_size"] = tables[EMOTION_EMBEDDING][1]
        if INTERNAL_MEMORY in tables:
            sizes["imemory_size"] = tables[INTERNAL_MEMORY][1]
        return ModelConfig.from_dict(
            {
                "post_vocabulary_size": post_words,
                "response_vocabulary_size": response_words,
                "categories": categories.pop(),
                "size": size,
                "num_layers": layers,
                "embedding_size": embedding_size,
                "use_emb": EMOTION_EMBEDDING in tables,
                "use_imemory": INTERNAL_MEMORY in tables,
                "use_ememory": EXTERNAL_MEMORY in tables,
                "mask_padding": False,
                "buckets": buckets,
                **sizes,
            }
        )

    def assign(self, model: ECM) -> None:
        """Fills a model of `config`.

        Raises:
            InputError: variables are missing, unknown, or of another shape; the message names them.
        """
        assignments = list(self._assignments(model))
        used = {name for assignment in assignments for name in assignment.names}
        missing = sorted(used - set(self._shapes))
        unknown = sorted(set(self._shapes) - used - {LEARNING_RATE, STEP})
        if missing or unknown:
            raise InputError(
                f"{self._prefix}: expected the variables of an original "
                f"{model.config.variant}; missing: {missing}; unknown: {unknown}."
            )
        for weight, names, make in assignments:
            arrays = [self._reader.get_tensor(name) for name in names]
            try:
                weight.assign(make(*arrays))
            except ValueError as error:
                shapes = {name: self._shapes[name] for name in names}
                raise InputError(
                    f"{self._prefix}: expected what fits {weight.path} {tuple(weight.shape)}, "
                    f"got {shapes}."
                ) from error

    def _assignments(self, model: ECM) -> Iterator[Assignment]:
        config, decoder = model.config, model.decoder
        yield _plain(model.encoder.embedding.embeddings, POST_EMBEDDING)
        for index, cell in enumerate(model.encoder.cells):
            yield from self._gru(cell, self._layer(_ENCODER, index))

        yield _plain(decoder.embedding.embeddings, f"{_DECODER}/embedding")
        stack = decoder.cell.gru if config.use_imemory else decoder.cell
        emotional = "Emotion_Imemory/Linear/Matrix"
        lowest = f"{self._layer(_LOOP, 0)}/{emotional}"
        for index, cell in enumerate(stack.cells):
            extra = lowest if index == 0 and config.use_emb else None
            scope = self._layer(_LOOP, index)
            yield from self._gru(cell, scope, extra, config.emotion_size)
        if config.use_emb:
            yield _plain(decoder.emotion_embedding.embeddings, EMOTION_EMBEDDING)
        if config.use_imemory:
            yield from self._internal_memory(model, lowest)

        attention = decoder.attention
        yield _plain(attention.key_kernel, f"{_LOOP}/AttnW_0")
        yield _plain(attention.scale, f"{_LOOP}/AttnV_0")
        yield from _linear(attention.query_kernel, attention.bias, f"{_LOOP}/Attention_0")
        features = decoder.features
        yield from _linear(features.kernel, features.bias, f"{_LOOP}/AttnOutputProjection")

        output = model.vocabulary_output
        yield Assignment(output.kernel, ("proj_w",), np.transpose)
        yield _plain(output.bias, "proj_b")
        if config.use_ememory:
            yield from _linear(output.gate_kernel, output.gate_bias, f"{_LOOP}/OutputEmemoryGate")
            yield _plain(output.emotion_words, EXTERNAL_MEMORY)

    @staticmethod
    def _gru(
        cell: GRUCell, scope: str, emotion: str | None = None, emotion_size: int = 0
    ) -> Iterator[Assignment]:
        """A GRU layer: the original stacks the input's rows over the state's.

        The emotion vector's rows stand in a matrix of their own, above the internal memory's.
        """
        gates, candidate = f"{scope}/Gates/Linear", f"{scope}/Candidate/Linear"
        units = cell.units

        def kernel(gates, candidate, emotional=None):
            rows = np.concatenate([gates[:-units], candidate[:-units]], axis=1)
            if emotional is not None:
                rows = np.concatenate([rows, emotional[:emotion_size]])
            return rows

        names = (f"{gates}/Matrix", f"{candidate}/Matrix", *([emotion] if emotion else []))
        yield Assignment(cell.kernel, names, kernel)
        yield Assignment(cell.gate_kernel, names[:1], lambda value: value[-units:])
        yield Assignment(cell.candidate_kernel, names[1:2], lambda value: value[-units:])
        yield Assignment(
            cell.bias, (f"{gates}/Bias", f"{candidate}/Bias"), lambda *parts: np.concatenate(parts)
        )

    @staticmethod
    def _internal_memory(model: ECM, emotional: str) -> Iterator[Assignment]:
        cell = model.decoder.cell
        yield _plain(model.decoder.internal_memory.embeddings, INTERNAL_MEMORY)
        size = cell.memory_size
        yield Assignment(cell.memory_kernel, (emotional,), lambda value: value[-size:])
        read = f"{_LOOP}/IMemoryReadGate/Linear"
        split = cell.read_input_kernel.shape[0]
        matrix = (f"{read}/Matrix",)
        yield Assignment(cell.read_input_kernel, matrix, lambda value: value[:split])
        yield Assignment(cell.read_state_kernel, matrix, lambda value: value[split:])
        yield _plain(cell.read_bias, f"{read}/Bias")
        gate = cell.write_gate
        yield from _linear(gate.kernel, gate.bias, f"{_LOOP}/IMemoryWriteGate")
