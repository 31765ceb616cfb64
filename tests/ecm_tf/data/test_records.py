import numpy as np
import pytest
import tensorflow as tf

from ecm_tf.data.records import UNKNOWN_EMOTION, parse_pair, parse_pairs, serialize_pair

PAIR = {
    "post": [4, 1, 70_000],
    "response": [5],
    "emotion": 3,
    "post_emotion": 2,
    "post_text": "今天 好 吗".encode(),
    "response_text": b"\xff raw bytes",
}


def parsed(with_texts=True, **changes):
    record = serialize_pair(**{**PAIR, **changes})
    return {k: v.numpy() for k, v in parse_pair(tf.constant(record), with_texts=with_texts).items()}


def test_round_trip():
    pair = parsed()
    assert {name: getattr(v, "tolist", lambda v=v: v)() for name, v in pair.items()} == PAIR
    for name in ("post", "response", "emotion", "post_emotion"):
        assert pair[name].dtype == "int32"


def test_unknown_post_emotion():
    assert parsed(post_emotion=None)["post_emotion"] == UNKNOWN_EMOTION


def test_empty_texts():
    pair = parsed(post=[], response=[])
    assert pair["post"].shape == pair["response"].shape == (0,)


def test_texts_are_optional():
    assert set(parsed(with_texts=False)) == {"post", "response", "emotion", "post_emotion"}


def test_serialization_is_deterministic():
    assert serialize_pair(**PAIR) == serialize_pair(**PAIR)
    assert serialize_pair(**PAIR) != serialize_pair(**{**PAIR, "emotion": 4})


def test_parsing_in_a_dataset():
    records = [serialize_pair(**{**PAIR, "post": list(range(n))}) for n in range(3)]
    pairs = tf.data.Dataset.from_tensor_slices(records).map(parse_pair)
    assert [len(pair["post"]) for pair in pairs] == [0, 1, 2]
    assert pairs.element_spec["emotion"].shape == []


@pytest.mark.parametrize("record", [b"", b"no example"])
def test_record_of_another_schema(record):
    with pytest.raises(tf.errors.InvalidArgumentError):
        parse_pair(tf.constant(record))


def test_batch_parsing_equals_single_parsing():
    rows = [PAIR, {**PAIR, "post": [], "post_emotion": None}, {**PAIR, "response": [7, 8]}]
    records = [serialize_pair(**row) for row in rows]
    batch = parse_pairs(tf.constant(records), with_texts=True)
    for place, record in enumerate(records):
        for name, value in parse_pair(tf.constant(record), with_texts=True).items():
            assert batch[name].dtype == value.dtype
            assert np.array_equal(batch[name][place].numpy(), value.numpy())
