import json

import pytest

from ecm_tf.config import ModelConfig, SearchConfig, TrainingConfig
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


def test_dict_round_trip():
    assert ModelConfig.from_dict(MODEL.to_dict()) == MODEL
    assert ModelConfig.from_dict(json.loads(json.dumps(MODEL.to_dict()))) == MODEL


def test_lists_are_converted_to_tuples():
    config = ModelConfig(20, 18, 6, size=8, use_emb=True, buckets=[[4, 5], [6, 7]])
    assert config == MODEL
    assert hash(config) == hash(MODEL)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": 3}, r"unknown settings \['colour'\]"),
        ({"size": "big"}, "size: expected an integer of at least 1, got 'big'"),
        ({"use_emb": 1}, "use_emb: expected true or false, got 1"),
        ({"buckets": [[1, 2, 3]]}, r"buckets: expected ascending .*, got \[\[1, 2, 3\]\]"),
        ({"size": 0}, "size: expected an integer of at least 1, got 0"),
    ],
)
def test_wrong_settings_in_a_file(change, message, tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**MODEL.to_dict(), **change}))
    with pytest.raises(InputError, match=message) as error:
        ModelConfig.load(path)
    assert str(path) in str(error.value)


def test_missing_setting():
    values = MODEL.to_dict()
    del values["categories"]
    with pytest.raises(InputError, match=r"configuration: missing settings \['categories'\]"):
        ModelConfig.from_dict(values)


@pytest.mark.parametrize("text", ["{", "[1]", "3", ""])
def test_file_without_a_json_object(text, tmp_path):
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(InputError, match="expected a JSON object"):
        ModelConfig.load(path)


def test_missing_file(tmp_path):
    message = r"no such file; expected a JSON object \(TrainingConfig\)"
    with pytest.raises(InputError, match=message):
        TrainingConfig.load(tmp_path / "config.json")
