"""Construction of a run's model and optimizer."""

from typing import Any

import keras

from ecm_tf.config import ModelConfig, TrainingConfig
from ecm_tf.core.errors import InputError
from ecm_tf.model import ECM
from ecm_tf.model.directory import new_model
from ecm_tf.text.assets import TextAssets
from ecm_tf.text.emotions import AUTO
from ecm_tf.training.adam import FusedAdam
from ecm_tf.training.averages import AveragingAdam, AveragingSGD
from ecm_tf.training.clipping import with_separate_clipping
from ecm_tf.training.compiled_step import CompiledECM
from ecm_tf.training.data_parallel import DataParallelECM
from ecm_tf.training.workers import Workers

_POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}
_OPTIMIZERS = {"sgd": keras.optimizers.SGD, "adam": FusedAdam}
_AVERAGING_OPTIMIZERS = {"sgd": AveragingSGD, "adam": AveragingAdam}


def model_config(options: dict[str, Any], assets: TextAssets) -> ModelConfig:
    """Returns the model's configuration.

    Args:
        options: fields of `ModelConfig` that the dataset does not determine.
        assets: of the dataset; they determine the vocabulary sizes and the number of emotions.

    Raises:
        InputError: a field is out of range, or `predict_emotion` is on and a category is called
            "auto".
    """
    config = ModelConfig.from_dict(
        {
            **options,
            "post_vocabulary_size": len(assets.post_words),
            "response_vocabulary_size": len(assets.response_words),
            "categories": len(assets.emotions),
        }
    )
    if config.predict_emotion and AUTO in assets.emotions.ids_by_text:
        raise InputError(
            f"--predict_emotion: expected emotions without the name {AUTO!r}, which stands for the "
            "emotion that the model chooses."
        )
    return config


def compiled_model(
    config: ModelConfig, assets: TextAssets, training: TrainingConfig, workers: Workers
) -> ECM:
    """Returns a new model that is ready for `fit`; the seed determines its weights.

    Raises:
        InputError: the step of several workers is to be compiled.
    """
    if training.jit_compile and workers.count > 1:
        raise InputError(
            "--jit_compile: expected a single process, because XLA does not compile the sums over "
            f"several workers; got {workers.count} workers."
        )
    keras.utils.set_random_seed(training.seed)
    model = new_model(
        config,
        assets,
        _model_class(training, workers),
        dropout=training.dropout,
        label_smoothing=training.label_smoothing,
        dtype=_POLICIES[training.mixed_precision],
    )
    if isinstance(model, DataParallelECM):
        model.workers = workers
    # The layer is the model's last, so its weights are the last ones.
    num_separate = len(model.emotion_predictor.weights) if model.emotion_predictor else 0
    model.compile(optimizer=make_optimizer(training, num_separate), jit_compile=False)
    # Only a built optimizer has the variables that a checkpoint saves and restores.
    model.optimizer.build(model.trainable_variables)
    return model


def _model_class(training: TrainingConfig, workers: Workers) -> type[ECM]:
    if workers.count > 1:
        return DataParallelECM
    return CompiledECM if training.jit_compile else ECM


def make_optimizer(training: TrainingConfig, num_separate: int = 0) -> keras.optimizers.Optimizer:
    """Returns the optimizer of a run, with gradient clipping and averages of the weights if on.

    Args:
        training: how to train.
        num_separate: number of the last trainable weights whose gradients are clipped separately
            from the others.
    """
    averages = training.ema_momentum
    optimizer_class = (_AVERAGING_OPTIMIZERS if averages else _OPTIMIZERS)[training.optimizer]
    if num_separate:
        optimizer_class = with_separate_clipping(optimizer_class, num_separate)
    return optimizer_class(
        training.learning_rate,
        global_clipnorm=training.max_gradient_norm,
        **({"use_ema": True, "ema_momentum": averages} if averages else {}),
    )
