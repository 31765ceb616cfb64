"""Corpus readers: all formats and all kinds of invalid records and files."""

import gzip
import json
import os
from pathlib import Path

import pytest

from data_prep.corpus.bad_records import BadRecord
from data_prep.corpus.digests import source_digest
from data_prep.corpus.files import read_head
from data_prep.corpus.readers import LabelOptions, Pair, read_pairs
from ecm_tf.core.errors import InputError
from ecm_tf.text.emotions import DEFAULT

LABELLED = LabelOptions(DEFAULT)
UNLABELLED = LabelOptions(DEFAULT, required=False)
A, B = Pair("你好", "你也好", 1, 0), Pair("下雨了", "讨厌下雨", 3, 2)

SAMPLES = {
    "ecm": [
        [["你好", 0, 5], [["你也好", 1, 5]]],
        [["下雨了", 2, 0], [["讨厌下雨", 3, 0]]],
    ],
    "stc": [
        [["你好", 0, 5], ["你也好", 1, 5]],
        [["下雨了", 2, 0], ["讨厌下雨", "disgust", 0]],
    ],
    "nlpcc": [[["你好", 0], ["你也好", 1]], [["下雨了", 2], ["讨厌下雨", 3]]],
    "jsonl": [
        {"post": "你好", "response": "你也好", "emotion": "like", "post_emotion": "其他"},
        {"post": "下雨了", "response": "讨厌下雨", "emotion": 3, "post_emotion": "2", "id": [7]},
    ],
    "json": [
        {"post": "你好", "response": "你也好", "emotion": "like", "post_emotion": "其他"},
        {"post": "下雨了", "response": "讨厌下雨", "emotion": 3, "post_emotion": "2", "id": [7]},
    ],
    "csv": "emotion,post,id,response,post_emotion\n"
    '喜欢,你好,7,"你也好",0\n3,下雨了,8,讨厌下雨,sad\n',
    "tsv": "emotion\tpost\tid\tresponse\tpost_emotion\n"
    "喜欢\t你好\t7\t你也好\t0\n3\t下雨了\t8\t讨厌下雨\tsad\n",
}


def write(path: Path, sample: object) -> Path:
    if isinstance(sample, str):
        text = sample
    elif sample is SAMPLES["jsonl"]:
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in sample)
    else:
        text = json.dumps(sample, ensure_ascii=False)
    path.write_text(text, encoding="utf-8")
    return path


def read(path: Path, labelling: LabelOptions = LABELLED, format: str | None = None) -> list:
    return list(read_pairs(path, labelling, format))


@pytest.mark.parametrize("format", SAMPLES)
@pytest.mark.parametrize("given", [True, False])
def test_every_labelled_format(tmp_path, format, given):
    path = write(tmp_path / "corpus", SAMPLES[format])
    assert read(path, format=format if given else None) == [A, B]


@pytest.mark.parametrize("format", SAMPLES)
def test_gzip_is_detected_by_content(tmp_path, format):
    path = write(tmp_path / "corpus", SAMPLES[format])
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert read(path) == [A, B]


@pytest.mark.parametrize("format", SAMPLES)
def test_byte_order_mark_and_windows_line_endings(tmp_path, format):
    path = write(tmp_path / "corpus", SAMPLES[format])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert read(path) == [A, B]


def test_lccc_pairs_adjacent_utterances_and_removes_spaces(tmp_path):
    path = write(tmp_path / "corpus", [["我 有 iphone 6 s", "真 的 吗 ？", "a  b 好  c"]])
    assert read(path, UNLABELLED) == [
        Pair("我有iphone 6 s", "真的吗？", None, None),
        Pair("真的吗？", "a b好c", None, None),
    ]


def test_ecm_post_with_several_responses(tmp_path):
    path = write(tmp_path / "corpus", [[["a", 0, 0], [["b", 1, 0], ["c", 2, 0]]]])
    assert read(path) == [Pair("a", "b", 1, 0), Pair("a", "c", 2, 0)]


def test_white_space_becomes_single_spaces(write_jsonl):
    path = write_jsonl([{"post": " a\t b\n", "response": "c\u2028\u3000d\r\n", "emotion": 0}])
    assert read(path) == [Pair("a b", "c d", 0, None)]


def test_default_emotion_applies_to_responses_without_label(write_jsonl):
    path = write_jsonl(
        [
            {"post": "a", "response": "b"},
            {"post": "a", "response": "b", "emotion": None},
            {"post": "a", "response": "b", "emotion": "", "post_emotion": " "},
            {"post": "a", "response": "b", "emotion": 5},
        ]
    )
    pairs = read(path, LabelOptions(DEFAULT, default=2))
    assert [pair.emotion for pair in pairs] == [2, 2, 2, 5]
    assert [pair.post_emotion for pair in pairs] == [None] * 4


@pytest.mark.parametrize("ending", ["tsv", "csv", "json", "jsonl"])
def test_a_blank_emotion_is_no_label_in_every_format(tmp_path, ending):
    separator = {"tsv": "\t", "csv": ","}.get(ending)
    rows = [("post", "response", "emotion", "post_emotion"), ("a", "b", "", " ")]
    text = "".join(f"{separator.join(row)}\n" for row in rows) if separator else ""
    if not separator:
        row = dict(zip(*rows, strict=True))
        text = json.dumps([row] if ending == "json" else row)
    path = tmp_path / f"pairs.{ending}"
    path.write_text(text)
    assert read(path, LabelOptions(DEFAULT, default=2)) == [Pair("a", "b", 2, None)]
    (bad,) = read(path, LabelOptions(DEFAULT))
    assert "expected an emotion, got none" in str(bad)


def test_blank_lines_are_skipped_but_numbered(tmp_path):
    path = tmp_path / "corpus"
    path.write_text("\npost\tresponse\temotion\n\na\tb\t1\n\nc\td\t9\n")
    pair, bad = read(path)
    assert pair == Pair("a", "b", 1, None)
    assert bad.record == 6


GOOD_LINE = {"post": "好", "response": "好", "emotion": 1}
BAD_LINES = [
    ({"post": "好", "emotion": 1}, "Object missing required field `response`"),
    ({"post": 7, "response": "好", "emotion": 1}, "Expected `str`, got `int` - at `$.post`"),
    ({"post": "好", "response": "好", "emotion": True}, "the name or id of an emotion, got true"),
    (
        {"post": "好", "response": "好", "emotion": 6},
        "response: unknown emotion 6; expected one of",
    ),
    ({**GOOD_LINE, "post_emotion": "joyful"}, "post: unknown emotion 'joyful'; expected one of"),
    ({"post": "好", "response": "好"}, "expected an emotion, got none; add emotions to the corpus"),
    ({"post": " \t", "response": "好", "emotion": 1}, "expected a post with visible characters"),
    ({**GOOD_LINE, "response": "\u200b\x00"}, "expected a response with visible characters"),
    ({**GOOD_LINE, "post": "\u200b" * 1000 + "好"}, "expected a post with visible characters"),
    ([1, 2], "Expected `object`, got `array`"),
    (b'{"post": "a"', "expected one JSON object, got invalid JSON"),
    (b'{"post": "\\ud800", "response": "b", "emotion": 1}', "got invalid JSON"),
    (b'{"x": ' + b"[" * 100_000, "got invalid JSON"),
    (b'{"post": "\xff", "response": "b", "emotion": 1}', "got invalid UTF-8 at byte 11"),
]


@pytest.mark.parametrize(("line", "problem"), BAD_LINES)
def test_bad_line_between_good_lines(write_jsonl, line, problem):
    path = write_jsonl([GOOD_LINE, line, GOOD_LINE])
    first, bad, last = read(path)
    assert first == last == Pair("好", "好", 1, None)
    assert isinstance(bad, BadRecord)
    assert (bad.file, bad.record) == (path, 2)
    assert str(bad).startswith(f"{path}: line 2: ")
    assert problem in str(bad)
    assert len(bad.raw) <= 201


@pytest.mark.parametrize("given", ["lccc", None])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_lccc_with_one_dialogue_per_line(tmp_path, given, pack):
    path = tmp_path / "lccc_base_train.jsonl.gz"
    lines = '["火锅 我", "哈哈 ！", "b  c"]\n\n["alone"]\n["a", 7]\n{}\n["a", "b"]\n'
    path.write_bytes(pack(lines.encode()))
    first, second, *bad, last = read(path, UNLABELLED, given)
    assert first == Pair("火锅我", "哈哈！", None, None)
    assert second == Pair("哈哈！", "b c", None, None)
    assert last == Pair("a", "b", None, None)
    assert [str(item).removeprefix(f"{path}: ") for item in bad] == [
        'line 3: expected a list of at least two utterances, got ["alone"].',
        "line 4: expected a list of utterances with spaces between characters, got 7.",
        "line 5: expected a list of at least two utterances, got {}.",
    ]


@pytest.mark.parametrize("first", ['["a", null]', "[]", '["a"]'])
def test_a_bad_first_dialogue_does_not_hide_the_others(tmp_path, first):
    path = tmp_path / "lccc.jsonl"
    path.write_text(f'{first}\n["a", "b"]\n', encoding="utf-8")
    bad, pair = read(path, UNLABELLED)
    assert str(bad).startswith(f"{path}: line 1: ")
    assert pair == Pair("a", "b", None, None)


def test_dialogues_of_other_languages_keep_their_spaces(tmp_path):
    path = tmp_path / "dialogues.json"
    dialogue = ["я тебя  люблю", "안녕 하세요", "plan B. A new one", "我 爱 hello world ！"]
    path.write_text(json.dumps([dialogue]), encoding="utf-8")
    texts = [pair.post for pair in read(path, UNLABELLED)]
    assert texts == ["я тебя люблю", "안녕 하세요", "plan B. A new one"]
    assert read(path, UNLABELLED)[-1].response == "我爱hello world！"


def test_an_empty_list_has_no_pairs(tmp_path):
    assert read(write(tmp_path / "shard.json", [])) == []


def test_labels_that_are_ignored_may_have_any_type(write_jsonl):
    path = write_jsonl([{**GOOD_LINE, "emotion": ["joy"], "post_emotion": True}])
    assert read(path, LabelOptions(None, required=False)) == [Pair("好", "好", None, None)]


@pytest.mark.parametrize("emotion", ["5.0", 5.0, " 5.0 ", "5.000"])
def test_labels_that_pandas_wrote_as_floating_point_numbers(write_jsonl, emotion):
    assert read(write_jsonl([{**GOOD_LINE, "emotion": emotion}])) == [Pair("好", "好", 5, None)]


def test_fractional_label(write_jsonl):
    (bad,) = read(write_jsonl([{**GOOD_LINE, "emotion": 1.5}]))
    assert "response: unknown emotion '1.5'" in str(bad)


def test_bad_objects_of_a_json_list(tmp_path):
    path = tmp_path / "pairs.json"
    path.write_text(json.dumps([GOOD_LINE, {"post": "好"}, 7]), encoding="utf-8")
    good, missing, number = read(path)
    assert good == Pair("好", "好", 1, None)
    assert "record 2: expected {" in str(missing)
    assert "Object missing required field `response`" in str(missing)
    assert "record 3: expected {" in str(number)


BAD_TABLE_LINES = [
    (b"a\tb", "expected 3 columns separated by tabs, as in the header, got 2"),
    (b"a\tb\t1\t", "got 4"),
    (b"a\tb\t7", "response: unknown emotion '7'"),
    (b"a\tb\t ", "expected an emotion, got none"),
    (b"a\t\t1", "expected a response with visible characters"),
    (b"a\t\xe4\xbd\t1", "got invalid UTF-8 at byte 3"),
]


@pytest.mark.parametrize(("line", "problem"), BAD_TABLE_LINES)
def test_bad_table_lines(tmp_path, line, problem):
    path = tmp_path / "pairs.tsv"
    path.write_bytes(b"post\tresponse\temotion\na\tb\t1\n" + line + b"\n")
    good, bad = read(path)
    assert good == Pair("a", "b", 1, None)
    assert str(bad).startswith(f"{path}: line 3: ")
    assert problem in str(bad)


BAD_ARRAY_RECORDS = [
    ("ecm", [["a", 0, 0]], "expected [post, list of responses], got"),
    ("ecm", [["a", 0, 0], []], "expected [post, list of responses], got"),
    (
        "ecm",
        [["a", 0], [["b", 0, 0]]],
        "expected [[post, tag1, tag2], [[response, tag1, tag2], …]]",
    ),
    ("ecm", [["a", 0, 0], [[" ", 0, 0]]], "expected a response with visible characters"),
    ("stc", "no", "expected [post, response], got no"),
    ("stc", [["a", 0, 0], [5, 0, 0]], "got [5, 0, 0]"),
    ("stc", [["a", 0, 0], ["b", 9, 0]], "response: unknown emotion 9"),
    (
        "stc",
        [["a", 0, 0], ["b", True, 0]],
        "the name or id of an emotion, got true",
    ),
    ("stc", [["a", 0, 0], ["b", None, 0]], "expected an emotion, got none"),
    ("nlpcc", [["a", 0], ["b"]], 'got ["b"]'),
    ("nlpcc", [["a", 1.5], ["b", 0]], "post: unknown emotion '1.5'"),
    ("nlpcc", [["a", 0], ["b\ud800", 0]], "expected a response in UTF-8, got invalid UTF-8"),
    ("lccc", ["alone"], "expected a list of at least two utterances"),
    ("lccc", ["a", {}], "got {}"),
]


@pytest.mark.parametrize(("format", "record", "problem"), BAD_ARRAY_RECORDS)
def test_bad_array_records(tmp_path, format, record, problem):
    good = {**SAMPLES, "lccc": [["你 好", "你 也 好"]]}[format][0]
    path = tmp_path / "corpus.json"
    path.write_text(json.dumps([record, good]), encoding="utf-8")
    bad, pair = read(path, LABELLED if "emotion, got none" in problem else UNLABELLED)[:2]
    assert (pair.post, pair.response) == ("你好", "你也好")
    assert str(bad).startswith(f"{path}: record 1: ")
    assert problem in str(bad)


def test_invalid_utf8_in_an_array_is_reported_with_its_record(tmp_path):
    path = tmp_path / "corpus.json"
    path.write_bytes(b'[[["a", 0], ["b", 0]], [["\xff", 0], ["b", 0]]]')
    good, bad = read(path)
    assert good == Pair("a", "b", 0, 0)
    assert str(bad) == f"{path}: record 2: expected a post in UTF-8, got invalid UTF-8."
    assert bad.raw.encode()


def test_one_bad_response_does_not_affect_the_others(tmp_path):
    path = write(tmp_path / "corpus", [[["a", 0, 0], [["b", 1, 0], ["c", 0], ["d", 2, 0]]]])
    first, bad, last = read(path)
    assert (first.response, last.response) == ("b", "d")
    assert "record 1: pair 2: expected" in str(bad)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"hello\tworld\n", "expected a corpus in one of the formats ecm, stc, nlpcc, lccc, json,"),
        (b"hello\tworld\n", "starts with 'hello"),
        (b"\xff\xfe\x00", "got a file that starts with"),
        (b"[1, 2]", "expected a JSON list of records with one of the structures"),
        (b"[[", "got invalid JSON: Expecting"),
        (b"[" * 100_000, "got invalid JSON"),
        (
            b"post\tresponse\tpost\na\tb\tc\n",
            "each once, separated by tabs, got post\tresponse\tpost",
        ),
        (
            gzip.compress(b"[]" * 1000, mtime=0)[:-12],
            "expected a readable corpus file; the file cannot be read",
        ),
    ],
)
def test_files_of_unknown_format(tmp_path, content, problem):
    path = tmp_path / "corpus"
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        read(path)
    assert str(error.value).startswith(f"{path}: ")
    assert problem in str(error.value)
    assert "\n" not in str(error.value)


def test_carriage_returns_alone_end_no_line(tmp_path):
    path = tmp_path / "mac.tsv"
    path.write_bytes(b"post\tresponse\temotion\ra\tb\tsad\r")
    with pytest.raises(InputError, match=r"mac\.tsv: expected lines that end with a line feed"):
        list(read_pairs(path, UNLABELLED))


def test_an_empty_shard_has_no_pairs(tmp_path):
    (tmp_path / "part-1.jsonl").touch()
    assert list(read_pairs(tmp_path / "part-1.jsonl", UNLABELLED)) == []


@pytest.mark.parametrize("format", ["jsonl", "ecm", None])
def test_missing_files_and_directories(tmp_path, format):
    with pytest.raises(InputError, match="no such file; expected a readable corpus file"):
        read(tmp_path / "nothing", format=format)
    with pytest.raises(InputError, match="expected a readable corpus file, got a directory"):
        read(tmp_path, format=format)


def test_wrong_format(tmp_path):
    path = write(tmp_path / "corpus", SAMPLES["jsonl"])
    with pytest.raises(InputError, match="header line with the columns post and response"):
        read(path, format="tsv")
    with pytest.raises(InputError, match="invalid JSON"):
        read(path, format="ecm")
    assert all(
        isinstance(item, BadRecord) for item in read(path=write(path, "a\nb\n"), format="jsonl")
    )


@pytest.mark.parametrize(
    ("name", "labelling", "count"),
    [
        ("estc_sample/stc_1000_pairs.json", LABELLED, 1000),
        ("estc_sample/ecm_sample.json", LABELLED, 173),
        ("lccc/lccc_base_valid.json", UNLABELLED, 36_917),
        ("lccc/lccc_base_test.json", UNLABELLED, 19_008),
    ],
)
def test_real_corpora(real_data, name, labelling, count):
    pairs = read(real_data / name, labelling)
    assert all(isinstance(pair, Pair) for pair in pairs)
    assert len(pairs) == count


def test_a_pipe_is_refused(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for function in (read_head, source_digest):
        with pytest.raises(InputError, match="can be read more than once, got a pipe"):
            function(pipe)
