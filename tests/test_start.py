"""Every command: quick help, and one sentence when a directory is missing or a flag is wrong."""

import argparse
import dataclasses
import importlib
import json
from collections.abc import Iterator

import command_line
import pytest

from data_prep.build.settings import BuildSettings
from data_prep.classifier.settings import ClassifierSettings
from data_prep.labelling.settings import LabelSettings
from data_prep.lexicon.settings import LexiconSettings
from data_prep.merge.settings import MergeSettings
from ecm_tf import cli
from ecm_tf.config import ClusterConfig, ModelConfig, SearchConfig, TrainingConfig
from ecm_tf.core import command, released
from export.serve.settings import ServerConfig

HELP_WORDS = {
    "train": ["--dataset", "--train_dir", "--use_imemory", "--pretrain_dir", "--load_model"],
    "chat": ["--train_dir", "--beam_search", "--temperature", "--emotion", "--explain"],
    "evaluate": ["--train_dir", "--dataset", "--split", "--judge", "--output", "sheet", "agree"],
    "original": ["PREFIX", "--output", "--post_vocab", "--ememory"],
    "export saved-model": ["--train_dir", "--output", "--version", "--n_best"],
    "export tflite": ["convert", "run", "compare"],
    "export web": ["--train_dir", "--output", "--quantize", "--overwrite"],
    "export release": ["--train_dir", "--output", "--weights", "--card", "--no-block_words"],
    "ask": ["saved_model", "post"],
    "serve": ["base", "--rest_port", "--grpc_port", "--replicas"],
    "client": ["address", "post", "--file", "--n_best"],
    "demo": ["source", "--port", "--decoder"],
    "sample": ["--output", "--seed"],
    "merge": ["SOURCES", "--data", "--output"],
    "classifier": ["vectors", "train", "evaluate"],
    "label": ["--classifier", "--input", "--output"],
    "lexicon": ["--dataset", "--dutir", "--learn", "--output"],
    "build": ["--train", "--ememory", "--output", "--segmenter"],
    "report": ["dataset", "--output"],
}
"""Commands of `ecm`, and words that their help must contain."""

MODULES = sorted({entry.module.removesuffix(".__main__") for entry in cli.COMMANDS})
HEAVY = ["tensorflow", "tensorflow_text", "keras", "matplotlib", "jieba", "sklearn", "jinja2"]
HEAVY += ["gensim", "gradio", "joblib", "ray", "shtab"]

HELP_OF_ALL = """
import contextlib, io, json, runpy, sys
shown = {}
for module, *arguments in json.loads(sys.argv[1]):
    sys.argv = [module, *arguments, "--help"]
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        try:
            runpy.run_module(module, run_name="__main__")
        except SystemExit as end:
            assert end.code in (0, None), (module, end.code)
        else:
            raise AssertionError(f"{module} did not end")
    shown[" ".join([module, *arguments])] = out.getvalue()
heavy = [name for name in json.loads(HEAVY) if name in sys.modules]
json.dump({"shown": shown, "heavy": heavy}, sys.stdout)
"""


def help_of(commands: list[list[str]], directory) -> dict[str, str]:
    """Returns the help of `python -m COMMAND`, after checking that it imports nothing slow."""
    code = HELP_OF_ALL.replace("HEAVY", repr(json.dumps(HEAVY)))
    done = command_line.python("-W", "ignore", "-c", code, json.dumps(commands), cwd=directory)
    assert (done.returncode, done.stderr.decode()) == (0, "")
    result = json.loads(done.stdout)
    assert result["heavy"] == []
    return result["shown"]


def test_help_of_ecm_and_of_each_command(tmp_path):
    assert HELP_WORDS.keys() == {" ".join(entry.words) for entry in cli.COMMANDS}
    shown = help_of(
        [["ecm_tf.cli"], *(["ecm_tf.cli", *entry.words] for entry in cli.COMMANDS)], tmp_path
    )
    for entry in cli.COMMANDS:
        name = " ".join(entry.words)
        text = shown[f"ecm_tf.cli {name}"]
        assert text.startswith(f"usage: ecm {name} "), name
        assert [word for word in HELP_WORDS[name] if word not in text] == [], name
        assert f"    {entry.words[0]} " in shown["ecm_tf.cli"]


def test_help_of_each_module(tmp_path):
    for module, text in help_of([[module] for module in MODULES], tmp_path).items():
        assert text.startswith(f"usage: python -m {module} "), module


def test_the_packages_import_without_tensorflow(tmp_path):
    code = f"import sys, ecm_tf, export; print([n for n in {HEAVY} if n in sys.modules])"
    done = command_line.python("-c", code, cwd=tmp_path)
    assert done.stdout.decode() == "[]\n"


MISSING = {
    "train": ["--dataset", "nothing", "--train_dir", "model"],
    "chat": ["--train_dir", "nothing"],
    "evaluate": ["--train_dir", "nothing", "--dataset", "nothing"],
    "evaluate sheet": ["--train_dir", "nothing", "--dataset", "nothing", "--output", "human"],
    "evaluate agree": ["nothing", "--key", "nothing"],
    "original": ["nothing", "--output", "model"],
    "export saved-model": ["--train_dir", "nothing", "--output", "base"],
    "export web": ["--train_dir", "nothing", "--output", "site"],
    "export release": ["--train_dir", "nothing", "--output", "released"],
    "export tflite convert": ["--train_dir", "nothing", "--output", "lite"],
    "export tflite run": ["nothing", "你好"],
    "export tflite compare": ["--train_dir", "nothing", "--dataset", "dataset"],
    "ask": ["nothing", "你好"],
    "serve": ["nothing"],
    "client": ["http://127.0.0.1:9", "--file", "nothing"],
    "demo": ["nothing"],
    "merge": ["nothing", "--output", "corpus"],
    "build": ["--train", "nothing", "--output", "dataset"],
    "classifier vectors": ["--corpus", "nothing", "--output", "vectors"],
    "classifier train": ["--sentences", "nothing", "--output", "classifier"],
    "classifier evaluate": ["--classifier", "nothing", "--sentences", "nothing"],
    "label": ["--classifier", "nothing", "--input", "nothing", "--output", "labelled"],
    "lexicon": ["--dataset", "nothing", "--learn", "9", "--output", "ememory.json"],
    "report": ["nothing"],
}
"""Arguments that name a file or directory that does not exist."""


def leaves(parser: argparse.ArgumentParser, *words: str) -> Iterator[str]:
    """Yields the commands of a parser that run without a subcommand."""
    levels = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not any(level.required for level in levels):
        yield " ".join(words)
    for name, child in cli._subparsers(parser).items():
        yield from leaves(child, *words, name)


NAMED = {
    "chat": [],
    "evaluate": ["--dataset", "d"],
    "evaluate sheet": ["--dataset", "d", "--output", "human"],
    "export saved-model": ["--output", "base"],
    "export tflite convert": ["--output", "lite"],
    "export tflite compare": ["--dataset", "d"],
    "export web": ["--output", "site"],
    "export release": ["--output", "released"],
    "demo": [],
}
"""Commands with `--model`, and their other arguments."""


@pytest.mark.parametrize("name", NAMED)
def test_an_unknown_released_model_is_reported_in_one_sentence(name, capsys):
    with pytest.raises(SystemExit) as ended:
        command.run(lambda: cli.main([*name.split(), "--model", "nothing", *NAMED[name]]))
    out, err = capsys.readouterr()
    assert_one_sentence(ended.value.code, out, err)
    assert err.startswith("error: argument --model: expected a released model (")


def test_every_command_with_released_models_is_tried():
    """`--model` of `serve` and `client` is the name of a served model."""
    named = {
        parser.prog.removeprefix("ecm ")
        for parser in cli._tree(cli.parser(complete=True))
        for action in parser._actions
        if action.type is released._released_model
    }
    assert named == NAMED.keys()


COMMANDS = list(leaves(cli.parser(complete=True)))
WITHOUT_INPUT = {"sample"}


def test_every_command_is_tried_with_something_missing():
    assert MISSING.keys() == set(COMMANDS) - WITHOUT_INPUT


def assert_one_sentence(status: object, stdout: str, stderr: str) -> None:
    lines = stderr.splitlines()
    assert (status, len(lines), stdout) == (2, 1, ""), lines
    assert lines[0].startswith("error: ")
    assert "nothing" in lines[0]


@pytest.mark.parametrize("name", MISSING)
def test_a_missing_input_is_reported_in_one_sentence(name, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        command.run(lambda: cli.main([*name.split(), *MISSING[name]]))
    assert_one_sentence(ended.value.code, *capfd.readouterr())
    assert list(tmp_path.iterdir()) == [], "no partial output remains"


def test_sample_does_not_write_to_a_file(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nothing").touch()
    with pytest.raises(SystemExit) as ended:
        command.run(lambda: cli.main(["sample", "--output", "nothing"]))
    assert_one_sentence(ended.value.code, *capfd.readouterr())


def test_a_process_reports_a_missing_input_in_one_sentence(tmp_path):
    done = command_line.python("-m", "ecm_tf.chat", *MISSING["chat"], cwd=tmp_path, stdin=b"")
    assert_one_sentence(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.parametrize("name", COMMANDS)
def test_a_wrong_flag_ends_with_status_2(name, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main([*name.split(), "--no_such_flag"])
    assert ended.value.code == 2
    assert f"`ecm {name} --help` " in capsys.readouterr().err


@pytest.mark.parametrize("module", MODULES)
def test_a_wrong_flag_of_a_module_ends_with_status_2(module, capsys):
    entries = {entry.module.removesuffix(".__main__"): entry.module for entry in cli.COMMANDS}
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(entries[module]).main(["--no_such_flag"])
    assert ended.value.code == 2
    assert f"`python -m {module}" in capsys.readouterr().err


OUT_OF_RANGE = {
    "train --load_model": "-1",
    "chat --n_best": "0",
    "evaluate --batch_size": "0",
    "evaluate --posts": "0",
    "evaluate --samples": "-1",
    "evaluate --relevance_pairs": "-1",
    "evaluate --relevance_seed": "-1",
    "evaluate sheet --posts": "0",
    "evaluate sheet --sheet_seed": "-1",
    "export saved-model --version": "-1",
    "export saved-model --n_best": "0",
    "export tflite compare --posts": "0",
    "client --version": "-1",
    "client --timeout": "0",
    "demo --port": "85000",
    "sample --seed": "-1",
    "build --workers": "0",
    "classifier train --workers": "0",
    "report --examples": "-1",
}
"""Numbers of hand-made flags; `check_fields` checks those of dataclasses."""


@pytest.mark.parametrize("flag", OUT_OF_RANGE)
def test_a_number_out_of_range_is_refused_in_one_sentence(flag, capsys):
    *name, flag_name = flag.split()
    number = OUT_OF_RANGE[flag]
    with pytest.raises(SystemExit) as ended:
        command.run(lambda: cli.main([*name, flag_name, number]))
    out, err = capsys.readouterr()
    assert (ended.value.code, out, len(err.splitlines())) == (2, "", 1)
    assert err.startswith(f"error: argument {flag_name}: expected a")
    assert f"got '{number}'" in err


def test_every_number_of_a_flag_has_a_range():
    configs = (ModelConfig, SearchConfig, TrainingConfig, ServerConfig, BuildSettings)
    configs += (ClusterConfig, ClassifierSettings, LabelSettings, LexiconSettings, MergeSettings)
    checked = {field.name for config in configs for field in dataclasses.fields(config)}
    unchecked = [
        action.option_strings
        for parser in cli._tree(cli.parser(complete=True))
        for action in parser._actions
        if action.type in (int, float) and action.dest not in checked
    ]
    assert unchecked == []


def test_a_repeated_flag_keeps_the_values_of_the_first_one():
    replacing = [
        action.option_strings
        for parser in cli._tree(cli.parser(complete=True))
        for action in parser._actions
        if action.option_strings
        and action.nargs in ("+", "*")
        and not isinstance(action, argparse._ExtendAction)
    ]
    assert replacing == []


FILES = {
    "train": ["--dataset", "d", "--train_dir", "nothing"],
    "evaluate": ["--train_dir", "m", "--dataset", "d", "--output", "nothing"],
    "evaluate sheet": ["--train_dir", "m", "--dataset", "d", "--output", "nothing"],
    "evaluate agree": ["sheet", "--key", "key", "--output", "nothing"],
    "sample": ["--output", "nothing"],
    "chat": ["--train_dir", "m", "--explain", "nothing"],
    "report": ["d", "--output", "nothing"],
}
"""Outputs that are files where directories are expected."""


@pytest.mark.parametrize("name", FILES)
def test_a_file_instead_of_a_directory_is_refused(name, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nothing").touch()
    with pytest.raises(SystemExit) as ended:
        command.run(lambda: cli.main([*name.split(), *FILES[name]]))
    assert_one_sentence(ended.value.code, *capfd.readouterr())


DIRECTORIES = {
    "client": ["http://127.0.0.1:9", "--file", "nothing"],
    "evaluate": [
        *("--train_dir", "m", "--dataset", "d", "--judge", "j"),
        *("--searches", "nothing"),
    ],
    "build": ["--train", "nothing", "--output", "d"],
}
"""Inputs that are directories where files are expected."""


@pytest.mark.parametrize("name", DIRECTORIES)
def test_a_directory_instead_of_a_file_is_refused(name, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nothing").mkdir()
    with pytest.raises(SystemExit) as ended:
        command.run(lambda: cli.main([name, *DIRECTORIES[name]]))
    assert_one_sentence(ended.value.code, *capfd.readouterr())


@pytest.mark.parametrize("address", ["http://127.0.0.1:85000", "grpc://127.0.0.1:99999"])
def test_a_port_out_of_range_in_an_address_is_refused(address, capsys):
    with pytest.raises(SystemExit) as ended:
        command.run(lambda: cli.main(["client", address, "你好"]))
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith(f"error: {address}: expected an address with a valid")
