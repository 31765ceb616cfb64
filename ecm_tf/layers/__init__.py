"""The layers of ECM. Each can be used in other Keras models."""

from ecm_tf.layers.additive_attention import AdditiveAttention
from ecm_tf.layers.emotion_embedding import EmotionEmbedding
from ecm_tf.layers.emotion_predictor import EmotionPredictor
from ecm_tf.layers.external_memory_output import ExternalMemoryOutput
from ecm_tf.layers.gru_cell import GRUCell, StackedGRUCell
from ecm_tf.layers.internal_memory_gru_cell import InternalMemoryGRUCell
from ecm_tf.layers.keras_settings import check_keras_settings
from ecm_tf.layers.vocabulary_output import VocabularyOutput

check_keras_settings()

__all__ = [
    "AdditiveAttention",
    "EmotionEmbedding",
    "EmotionPredictor",
    "ExternalMemoryOutput",
    "GRUCell",
    "InternalMemoryGRUCell",
    "StackedGRUCell",
    "VocabularyOutput",
]
