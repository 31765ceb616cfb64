"""Sources of labelled sentences that know other categories than the classifier."""

import json

import pytest

from data_prep.classifier.sources import find_sources, read_source
from data_prep.classifier.splits import LabelledSentences, Target
from ecm_tf.core.errors import InputError
from ecm_tf.text.emotions import DEFAULT

EVERYTHING = (0, 1, 2, 3, 4, 5)


@pytest.fixture
def describe(tmp_path):
    """`describe(content, rows)` writes a TOML file, which it returns, and `sentences.jsonl`."""

    def write(content, rows=()):
        lines = [json.dumps({"text": text, "emotion": emotion}) for text, emotion in rows]
        (tmp_path / "sentences.jsonl").write_text("".join(f"{line}\n" for line in lines))
        path = tmp_path / "source.toml"
        path.write_text(content, encoding="utf-8")
        return path

    return write


def test_labels_stand_for_the_categories_that_the_source_says(describe):
    path = describe(
        """files = ["sentences.jsonl"]
categories = ["other", "sad", "angry", "开心"]
weight = 0.5
[labels]
angry = ["angry", "disgust"]
joy = ["happy", "like"]
fear = []
""",
        [("a", "angry"), ("b", "sad"), ("c", "joy"), ("d", "fear"), ("e", "0"), ("f", "fear")],
    )
    sentences = LabelledSentences.read(find_sources([path], DEFAULT), DEFAULT)
    everything = sentences.split("all")
    found = {
        text: sentences.targets[index]
        for text, index in zip(everything.texts, everything.target_ids, strict=True)
    }
    known = EVERYTHING  # `joy` may mean `like`
    assert found == {
        "a": Target((3, 4), known),
        "b": Target((2,), known),
        "c": Target((1, 5), known),
        "e": Target((0,), known),
    }
    assert everything.weights == [0.5] * 4
    assert sentences.unmapped == {"fear": 2}


def test_a_corpus_of_conversations_is_a_source_by_its_columns(describe, tmp_path):
    path = describe(
        """files = ["pairs.tsv", "pairs.jsonl"]
text_column = "response"
emotion_column = "source_emotion"
[labels]
surprise = []
"""
    )
    header = "post\tresponse\tsource_post_emotion\tsource_emotion\n"
    (tmp_path / "pairs.tsv").write_text(header + "a\tb\tangry\tsad\nc\td\tsad\tsurprise\n")
    pair = {"post": "e", "response": "f", "emotion": "sad", "source_emotion": "happy"}
    (tmp_path / "pairs.jsonl").write_text(json.dumps(pair) + "\n")
    sentences = LabelledSentences.read(find_sources([path], DEFAULT), DEFAULT)
    everything = sentences.split("all")
    assert set(everything.texts) == {"b", "f"}
    assert sentences.unmapped == {"surprise": 1}


def test_a_table_without_the_named_column_is_refused(describe, tmp_path):
    path = describe('files = ["sentences.csv"]\nemotion_column = "feeling"\n')
    (tmp_path / "sentences.csv").write_text("text,emotion\na,sad\n")
    expected = "columns text, sentence, content and one of feeling, got text, emotion"
    with pytest.raises(InputError, match=expected):
        LabelledSentences.read(find_sources([path], DEFAULT), DEFAULT)


def test_a_category_that_the_source_lacks_is_left_out_and_not_known(describe):
    path = describe(
        """files = ["sentences.jsonl"]
categories = ["sad", "happy"]
""",
        [("a", "sad"), ("b", "like")],
    )
    sentences = LabelledSentences.read(find_sources([path], DEFAULT), DEFAULT)
    everything = sentences.split("all")
    assert [sentences.targets[i] for i in everything.target_ids] == [Target((2,), (2, 5))]
    assert sentences.unmapped == {"like": 1}
    assert everything.below(6).texts == []


def test_the_numbers_of_other_labels_are_no_ids(describe):
    path = describe(
        """files = ["sentences.jsonl"]
[labels]
"17" = ["happy"]
"6" = ["sad"]
""",
        [("a", "17"), ("b", 6), ("c", "2"), ("d", "7")],
    )
    sources = find_sources([path], DEFAULT)
    everything = LabelledSentences.read(sources, DEFAULT, skip_bad_records=True).split("all")
    targets = dict(zip(everything.texts, everything.target_ids, strict=True))
    assert targets == {"a": 5, "b": 2, "c": 2}
    with pytest.raises(InputError, match="line 4: unknown emotion '7'"):
        LabelledSentences.read(sources, DEFAULT)


def test_files_and_descriptions_mix_and_complete_sources_use_category_ids(describe, write_jsonl):
    path = describe("""files = ["sentences.jsonl"]\nweight = 0.5\n""", [("a", "sad")])
    plain = write_jsonl([{"text": "b", "emotion": "happy"}])
    sentences = LabelledSentences.read(find_sources([path, plain], DEFAULT), DEFAULT)
    everything = sentences.split("all")
    assert dict(zip(everything.texts, everything.target_ids, strict=True)) == {"a": 2, "b": 5}
    assert everything.weights == [0.5, 1.0]
    assert everything.below(6) == everything
    assert sentences.targets == [Target((i,), EVERYTHING) for i in EVERYTHING]


def test_groups_are_the_labels_of_the_source(describe):
    path = describe(
        """files = ["sentences.jsonl"]
categories = ["other", "sad", "angry"]
[labels]
angry = ["angry", "disgust"]
""",
        [("a", "angry"), ("b", "sad")],
    )
    sentences = LabelledSentences.read(find_sources([path], DEFAULT), DEFAULT)
    groups = sentences.groups(sentences.split("all"))
    assert [group.ids for group in groups] == [[0], [2], [3, 4]]
    assert [len(group.targets) for group in groups] == [0, 1, 1]


def test_sources_with_different_categories_have_no_common_groups(describe, write_jsonl):
    path = describe("""files = ["sentences.jsonl"]\ncategories = ["sad"]\n""", [("a", "sad")])
    plain = write_jsonl([{"text": "b", "emotion": "happy"}])
    sentences = LabelledSentences.read(find_sources([path, plain], DEFAULT), DEFAULT)
    with pytest.raises(InputError, match="evaluate them one by one"):
        sentences.groups(sentences.split("all"))


def test_no_file_is_read_twice(describe, tmp_path):
    path = describe('files = ["sentences.jsonl"]\n')
    (tmp_path / "below").mkdir()
    plain, same = tmp_path / "sentences.jsonl", tmp_path / "below" / ".." / "sentences.jsonl"
    for paths in ([plain, same], [path, plain], [path, path]):
        with pytest.raises(
            InputError, match=r"^--sentences: expected every file once, got .*\.jsonl twice\.$"
        ):
            find_sources(paths, DEFAULT)


def test_two_sources_may_read_different_columns_of_a_file(describe, tmp_path):
    responses = describe('files = ["pairs.tsv"]\ntext_column = "response"\n')
    posts = tmp_path / "posts.toml"
    posts.write_text('files = ["pairs.tsv"]\ntext_column = "post"\nemotion_column = "of_post"\n')
    (tmp_path / "pairs.tsv").write_text("post\tresponse\tof_post\temotion\na\tb\tangry\tsad\n")
    sentences = LabelledSentences.read(find_sources([posts, responses], DEFAULT), DEFAULT)
    assert sentences.split("all").texts == ["a", "b"]
    with pytest.raises(InputError, match="once"):
        find_sources([posts, responses, posts], DEFAULT)


def test_files_are_relative_to_the_description_or_to_the_root(describe, tmp_path):
    path = describe("""files = ["x.csv"]\n""")
    assert read_source(path, DEFAULT).files == (tmp_path / "x.csv",)
    assert read_source(path, DEFAULT, tmp_path / "data").files == (tmp_path / "data/x.csv",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "required field `files`"),
        ("files = []", "length >= 1"),
        ("files = ['a.csv']\nweight = 0", "`float` >= 0.001"),
        ("files = ['a.csv']\nweight = inf", "`float` <= 1000"),
        ("files = ['a.csv']\nweight = nan", "`float`"),
        ("files = ['a.csv']\nweights = 1", "unknown field `weights`"),
        ("files = ['a.csv']\ncategories = ['joyful']", "unknown emotion 'joyful'"),
        ("files = ['a.csv']\n[labels]\nfear = ['scared']", "unknown emotion 'scared'"),
        ("files = ", "Invalid value"),
    ],
)
def test_invalid_descriptions(describe, content, message):
    path = describe(content)
    with pytest.raises(InputError) as caught:
        read_source(path, DEFAULT)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
