import json

import pytest

from ecm_tf.config import ORIGINAL_BUCKETS, ModelConfig, SearchConfig, TrainingConfig
from ecm_tf.core.errors import InputError

MODEL = ModelConfig(20, 18, 6, size=8, use_emb=True, buckets=((4, 5), (6, 7)))


@pytest.mark.parametrize(
    "config",
    [
        MODEL,
        TrainingConfig(optimizer="adam", seed=3),
        SearchConfig("beam", top_k=3, rerank="judge"),
    ],
)
def test_file_round_trip(config, tmp_path):
    config.save(tmp_path / "config.json")
    assert type(config).load(tmp_path / "config.json") == config
    assert type(config).from_dict(json.loads((tmp_path / "config.json").read_text())) == config


def test_dict_survives_json():
    assert ModelConfig.from_dict(MODEL.to_dict()) == MODEL
    assert ModelConfig.from_dict(json.loads(json.dumps(MODEL.to_dict()))) == MODEL


def test_defaults_are_the_paper_s():
    config = ModelConfig(40000, 40000, 6)
    assert (config.size, config.num_layers, config.embedding_size) == (256, 2, 100)
    assert (config.emotion_size, config.imemory_size) == (100, 256)
    assert (config.use_emb, config.use_imemory, config.use_ememory) == (False, False, False)
    assert (config.mask_padding, config.buckets) == (True, ORIGINAL_BUCKETS)
    training = TrainingConfig()
    assert (training.batch_size, training.learning_rate) == (128, 0.5)
    assert (training.learning_rate_decay_factor, training.max_gradient_norm) == (0.99, 5.0)
    assert (training.steps_per_checkpoint, training.optimizer) == (1000, "sgd")


def test_longest_lengths():
    assert (MODEL.max_post_length, MODEL.max_response_length) == (6, 7)


@pytest.mark.parametrize(
    ("modules", "name"),
    [
        ("", "Seq2Seq"),
        ("emb", "Emb"),
        ("imemory", "IMem alone"),
        ("ememory", "EMem alone"),
        ("imemory ememory", "ECM w/o Emb"),
        ("emb ememory", "ECM w/o IMem"),
        ("emb imemory", "ECM w/o EMem"),
        ("emb imemory ememory", "ECM"),
    ],
)
def test_variant(modules, name):
    on = {f"use_{module}": True for module in modules.split()}
    assert ModelConfig(20, 18, 6, **on).variant == name


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("size", 0),
        ("num_layers", 0),
        ("embedding_size", -1),
        ("emotion_size", 0),
        ("imemory_size", 0),
        ("categories", 0),
        ("post_vocabulary_size", 3),
        ("response_vocabulary_size", 3),
        ("buckets", ()),
        ("buckets", ((1, 5),)),
        ("buckets", ((8, 8), (6, 9))),
        ("buckets", ((8, 8), (9, 7))),
        ("buckets", ((8, 8), (8, 8))),
    ],
)
def test_model_out_of_range(field, value):
    with pytest.raises(InputError, match=f"{field}: expected .*, got"):
        ModelConfig(**{**MODEL.to_dict(), "buckets": MODEL.buckets, field: value})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("batch_size", 0),
        ("epochs", 0),
        ("steps_per_checkpoint", 0),
        ("learning_rate", 0),
        ("max_gradient_norm", -1.0),
        ("learning_rate_decay_factor", 0),
        ("learning_rate_decay_factor", 1.5),
        ("early_stopping", -1),
        ("optimizer", "rmsprop"),
        ("mixed_precision", "int8"),
    ],
)
def test_training_out_of_range(field, value):
    with pytest.raises(InputError, match=f"{field}: expected .*, got"):
        TrainingConfig(**{field: value})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": 3}, r"unknown settings \['colour'\]"),
        ({"size": "big"}, "(?i)expected `int`.*size"),
        ({"use_emb": 1}, "(?i)expected `bool`.*use_emb"),
        ({"buckets": [[1, 2, 3]]}, "buckets"),
        ({"size": 0}, "size: expected at least 1, got 0"),
    ],
)
def test_wrong_file_says_what_and_where(change, message, tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**MODEL.to_dict(), **change}))
    with pytest.raises(InputError, match=message) as error:
        ModelConfig.load(path)
    assert str(path) in str(error.value)


def test_missing_field_is_named():
    values = MODEL.to_dict()
    del values["categories"]
    with pytest.raises(InputError, match="categories"):
        ModelConfig.from_dict(values)


@pytest.mark.parametrize("text", ["{", "[1]", "3", ""])
def test_file_that_is_no_object(text, tmp_path):
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(InputError, match="expected a JSON object"):
        ModelConfig.load(path)


def test_no_file(tmp_path):
    with pytest.raises(InputError, match=r"no such file; expected TrainingConfig"):
        TrainingConfig.load(tmp_path / "config.json")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"decoder": "best"}, "decoder: expected one of"),
        ({"beam_size": 0}, "beam_size: expected at least 1, got 0"),
        ({"beam_size": 6, "beam_groups": 4}, r"beam_groups: expected a divisor of beam_size \(6\)"),
        ({"beam_groups": 0}, "beam_groups: expected at least 1, got 0"),
        ({"candidates": 0}, "candidates: expected at least 1, got 0"),
        ({"diversity": -1.0}, "diversity: expected 0 or more, got -1.0"),
        ({"no_repeat": -1}, "no_repeat: expected 0 or more, got -1"),
        ({"emotion_weight": -1.0}, "emotion_weight: expected 0 or more"),
        ({"rerank": "judge"}, "rerank: expected several replies .* greedy finds one, got 'judge'"),
        ({"decoder": "sample", "mmi_weight": 0.5}, "mmi_weight: expected several replies"),
        ({"mmi_weight": 1.0}, r"mmi_weight: expected a number in \[0, 1\), got 1.0"),
        ({"top_p": 0.0}, r"top_p: expected a number in \(0, 1\], got 0.0"),
    ],
)
def test_searches_out_of_range(settings, message):
    with pytest.raises(InputError, match=message):
        SearchConfig(**settings)
