"""The experiment scripts, run on generated corpora of a few hundred pairs with tiny models."""

import csv
import json
import random
import re
import subprocess
import sys
from itertools import islice
from pathlib import Path
from unittest import mock

import command_server
import pytest
from eager_runs import eager_execution

from data_prep.corpus.sample import write_sample
from data_prep.merge.sources import read_sources
from ecm_tf.core.manifest import read_manifest

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
TINY_MODEL = (
    "--size 8 --num_layers 1 --embedding_size 6 --emotion_size 5 --imemory_size 7 --buckets 4,4"
)
VARIANTS = ["seq2seq", "ecm", "emb", "wo_emb", "wo_imem", "wo_emem"]


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """The DATA directory of both data scripts, made from the sample corpus."""
    data = tmp_path_factory.mktemp("experiments") / "data"
    write_sample(data / "sample")
    with (data / "sample/train.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    random.Random(0).shuffle(rows)
    folders = ("emotion_sentences", "lccc", "lexicon", "estc_sample")
    sentences, lccc, lexicon, estc_sample = (data / name for name in folders)
    for folder in (sentences, lccc, lexicon, estc_sample):
        folder.mkdir()

    with (sentences / "emotion_sentences.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["text", "labels"])
        table.writerows([row["response"], row["emotion"]] for row in rows[:150])
    dialogues = [[row["post"], row["response"]] for row in rows[:120]]
    for split, part in (("valid", dialogues[:100]), ("test", dialogues[100:])):
        write_json(lccc / f"lccc_base_{split}.json", part)
    words = {"乐": ["开心"], "好": ["喜欢"], "怒": ["生气"], "哀": ["难过"], "恶": ["讨厌"]}
    write_json(lexicon / "dutir_seven_classes.json", words)
    pairs = [
        ([spaced(row["post"]), 0, 0], [spaced(row["response"]), row["emotion"], 0])
        for row in islice(rows, 60)
    ]
    write_json(estc_sample / "stc_1000_pairs.json", pairs[:40])
    ecm = [[post, [response]] for post, response in pairs[40:]]
    write_json(estc_sample / "ecm_sample.json", ecm)
    return data


def write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


def spaced(text: str) -> str:
    return " ".join(re.findall("[\u4e00-\u9fff]{1,2}|.", text))


# TensorFlow says that eager mode does not apply to input pipelines.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Even though the:UserWarning"),
    pytest.mark.xdist_group("experiments"),  # the output of `estc.sh` is made once
]


def run(script: str, *arguments: Path, **environment: str) -> command_server.ScriptResult:
    """Runs a script that writes to its last argument, and returns its result.

    The commands use one process each, because worker processes take seconds to start.
    """
    directory = arguments[-1].with_suffix(".run")
    directory.mkdir(exist_ok=True)
    with mock.patch("os.cpu_count", return_value=1):
        result = command_server.run_script(
            EXPERIMENTS / script, arguments, directory, **environment
        )
    assert result.status == 0, result.output
    return result


@pytest.fixture(scope="module")
def estc(data) -> Path:
    """The output of `estc.sh`."""
    output = data.parent / "estc"
    result = run("estc.sh", data, output, CLASSIFIER_FLAGS="--epochs 1 --batch_size 32")
    assert len(result.commands) == 9
    assert result.output.count(" s, peak memory ") == 9, "each step is measured"
    return output


@pytest.mark.slow
def test_estc_makes_a_dataset_and_resumes(estc, data):
    made = {path.name for path in estc.iterdir()}
    assert made >= {"naive_bayes", "bilstm", "classifier", "scores", "labelled.jsonl"}
    assert made >= {"plain", "ememory.json", "ememory.tsv", "dataset", "dataset-report"}
    assert (estc / "dataset-report/index.html").is_file()
    assert run("estc.sh", data, estc).commands == [], "every step is skipped"


SOURCES = """
[sources.lccc]
train = ["lccc/lccc_base_valid.json"]
test = ["lccc/lccc_base_test.json"]
dev_fraction = 0.2
terms = "made for this test"

[sources.stc]
train = ["estc_sample/stc_1000_pairs.json"]
test = ["estc_sample/ecm_sample.json"]
terms = "made for this test"
"""


@pytest.mark.slow
def test_corpus_merges_labels_and_builds_and_resumes(estc, data, tmp_path):
    sources, output = tmp_path / "sources.toml", tmp_path / "corpus"
    sources.write_text(SOURCES, encoding="utf-8")
    flags = {"SOURCES": str(sources), "CLASSIFIER": str(estc / "classifier")}
    result = run("corpus.sh", data, output, **flags)
    ran = [command[1] for command in result.commands]
    assert ran == [
        *("merge", "label", "label", "label", "label", "build", "lexicon"),
        *("build", "build", "build", "report"),
    ]
    assert (output / "merged/report.md").is_file()
    assert (output / "dataset-report/index.html").is_file()
    pairs = {
        name: read_manifest(output / name, "dataset")["counts"]["pairs"]
        for name in ("dataset", "dataset-test-lccc", "dataset-test-stc")
    }
    assert all(pairs["dataset"].values())
    parts = pairs["dataset-test-lccc"]["test"] + pairs["dataset-test-stc"]["test"]
    assert pairs["dataset"]["test"] == parts
    assert run("corpus.sh", data, output, **flags).commands == [], "every step is skipped"


def test_only_two_sources_of_the_corpus_are_held_out():
    sources = read_sources(EXPERIMENTS / "corpus.toml")
    for split in ("dev", "test"):
        suppliers = {name for name, source in sources.items() if source.supplies(split)}
        assert suppliers == {"lccc", "xdailydialog"}


@pytest.mark.slow
def test_table4_trains_and_evaluates_the_variants(estc, tmp_path):
    output = tmp_path / "table4"
    flags = {
        "TRAIN_FLAGS": f"{TINY_MODEL} --epochs 1 --batch_size 64",
        "EVALUATE_FLAGS": "--posts 1 --samples 1",
    }
    with eager_execution():  # a tiny model takes longer to trace than to train
        run("table4.sh", estc, output, **flags)
    for name in (*VARIANTS, "ecm_pretrained"):
        assert (output / name / "manifest.json").is_file(), name
    for name in ("paper", "baseline", "beyond"):
        assert (output / name / "index.html").is_file(), name


@pytest.mark.slow
def test_estc_sample_trains_chats_and_exports(data, tmp_path):
    output = tmp_path / "estc_sample"
    flags = f"{TINY_MODEL} --epochs 1 --batch_size 32"
    with eager_execution():
        result = run("estc_sample.sh", data, output, TRAIN_FLAGS=flags)
    assert {path.name for path in output.iterdir()} >= {*VARIANTS, "plain", "dataset"}
    assert (output / "saved_model/1/saved_model.pb").is_file()
    ran = [command[0] for command in result.commands]
    assert ran[-3:] == ["ecm_tf.chat", "export.saved_model", "export.ask"]


def test_measured_prints_time_and_memory_and_returns_the_status():
    done = subprocess.run(
        [sys.executable, "-m", "experiments.measured", sys.executable, "-c", "exit(3)"],
        cwd=EXPERIMENTS.parent,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 3
    assert re.fullmatch(r"\[0 s, peak memory \d\.\d\d GiB\]\n", done.stderr)


@pytest.mark.parametrize("name", ["estc", "corpus"])
def test_make_quotes_the_data_directory(name):
    done = subprocess.run(
        ["make", "--dry-run", "--assume-old=.venv/installed", name, "DATA=my data"],
        check=True,
        capture_output=True,
        text=True,
        cwd=EXPERIMENTS.parent,
    )
    assert f'experiments/{name}.sh "my data" build/{name}' in done.stdout
