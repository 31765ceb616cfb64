import json

import pytest

from ecm_tf.core.errors import InputError
from ecm_tf.text.emotions import DEFAULT, Emotion, Emotions


def test_default_ids_are_the_original_program_s():
    assert DEFAULT.names == ["other", "like", "sad", "disgust", "angry", "happy"]
    assert [emotion.chinese for emotion in DEFAULT] == [
        *("其他", "喜欢", "悲伤", "厌恶", "愤怒", "高兴")
    ]


@pytest.mark.parametrize("text", ["sad", " SAD ", "悲伤", "难过", "sadness", "2", 2])
def test_names_aliases_and_numbers(text):
    assert DEFAULT.id_of(text) == 2


@pytest.mark.parametrize("text", ["", "joy", "6", "-1", 6, True, 2.0, None])
def test_unknown_emotions_are_refused_with_a_list_of_known_ones(text):
    with pytest.raises(InputError, match=r"expected one of: 0 other 其他, 1 like 喜欢, .*5 happy"):
        DEFAULT.id_of(text)


def test_ids_by_text():
    emotions = Emotions([Emotion("Calm", "平静", ("Zen",)), Emotion("up", "上")])
    assert emotions.ids_by_text == {
        **{"calm": 0, "平静": 0, "0": 0, "zen": 0},
        **{"up": 1, "上": 1, "1": 1},
    }
    assert emotions.id_of("CALM") == 0


def test_sequence_protocol():
    assert len(DEFAULT) == 6
    assert DEFAULT[1].name == "like"
    assert DEFAULT[-1].name == "happy"
    assert list(DEFAULT) == [DEFAULT[id_] for id_ in range(6)]


@pytest.mark.parametrize(
    "categories",
    [
        [Emotion("a", "一"), Emotion("A", "二")],
        [Emotion("a", "一"), Emotion("b", "一")],
        [Emotion("a", "一", ("c",)), Emotion("b", "二", ("c",))],
        [Emotion("1", "一"), Emotion("b", "二")],
    ],
)
def test_names_must_be_unique(categories):
    with pytest.raises(InputError, match="names two categories"):
        Emotions(categories)


def test_no_categories():
    with pytest.raises(InputError, match="at least one"):
        Emotions([])


def test_categories_are_equal_without_their_aliases():
    calm = Emotion("calm", "平静")
    assert Emotions([calm]) == Emotions([Emotion("calm", "平静", ("quiet",))])
    assert Emotions([calm]) != Emotions([Emotion("calm", "静")])


@pytest.mark.parametrize("emotions", [DEFAULT, Emotions([Emotion("one", "一")])])
def test_file_round_trip(emotions, tmp_path):
    emotions.save(tmp_path / "emotions.json")
    loaded = Emotions.load(tmp_path / "emotions.json")
    assert loaded == emotions
    assert hash(loaded) == hash(emotions)
    assert loaded.ids_by_text == emotions.ids_by_text


def test_chinese_names_and_aliases_are_optional(tmp_path):
    path = tmp_path / "emotions.json"
    path.write_text(json.dumps([{"name": "calm"}, {"name": "up", "chinese": "上"}]))
    assert Emotions.load(path) == Emotions([Emotion("calm", "calm"), Emotion("up", "上")])


@pytest.mark.parametrize(
    "text",
    [
        *("[", "[]", "[1]", "3", '[{"chinese": "上"}]', '{"name": "a"}', '[{"name": " "}]'),
        '[{"name": "calm", "aliases": "peaceful"}]',
        '[{"name": "calm", "alias": ["peaceful"]}]',
        '[{"name": "calm", "chinese": "\\ud83d"}]',
        '[{"name": "calm"}, {"name": "Calm"}]',
    ],
)
def test_malformed_file(text, tmp_path):
    path = tmp_path / "emotions.json"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        Emotions.load(path)
    assert str(error.value).startswith(f"{path}: expected a JSON list of ")
    assert str(error.value).endswith(".") and not str(error.value).endswith("..")


def test_only_numbered_categories_are_named_by_their_ids():
    emotions = Emotions([Emotion("calm", "平静"), Emotion("7", "7")], numbered=1)
    assert emotions.id_of("0") == emotions.id_of(0) == 0
    assert emotions.id_of("7") == 1
    with pytest.raises(InputError, match="unknown emotion 1; expected one of: 0 calm 平静, 7 7"):
        emotions.id_of(1)


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        Emotions.load(tmp_path / "emotions.json")
