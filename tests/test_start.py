"""Every command starts: quick help, and one sentence when a directory is missing."""

import importlib.util
import json

import command_line
import pytest

COMMANDS = {
    "ecm_tf.train": ["--dataset", "--train_dir", "--use_imemory", "--pretrain_dir", "--load_model"],
    "ecm_tf.chat": ["--train_dir", "--beam_search", "--temperature", "--emotion", "--explain"],
    "ecm_tf.evaluate": ["--train_dir", "--dataset", "--split", "--judge", "--output"],
    "export.saved_model": ["--train_dir", "--output", "--version", "--n_best"],
    "export.ask": ["saved_model", "post"],
    "export.tflite": ["convert", "run", "compare"],
    "data_prep": ["sample", "classifier", "label", "lexicon", "build", "report"],
}
"""Modules that are commands, and words that their help must have."""

HEAVY = ["tensorflow", "tensorflow_text", "keras", "matplotlib", "jieba", "sklearn", "jinja2"]

HELP_OF_ALL = """
import contextlib, io, json, runpy, sys
shown = {}
for module in json.loads(sys.argv[1]):
    sys.argv = [module, "--help"]
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        try:
            runpy.run_module(module, run_name="__main__")
        except SystemExit as end:
            assert end.code in (0, None), (module, end.code)
        else:
            raise AssertionError(f"{module} did not end")
    shown[module] = out.getvalue()
heavy = [name for name in json.loads(HEAVY) if name in sys.modules]
json.dump({"shown": shown, "heavy": heavy}, sys.stdout)
"""


def test_help_names_the_flags_and_imports_nothing_slow(tmp_path):
    code = HELP_OF_ALL.replace("HEAVY", repr(json.dumps(HEAVY)))
    done = command_line.python("-c", code, json.dumps(list(COMMANDS)), cwd=tmp_path)
    assert (done.returncode, done.stderr.decode()) == (0, "")
    result = json.loads(done.stdout)
    for module, words in COMMANDS.items():
        text = result["shown"][module]
        assert text.startswith(f"usage: python -m {module}"), module
        assert [word for word in words if word not in text] == [], module
    assert result["heavy"] == []


def test_the_packages_import_without_tensorflow(tmp_path):
    code = f"import sys, ecm_tf, export; print([n for n in {HEAVY} if n in sys.modules])"
    done = command_line.python("-c", code, cwd=tmp_path)
    assert done.stdout.decode() == "[]\n"


MISSING = {
    "ecm_tf.train": ["--dataset", "nothing", "--train_dir", "model"],
    "ecm_tf.chat": ["--train_dir", "nothing"],
    "ecm_tf.evaluate": ["--train_dir", "nothing", "--dataset", "nothing"],
    "export.saved_model": ["--train_dir", "nothing", "--output", "base"],
    "export.ask": ["nothing", "你好"],
    "export.tflite convert": ["--train_dir", "nothing", "--output", "lite"],
    "export.tflite run": ["nothing", "你好"],
    "export.tflite compare": ["--train_dir", "nothing", "--dataset", "dataset"],
    "data_prep build": ["--train", "nothing", "--output", "dataset"],
    "data_prep classifier train": ["--sentences", "nothing", "--output", "classifier"],
    "data_prep classifier evaluate": ["--classifier", "nothing", "--sentences", "nothing"],
    "data_prep label": ["--classifier", "nothing", "--input", "nothing", "--output", "labelled"],
    "data_prep lexicon": ["--dataset", "nothing", "--learn", "9", "--output", "ememory.json"],
    "data_prep report": ["nothing"],
}
"""Commands, and flags that name something that is not there."""


def test_every_command_is_tried_with_something_missing():
    assert {command.split()[0] for command in MISSING} == COMMANDS.keys()


@pytest.mark.parametrize("command", MISSING)
def test_what_is_missing_is_told_in_one_sentence(command, tmp_path):
    done = command_line.python("-m", *command.split(), *MISSING[command], cwd=tmp_path, stdin=b"")
    lines = done.stderr.decode().splitlines()
    assert done.returncode == 2, lines
    assert len(lines) == 1, lines
    assert lines[0].startswith("error: ")
    assert "nothing" in lines[0]
    assert done.stdout == b""
    assert list(tmp_path.iterdir()) == [], "nothing half-written stays"


@pytest.mark.parametrize("module", COMMANDS)
def test_a_wrong_flag_ends_with_status_2(module, capsys):
    package = importlib.util.find_spec(module).submodule_search_locations
    entry = f"{module}.__main__" if package else module
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(entry).main(["--no_such_flag"])
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err
