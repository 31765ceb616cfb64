"""The experiment scripts, run on generated corpora of a few hundred pairs with tiny models."""

import csv
import gzip
import json
import os
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from statistics import mean, stdev
from unittest import mock

import command_server
import pytest
from eager_runs import eager_execution
from markdown_rows import table_rows

import ecm_tf
from data_prep.corpus.sample import write_sample
from data_prep.merge.sources import read_sources
from ecm_tf.core.manifest import read_manifest, sha256
from ecm_tf.train import main as train_main
from experiments import leave_one_out

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
TINY_MODEL = (
    "--size 8 --num_layers 1 --embedding_size 6 --emotion_size 5 --imemory_size 7 --buckets 4,4"
)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """The DATA directory of the scripts, made from the sample corpus."""
    data = tmp_path_factory.mktemp("experiments") / "data"
    write_sample(data / "sample")
    with (data / "sample/train.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    random.Random(0).shuffle(rows)
    folders = ("emotion_sentences", "emotion_extra", "lccc", "stc", "lexicon")
    sentences, extra, lccc, stc, lexicon = (data / name for name in folders)
    for folder in (sentences, extra, lccc, stc, lexicon):
        folder.mkdir()

    labelled = iter(rows)
    write_sentences(sentences / "emotion_sentences.csv", islice(labelled, 150))
    for name in ("weibo_hashtag", "nlpcc2013_new"):
        write_sentences(extra / f"{name}.tsv.gz", islice(labelled, 100))
    known = ("other", "sad", "angry", "happy")
    for name in ("smp_usual_train_4class", "smp_virus_train_4class"):
        some = [row for row in islice(labelled, 120) if row["emotion"] in known]
        write_sentences(extra / f"{name}.tsv.gz", some)
    some = [row for row in islice(labelled, 120) if row["emotion"] != "other"]
    write_sentences(extra / "clue_valid.tsv.gz", some)

    dialogues = [[row["post"], row["response"]] for row in rows[:120]]
    for split, part in (("valid", dialogues[:100]), ("test", dialogues[100:])):
        write_json(lccc / f"lccc_base_{split}.json", part)
    pairs = [
        [[spaced(row["post"]), 0, 0], [[spaced(row["response"]), row["emotion"], 0]]]
        for row in rows[:60]
    ]
    write_json(stc / "train.json", pairs[:40])
    write_json(stc / "test.json", pairs[40:])
    words = {"乐": ["开心"], "好": ["喜欢"], "怒": ["生气"], "哀": ["难过"], "恶": ["讨厌"]}
    write_json(lexicon / "dutir_seven_classes.json", words)
    return data


def write_sentences(path: Path, rows: Iterable[dict[str, str]]) -> None:
    """Writes labelled sentences as a table: `.csv`, or `.tsv.gz`."""
    with (gzip.open if path.suffix == ".gz" else open)(
        path, "wt", encoding="utf-8", newline=""
    ) as file:
        table = csv.writer(file, delimiter="\t" if path.suffix == ".gz" else ",")
        table.writerow(["text", "emotion"])
        table.writerows([row["response"], row["emotion"]] for row in rows)


def write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


def spaced(text: str) -> str:
    return " ".join(re.findall("[\u4e00-\u9fff]{1,2}|.", text))


# TensorFlow says that eager mode does not apply to input pipelines.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Even though the:UserWarning"),
    pytest.mark.xdist_group("experiments"),  # the output of `corpus.sh` is made once
]


def run(
    script: str, *arguments: object, status: int = 0, **environment: str
) -> command_server.ScriptResult:
    """Runs a script and returns its result; its last path is a directory that it writes to.

    The commands use one process each, because worker processes take seconds to start.
    """
    *_, output = (path for path in arguments if isinstance(path, Path))
    directory = output.with_suffix(".run")
    directory.mkdir(exist_ok=True)
    with mock.patch.dict(os.environ, {"LOKY_MAX_CPU_COUNT": "1"}):
        result = command_server.run_script(
            EXPERIMENTS / script, arguments, directory, **environment
        )
    assert result.status == status, result.output
    return result


SOURCES = """
[sources.lccc]
train = ["lccc/lccc_base_valid.json"]
test = ["lccc/lccc_base_test.json"]
dev_fraction = 0.2
terms = "made for this test"

[sources.stc]
train = ["stc/train.json"]
test = ["stc/test.json"]
terms = "made for this test"
"""


@pytest.fixture(scope="module")
def corpus(data) -> Path:
    """The output of `corpus.sh`."""
    output = data.parent / "corpus"
    result = run("corpus.sh", data, output, **corpus_flags(data))
    ran = [command[1] for command in result.commands]
    assert ran == [
        *("merge", "classifier", "classifier", "classifier", "classifier", "classifier"),
        *("label", "label", "label", "label", "build", "lexicon", "build", "build", "build"),
        "report",
    ]
    assert result.output.count(" s, peak memory ") == len(ran), "each step is measured"
    return output


def corpus_flags(data: Path) -> dict[str, str]:
    sources = data / "sources.toml"
    sources.write_text(SOURCES, encoding="utf-8")
    return {"SOURCES": str(sources), "CLASSIFIER_FLAGS": "--epochs 1"}


@pytest.mark.slow
def test_corpus_merges_labels_and_builds_and_resumes(corpus, data):
    assert (corpus / "merged/report.md").is_file()
    assert (corpus / "dataset-report/index.html").is_file()
    scores = json.loads(
        (corpus / "classifier-scores/hashtag_nlpcc/scores.json").read_text(encoding="utf-8")
    )
    assert len(scores) == 3
    pairs = {
        name: read_manifest(corpus / name, "dataset")["counts"]["pairs"]
        for name in ("dataset", "dataset-test-lccc", "dataset-test-stc")
    }
    assert all(pairs["dataset"].values())
    parts = pairs["dataset-test-lccc"]["test"] + pairs["dataset-test-stc"]["test"]
    assert pairs["dataset"]["test"] == parts
    assert run("corpus.sh", data, corpus, **corpus_flags(data)).commands == [], "all are skipped"


def test_a_corpus_needs_a_source_that_is_held_out(data, tmp_path):
    sources = tmp_path / "sources.toml"
    lines = ["[sources.stc]", 'train = ["stc/train.json"]', 'terms = "made for this test"']
    sources.write_text("\n".join(lines), encoding="utf-8")
    result = run("corpus.sh", data, tmp_path / "corpus", status=2, SOURCES=str(sources))
    assert result.output.endswith(
        f"error: {sources}: expected a source with a dev part, got none.\n"
    )
    assert [command[1] for command in result.commands] == ["merge"]
    assert not (tmp_path / "corpus/merged").exists(), "the corrected list is merged again"


def test_only_two_sources_of_the_corpus_are_held_out():
    sources = read_sources(EXPERIMENTS / "conversations/zh.toml")
    for split in ("dev", "test"):
        suppliers = {name for name, source in sources.items() if source.supplies(split)}
        assert suppliers == {"lccc", "xdailydialog"}


def merged(corpus: Path, split: str) -> list[dict[str, str]]:
    with (corpus / "merged" / f"{split}.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


TINY_RUN = {
    "TRAIN_FLAGS": f"{TINY_MODEL} --epochs 1 --batch_size 64",
    "EVALUATE_FLAGS": "--posts 1 --samples 1",
}


@pytest.mark.slow
def test_table4_records_each_run_and_prints_the_table(corpus, tmp_path):
    output, results = tmp_path / "table4", tmp_path / "results"
    runs = ["ecm-0", "seq2seq-0", "seq2seq-1"]
    with eager_execution():  # a tiny model takes longer to trace than to train
        result = run("table4.sh", corpus, output, results, *runs, **TINY_RUN)
        again = run("table4.sh", corpus, output, results, *runs, **TINY_RUN)
    assert {path.stem for path in results.iterdir()} == set(runs)
    metrics = json.loads((results / "ecm-0.json").read_text(encoding="utf-8"))
    assert metrics["variant"] == "ECM"
    assert metrics["test"].keys() == {"lccc", "stc"}
    assert metrics["replies"].keys() == {"greedy", "beam 20"}
    judges = metrics["replies"]["greedy"]["accuracy"]
    assert judges.keys() == {"classifier", "naive_bayes", "independent"}
    _, *by_variant = table_rows(again.output)
    assert [row[:3] for row in by_variant] == [["ecm", "ECM", "1"], ["seq2seq", "Seq2Seq", "2"]]
    perplexities = [
        json.loads((results / f"seq2seq-{seed}.json").read_text())["test"]["lccc"]["perplexity"]
        for seed in (0, 1)
    ]
    expected = f"{mean(perplexities):.1f} ± {stdev(perplexities):.1f}"
    assert by_variant[1][3] == expected
    assert len(result.commands) == 3 * 4 + 1
    assert [command[0] for command in again.commands] == ["experiments.metrics"], "all are recorded"


@pytest.mark.slow
def test_relevance_pretrains_and_records_changes(corpus, data, tmp_path):
    """Of the changes, those that need more than a flag: they train on other pairs.

    The subtitles are the sample corpus, whose posts are partly those of dev and test.
    """
    subtitles = data / "dialogue/zh"
    subtitles.mkdir(parents=True, exist_ok=True)
    pairs = json.loads((data / "lccc/lccc_base_valid.json").read_text(encoding="utf-8"))
    for name in ("msctd", "dgk_subtitles"):
        with gzip.open(subtitles / f"{name}.tsv.gz", "wt", encoding="utf-8") as file:
            file.writelines(
                f"{post}\t{response}\n" for post, response in [("post", "response"), *pairs]
            )
    output, results = tmp_path / "relevance", tmp_path / "results"
    # `test_table4_records_each_run_and_prints_the_table` has a wider beam.
    searches = tmp_path / "searches.toml"
    searches.write_text('[greedy]\n[few]\ndecoder = "beam"\nbeam_size = 2\n', encoding="utf-8")
    with eager_execution():
        run(
            "relevance.sh",
            data,
            corpus,
            output,
            results,
            "pretrained-0",
            "weighted-0",
            **{**TINY_RUN, "SEARCHES": str(searches)},
            **corpus_flags(data),
        )
    assert {path.stem for path in results.iterdir()} == {"pretrained-0", "weighted-0"}
    weights = {
        name: source.weight
        for name, source in read_sources(output / "weighted/sources.toml").items()
    }
    assert weights == {"lccc": 2, "stc": 1}
    basis, repeated = (
        Counter(row["source"] for row in merged(directory, "train"))
        for directory in (corpus, output / "weighted")
    )
    assert repeated == basis + Counter(lccc=basis["lccc"]) != basis
    words = (corpus / "dataset/assets/response_vocabulary.txt").read_bytes()
    held_out = {row["post"] for split in ("dev", "test") for row in merged(corpus, split)}
    for made in (output / "weighted", output / "subtitles"):
        assert (made / "dataset/assets/response_vocabulary.txt").read_bytes() == words
        assert held_out.isdisjoint(row["post"] for row in merged(made, "train"))
        counted = read_manifest(made / "dataset", "dataset")["counts"]["pairs"]
        assert counted["train"] == len(merged(made, "train")) and counted["test"] == 0
    manifest = read_manifest(output / "pretrained-0", "model")
    digest = sha256(output / "subtitles/model/manifest.json")
    assert manifest["sources"]["pretrain_dir"] == digest, "it begins with the model of subtitles"


def test_a_corpus_without_lccc_cannot_count_it_twice(tmp_path):
    sources = tmp_path / "sources.toml"
    sources.write_text("[sources.stc]\n", encoding="utf-8")
    arguments = [tmp_path / name for name in ("data", "corpus", "output", "results")]
    result = run("relevance.sh", *arguments, "weighted-0", status=2, SOURCES=str(sources))
    assert f"{sources}: expected a source lccc" in result.output
    assert not (tmp_path / "output/weighted").exists()


@pytest.mark.slow
def test_searches_are_compared_on_one_model(corpus, tmp_path):
    """The model is trained by the test, with the flags of the other one."""
    model, output = tmp_path / "model", tmp_path / "searches"
    flags = f"--dataset {corpus}/dataset --train_dir {model} --use_emb {TINY_RUN['TRAIN_FLAGS']}"
    with eager_execution():
        train_main(flags.split())
        run("searches.sh", corpus, model, output, EVALUATE_FLAGS="--posts 1 --samples 0")
    metrics = json.loads((output / "evaluation/metrics.json").read_text(encoding="utf-8"))
    assert len(metrics["models"]) == 12


@pytest.mark.slow
def test_leave_one_out_judges_each_source(data, tmp_path, capsys):
    output = tmp_path / "classifiers"
    flags = ["--network", "naive_bayes"]
    run("leave_one_out.sh", data, output, "alone", *flags, ONLY="emotion_sentences")
    run("leave_one_out.sh", data, output, "mixed", *flags)
    assert run("leave_one_out.sh", data, output, "mixed", *flags).commands == []
    leave_one_out.main([str(output)])
    header, alone, mixed = table_rows(capsys.readouterr().out)
    sources = sorted(path.stem for path in (EXPERIMENTS / "emotion_sources/zh").glob("*.toml"))
    assert header[1:5] == sources
    assert [alone[0], mixed[0]] == ["alone", "mixed"]
    assert alone[1 + sources.index("emotion_sentences")] == "", "it was trained on this source"
    others = [float(alone[1 + i]) for i in range(len(sources)) if alone[1 + i]]
    assert len(others) == 3
    assert float(alone[5]) == pytest.approx(mean(others), abs=1e-3)
    assert all(0 <= float(cell) <= 1 for cell in mixed[1:])


ENGLISH = {"I'm so happy": "happy", "That is sad": "sad", "OK, it's raining": "other"}
"""Sentences with their emotions, from which the English test data is made."""


@pytest.fixture(scope="module")
def english_data(data) -> Path:
    """The DATA directory, with English sentences and conversations as well."""
    for name, repeated in (("train", 60), ("dev", 10)):
        rows = [
            {"response": f"{text} {number}!", "emotion": emotion}
            for number in range(repeated)
            for text, emotion in ENGLISH.items()
        ]
        write_sentences(data / "emotion_extra" / f"goemotions_{name}.tsv.gz", rows)
    folder = data / "dialogue/en"
    folder.mkdir(parents=True)
    emotions = {"happy": "happiness", "sad": "sadness", "other": "none"}
    words = ["apple", "river", "winter", "yellow", "seven", "music", "doctor", "bread"]

    def post(number: int) -> str:
        return " ".join(random.Random(number).choices(words, k=8)) + "."

    for split, numbers in (("train", range(60)), ("dev", range(60, 66)), ("test", range(66, 76))):
        with gzip.open(folder / f"xdailydialog_{split}.tsv.gz", "wt", encoding="utf-8") as file:
            file.write("post\tresponse\tsource_post_emotion\tsource_emotion\n")
            file.writelines(
                f"{post(number)}\t{text}, {post(number + 500)}\tnone\t{emotions[emotion]}\n"
                for number in numbers
                for text, emotion in ENGLISH.items()
            )
    return data


@pytest.mark.slow
def test_english_classifier_is_judged_on_the_dev_part(english_data, tmp_path):
    output = tmp_path / "english"
    run(
        "english_classifier.sh",
        english_data,
        output,
        CLASSIFIER_FLAGS="--epochs 8 --batch_size 16 --learning_rate 0.01",
    )
    scores = json.loads((output / "scores/scores.json").read_text(encoding="utf-8"))
    assert scores["classifier"]["accuracy"] == 1
    assert run("english_classifier.sh", english_data, output).commands == [], "all are skipped"


@pytest.mark.slow
def test_pretrained_makes_a_model_to_ship(english_data, tmp_path):
    sources = tmp_path / "sources.toml"
    lines = [
        f'{split} = ["dialogue/en/xdailydialog_{split}.tsv.gz"]'
        for split in ("train", "dev", "test")
    ]
    lines = ["[sources.dailydialog]", *lines, 'terms = "made for this test"']
    sources.write_text("\n".join(lines), encoding="utf-8")
    output = tmp_path / "pretrained"
    flags = {"SOURCES": str(sources), "CLASSIFIER_FLAGS": "--epochs 1", **TINY_RUN}
    with eager_execution():
        run("pretrained.sh", english_data, output, "en", **flags)
    bot = ecm_tf.load(output / "released")
    assert bot.replies("A yellow train.")
    card = (output / "released/README.md").read_text(encoding="utf-8")
    assert card.startswith("---\nlanguage: en")
    header, *rows = table_rows(card[card.index("### Test part dailydialog") :])
    assert "accuracy (independent)" in header and len(rows) == 1
    names = {path.name for path in (output / "released").iterdir()}
    assert {"block_words.txt", "classifier", "search.json"} <= names


def test_measured_prints_time_and_memory_and_returns_the_status():
    done = subprocess.run(
        [sys.executable, "-m", "experiments.measured", sys.executable, "-c", "exit(3)"],
        cwd=EXPERIMENTS.parent,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 3
    assert re.fullmatch(r"\[\d+ s, peak memory \d\.\d\d GiB\]\n", done.stderr)


def test_make_quotes_the_data_directory():
    done = subprocess.run(
        ["make", "--dry-run", "--assume-old=.venv/installed", "corpus", "DATA=my data"],
        check=True,
        capture_output=True,
        text=True,
        cwd=EXPERIMENTS.parent,
    )
    assert 'experiments/corpus.sh "my data" build/corpus' in done.stdout
