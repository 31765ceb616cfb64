"""Readers of labelled sentences: all formats and all kinds of invalid records and files."""

import gzip
import json
from collections import Counter

import pytest

from data_prep.classifier.sentence_readers import (
    SENTENCE_FORMATS,
    Sentence,
    UnmappedSentence,
    read_sentences,
)
from data_prep.corpus.bad_records import BadRecord
from ecm_tf.core.errors import InputError
from ecm_tf.text.emotions import DEFAULT, Emotion, Emotions

A, B = Sentence("你 好", 0), Sentence('他说"讨厌"', 3)

SAMPLES = {
    "csv": 'id,text,labels\n1,"你\n好",0\n\n2,"他说""讨厌""",disgust\n',
    "tsv": 'emotion\tid\tsentence\n其他\t1\t你 好\n\n3\t2\t他说"讨厌"\n',
    "jsonl": '{"text": "你\\n好", "emotion": "其他"}\n\n'
    '{"content": "他说\\"讨厌\\"", "label": 3}\n',
    "json": '[{"id": 1, "text": "你\\n好", "emotion": "其他"},\n'
    '{"id": 2, "content": "他说\\"讨厌\\"", "label": 3.0}]\n',
    "xml": '<?xml version="1.0" encoding="UTF-8"?>\n<TrainingData>\n'
    '<weibo id="1" emotion-type1="disgust" emotion-type2="none">\n'
    '<sentence id="1" opinionated="N">你\n好</sentence>\n'
    '<sentence id="2" opinionated="Y" emotion-1-type="disgust" emotion-2-type="anger">'
    "他说&quot;讨厌&quot;</sentence>\n</weibo>\n</TrainingData>\n",
}


@pytest.fixture
def write(tmp_path):
    def write(content: str | bytes, encoding: str = "utf-8"):
        path = tmp_path / "sentences"
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write


def read(path, format=None, emotions=DEFAULT) -> list:
    return list(read_sentences(path, emotions, format))


def message(path, format=None) -> str:
    """Returns the error message of an unreadable file, without its path."""
    with pytest.raises(InputError) as error:
        read(path, format)
    text = str(error.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    return text.removeprefix(f"{path}: ")


@pytest.mark.parametrize("format", SENTENCE_FORMATS)
@pytest.mark.parametrize("given", [True, False])
def test_every_format(write, format, given):
    assert read(write(SAMPLES[format]), format if given else None) == [A, B]


@pytest.mark.parametrize("format", SENTENCE_FORMATS)
def test_gzip_byte_order_mark_and_windows_line_ends(write, format):
    content = b"\xef\xbb\xbf" + SAMPLES[format].replace("\n", "\r\n").encode()
    assert read(write(content)) == [A, B]
    assert read(write(gzip.compress(content))) == [A, B]


def test_quoted_cell_with_line_breaks_and_commas(write):
    path = write('text,labels\n"稳，吾,到\n\n嘛 ？\n",3\n"a\nb",9\nc,4\n')
    good, bad, last = read(path)
    assert (good, last) == (Sentence("稳，吾,到 嘛 ？", 3), Sentence("c", 4))
    assert str(bad).startswith(f"{path}: line 6: unknown emotion '9'; expected one of: 0 other")


NLPCC_2013_SAMPLE = """<?xml version="1.0" encoding="UTF-8"?>
<SampleData>
  <weibo id="1" emotion-type="sadness">
    <sentence id="1" emotion_tag="N">路过[鲜花]</sentence>
    <sentence id="2" emotion_tag="Y" emotion-1-type="sadness" emotion-2-type="anger">悲愤！
</sentence>
    <sentence id="3" emotion_tag="Y" emotion-1-type="surprise" emotion-2-type="none">呀</sentence>
  </weibo>
</SampleData>
"""
NLPCC_2013_TEST = """<?xml version="1.0" encoding="gb2312"?>
<TestingData>
<weibo id="1" emotion-type1="厌恶" emotion-type2="无">
<sentence id="1" opinionated="Y" emotion-1-type="厌恶" emotion-2-type="无">念得我各种烦躁……㐀
</sentence>
<sentence id="2" opinionated="Y" emotion-1-type="恐惧" emotion-2-type="无">怕</sentence>
<sentence id="3" opinionated="Y" emotion-1-type="喜好" emotion-2-type="高兴">好</sentence>
</weibo>
</TestingData>
"""


def test_nlpcc_2013_sample(write):
    path = write(NLPCC_2013_SAMPLE)
    assert read(path) == [
        Sentence("路过[鲜花]", 0),
        Sentence("悲愤！", 2),
        UnmappedSentence(path, 7, "surprise"),
    ]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16"])
def test_nlpcc_2013_test_set_encodings(write, encoding):
    path = write(NLPCC_2013_TEST, encoding)
    assert read(path) == [
        Sentence("念得我各种烦躁……㐀", 3),
        UnmappedSentence(path, 6, "fear"),
        Sentence("好", 1),
    ]


def test_ewect(write):
    labels = ["neutral", "happy", "angry", "sad", "fear", "surprise"]
    rows = [{"id": id_, "content": "好", "label": label} for id_, label in enumerate(labels, 1)]
    path = write(json.dumps(rows))
    assert read(path) == [
        *(Sentence("好", id_) for id_ in (0, 5, 4, 2)),
        UnmappedSentence(path, 5, "fear"),
        UnmappedSentence(path, 6, "surprise"),
    ]
    with_fear = Emotions([Emotion(label, label) for label in labels[:5]])
    assert read(path, emotions=with_fear)[4:] == [
        Sentence("好", 4),
        UnmappedSentence(path, 6, "surprise"),
    ]
    (bad,) = read(write('[{"id": 7, "content": "", "label": "fear"}]'))
    assert "record 1: expected a sentence with visible characters" in str(bad)


def test_tsv_with_quoted_cells(write):
    path = write('text\tlabel\n"他 ""好"""\t5.0\n"迟到\n了"\t4\n"好\t1\n雨\t0\n')
    assert read(path) == [
        *(Sentence('他 "好"', 5), Sentence("迟到 了", 4)),
        *(Sentence('"好', 1), Sentence("雨", 0)),
    ]


def test_utf8_file_that_declares_utf16(write):
    path = write(SAMPLES["xml"].replace("UTF-8", "UTF-16"))
    assert read(path) == [A, B]


def test_custom_categories(write):
    emotions = Emotions([Emotion("fear", "恐惧"), Emotion("surprised", "惊讶")])
    sentences = [
        '<sentence opinionated="N">a</sentence>',
        *(f'<sentence opinionated="Y" emotion-1-type="{e}">a</sentence>' for e in ("fear", "惊讶")),
    ]
    path = write(f"<T>{''.join(sentences)}</T>")
    assert read(path, emotions=emotions) == [
        UnmappedSentence(path, 1, "none"),
        Sentence("a", 0),
        Sentence("a", 1),
    ]


def test_many_sentences(write):
    sentences = "\n".join(f'<sentence opinionated="N">第{i}句</sentence>' for i in range(10_000))
    assert read(write(f"<T>{sentences}</T>")) == [Sentence(f"第{i}句", 0) for i in range(10_000)]


BAD_RECORDS = [
    ("csv", b"text,label\na,fear\n", "unknown emotion 'fear'; expected one of"),
    ("csv", b"text,label\na, \n", "expected an emotion, got none"),
    ("csv", b'text,label\n" ",1\n', "expected a sentence with visible characters, got ''"),
    ("csv", b"text,label\na,b,1\n", "expected 2 columns, as in the header, got 3"),
    ("csv", b"text,label\n\xff,1\n", "expected a sentence in UTF-8, got invalid UTF-8"),
    ("tsv", b"text\tlabel\na\n", "expected 2 columns, as in the header, got 1"),
    ("jsonl", b'\n{"text": "a"}', "one of emotion, label, labels, got text"),
    ("jsonl", b'\n{"text": "a", "label": 1, "emotion": 2}', "got text, label, emotion"),
    ("jsonl", b'\n{"text": 7, "label": 1}', "expected a text in text, got 7"),
    ("jsonl", b'\n{"text": "a", "label": true}', "expected a name or id in label, got true"),
    ("jsonl", b'\n{"text": "\xff", "label": 1}', "got invalid UTF-8 at byte 11"),
    ("jsonl", b"\n[1]", "expected one JSON object, got [1]"),
    ("jsonl", b"\n{", "expected one JSON object, got invalid JSON"),
    ("jsonl", b'\n{"text": "a", "label": "surprise"}', "unknown emotion 'surprise'"),
    ("xml", b'<T>\n<sentence opinionated="N"> </sentence></T>', "with visible characters"),
    ("xml", b"<T>\n<sentence>a</sentence></T>", "opinionated (or emotion_tag) Y or N, got none"),
    ("xml", b'<T>\n<sentence opinionated="Y">a</sentence></T>', "emotion-1-type out of none, like"),
    (
        "xml",
        b'<T>\n<sentence opinionated="Y" emotion-1-type="joy">a</sentence></T>',
        "none, like, happiness, sadness, anger, disgust, fear, surprise, got joy",
    ),
]


@pytest.mark.parametrize(("format", "content", "problem"), BAD_RECORDS)
def test_bad_records(write, format, content, problem):
    path = write(content)
    (bad,) = read(path, format)
    assert isinstance(bad, BadRecord)
    assert str(bad).startswith(f"{path}: line 2: ")
    assert problem in str(bad)
    assert json.loads(bad.json_line())["raw"]


BAD_FILES = [
    (
        None,
        b"",
        "expected sentences in one of the formats csv, tsv, jsonl, json, xml, got an empty file",
    ),
    ("tsv", b"\n", "expected a header line, got an empty file."),
    (None, b"text,id\na,1\n", "expected one of the columns text, sentence, content and one of"),
    (None, b"text,sentence,label\na,1\n", "got text, sentence, label"),
    (None, b'text,label\nb,1\n"a,1\n', "line 3: expected a table with closed quotes"),
    (None, b"<T>\n<a>\nR&D</a></T>", "line 3: expected well-formed XML, got not well-formed"),
    (None, b"<T>\n<sentence>", "line 2: expected well-formed XML, got "),
    (None, b"<T/>", "expected NLPCC's XML with sentence elements, got none."),
    (None, b'<?xml version="1.0" encoding="klingon"?><T/>', "expected an encoding that Python"),
    (None, b"<T>\n\xff</T>", "after line 1: expected text in utf-8-sig"),
    (
        None,
        b'<!DOCTYPE T [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><T><sentence>&b;</sentence></T>',
        "line 1: expected XML without a DOCTYPE, got one.",
    ),
    (
        None,
        gzip.compress(SAMPLES["xml"].encode(), mtime=0)[:-12],
        "expected a readable corpus file; the file cannot be read",
    ),
]


@pytest.mark.parametrize(("format", "content", "problem"), BAD_FILES)
def test_bad_files(write, format, content, problem):
    assert problem in message(write(content), format)


@pytest.mark.parametrize("format", [*SENTENCE_FORMATS, None])
def test_missing_files_and_directories(tmp_path, format):
    assert message(tmp_path / "nothing", format) == "no such file; expected a readable corpus file."
    assert message(tmp_path, format) == "expected a readable corpus file, got a directory."


def test_real_sentences(real_data):
    sentences = read(real_data / "emotion_sentences" / "emotion_sentences.csv")
    assert len(sentences) == 40_133
    assert Counter(sentence.label for sentence in sentences) == {
        **{0: 13_993, 1: 6_697, 2: 5_348},
        **{3: 5_978, 4: 3_167, 5: 4_950},
    }
