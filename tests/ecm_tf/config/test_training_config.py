import pytest

from ecm_tf.config import PRESETS, ModelConfig, TrainingConfig
from ecm_tf.core.errors import InputError


def test_defaults_are_the_original_program_s():
    training = TrainingConfig()
    assert (training.batch_size, training.learning_rate) == (128, 0.5)
    assert (training.learning_rate_decay_factor, training.max_gradient_norm) == (0.99, 5.0)
    assert (training.steps_per_checkpoint, training.optimizer) == (1000, "sgd")
    assert (training.dropout, training.label_smoothing, training.ema_momentum) == (0, 0, 0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("batch_size", 0),
        ("epochs", 0),
        ("steps_per_checkpoint", 0),
        ("learning_rate", 0),
        ("learning_rate", float("inf")),
        ("learning_rate", float("nan")),
        ("max_gradient_norm", -1.0),
        ("learning_rate_decay_factor", 0),
        ("learning_rate_decay_factor", 1.5),
        ("early_stopping", -1),
        ("label_smoothing", -0.1),
        ("label_smoothing", 1),
        ("ema_momentum", -0.1),
        ("ema_momentum", 1),
        ("dropout", -0.1),
        ("dropout", 1),
        ("seed", -1),
        ("seed", 2**32),
        ("optimizer", "rmsprop"),
        ("mixed_precision", "int8"),
    ],
)
def test_out_of_range(field, value):
    with pytest.raises(InputError, match=f"{field}: expected .*, got"):
        TrainingConfig(**{field: value})


def test_presets_are_valid():
    for settings in PRESETS.values():
        training = {k: v for k, v in settings.items() if k in TrainingConfig().to_dict()}
        model = {k: v for k, v in settings.items() if k not in training}
        TrainingConfig(**training)
        ModelConfig(20, 18, 6, **model)
