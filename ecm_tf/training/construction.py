"""Construction of a run's model and optimizer."""

from typing import Any

import keras

from ecm_tf.config import ModelConfig, TrainingConfig
from ecm_tf.model import ECM
from ecm_tf.model.directory import new_model
from ecm_tf.text.assets import TextAssets
from ecm_tf.training.adam import FusedAdam
from ecm_tf.training.averages import AveragingAdam, AveragingSGD

_POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}
_OPTIMIZERS = {"sgd": keras.optimizers.SGD, "adam": FusedAdam}
_AVERAGING_OPTIMIZERS = {"sgd": AveragingSGD, "adam": AveragingAdam}


def model_config(options: dict[str, Any], assets: TextAssets) -> ModelConfig:
    """Returns the model's configuration.

    Args:
        options: fields of `ModelConfig` that the dataset does not determine.
        assets: of the dataset; they determine the vocabulary sizes and the number of emotions.

    Raises:
        InputError: a field is out of range.
    """
    return ModelConfig.from_dict(
        {
            **options,
            "post_vocabulary_size": len(assets.post_words),
            "response_vocabulary_size": len(assets.response_words),
            "categories": len(assets.emotions),
        }
    )


def compiled_model(config: ModelConfig, assets: TextAssets, training: TrainingConfig) -> ECM:
    """Returns a new model that is ready for `fit`; the seed determines its weights."""
    keras.utils.set_random_seed(training.seed)
    model = new_model(
        config,
        assets,
        dropout=training.dropout,
        label_smoothing=training.label_smoothing,
        dtype=_POLICIES[training.mixed_precision],
    )
    model.compile(optimizer=make_optimizer(training), jit_compile=False)
    return model


def make_optimizer(training: TrainingConfig) -> keras.optimizers.Optimizer:
    """Returns the optimizer of a run, with gradient clipping and averages of the weights if on."""
    if training.ema_momentum:
        return _AVERAGING_OPTIMIZERS[training.optimizer](
            training.learning_rate,
            global_clipnorm=training.max_gradient_norm,
            use_ema=True,
            ema_momentum=training.ema_momentum,
        )
    return _OPTIMIZERS[training.optimizer](
        training.learning_rate, global_clipnorm=training.max_gradient_norm
    )
