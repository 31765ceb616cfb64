"""Reader of the original program's checkpoints: variables, sizes, training progress."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from ecm_tf.config import Buckets, ModelConfig
from ecm_tf.core.errors import InputError
from ecm_tf.text.emotions import DEFAULT

LEARNING_RATE, STEP = "Variable", "Variable_1"
_ROOT = "embedding_attention_seq2seq"
ENCODER = f"{_ROOT}/RNN"
DECODER = f"{_ROOT}/embedding_attention_decoder"
DECODER_LOOP = f"{DECODER}/attention_decoder"
POST_EMBEDDING = f"{ENCODER}/EmbeddingWrapper/embedding"
EMOTION_EMBEDDING = f"{DECODER}/emotion_embedding"
INTERNAL_MEMORY = f"{DECODER}/internal_memory"
EXTERNAL_MEMORY = f"{DECODER}/external_memory"


class OriginalCheckpoint:
    """The variables of one checkpoint.

    Args:
        prefix: of the checkpoint's files, such as `train/check_path/original.ckpt-1000`.

    Raises:
        InputError: there is no such checkpoint, or it cannot be read.
    """

    def __init__(self, prefix: str) -> None:
        expected = (
            f"{prefix}: expected the prefix of a V2 checkpoint, with {prefix}.index beside it"
        )
        if not Path(f"{prefix}.index").is_file():
            raise InputError(f"{expected}; there is no such file.")
        try:
            self._reader = tf.train.load_checkpoint(prefix)
            self.shapes: dict[str, list[int]] = self._reader.get_variable_to_shape_map()
        except (ValueError, RuntimeError, tf.errors.OpError) as error:
            raise InputError(f"{expected}; {str(error).splitlines()[0]}") from error
        self.prefix = prefix

    def read(self, name: str) -> np.ndarray:
        """Returns the value of a variable."""
        return self._reader.get_tensor(name)

    def layer_scope(self, scope: str, index: int) -> str:
        """Returns the scope of a GRU layer.

        Args:
            scope: of the encoder or the decoder loop.
            index: of the layer, 0 is the lowest.
        """
        # The original wraps layers in a MultiRNNCell only if there are several.
        single = f"{scope}/GRUCell"
        if index == 0 and f"{single}/Gates/Linear/Matrix" in self.shapes:
            return single
        return f"{scope}/MultiRNNCell/Cell{index}/GRUCell"

    @property
    def step(self) -> int:
        """Training steps of the original; 0 if the checkpoint does not have the variable."""
        return int(self.read(STEP)) if STEP in self.shapes else 0

    @property
    def learning_rate(self) -> float | None:
        """The learning rate at the end; None if the checkpoint does not have the variable."""
        return float(self.read(LEARNING_RATE)) if LEARNING_RATE in self.shapes else None

    def config(self, buckets: Buckets) -> ModelConfig:
        """Returns the model configuration, inferred from the variables.

        Args:
            buckets: those that the original was run with; a checkpoint does not record them.

        Raises:
            InputError: a variable that every original checkpoint has is missing, or the emotion
                modules disagree on the number of emotions.
        """
        post_vocabulary_size, embedding_size = self._shape(POST_EMBEDDING)
        response_vocabulary_size, size = self._shape("proj_w")
        num_layers = 1
        while f"{self.layer_scope(ENCODER, num_layers)}/Gates/Linear/Matrix" in self.shapes:
            num_layers += 1
        modules = (EMOTION_EMBEDDING, INTERNAL_MEMORY, EXTERNAL_MEMORY)
        tables = {name: self.shapes[name] for name in modules if name in self.shapes}
        categories = {shape[0] for shape in tables.values()} or {len(DEFAULT)}
        if len(categories) > 1:
            raise InputError(
                f"{self.prefix}: expected the same number of emotions in all tables, got {tables}."
            )
        sizes = {}
        if EMOTION_EMBEDDING in tables:
            sizes["emotion_size"] = tables[EMOTION_EMBEDDING][1]
        if INTERNAL_MEMORY in tables:
            sizes["imemory_size"] = tables[INTERNAL_MEMORY][1]
        return ModelConfig.from_dict(
            {
                "post_vocabulary_size": post_vocabulary_size,
                "response_vocabulary_size": response_vocabulary_size,
                "categories": categories.pop(),
                "size": size,
                "num_layers": num_layers,
                "embedding_size": embedding_size,
                "use_emb": EMOTION_EMBEDDING in tables,
                "use_imemory": INTERNAL_MEMORY in tables,
                "use_ememory": EXTERNAL_MEMORY in tables,
                "mask_padding": False,
                "buckets": buckets,
                **sizes,
            }
        )

    def _shape(self, name: str) -> list[int]:
        if name not in self.shapes:
            raise InputError(f"{self.prefix}: expected the variable {name}, which is missing.")
        return self.shapes[name]
