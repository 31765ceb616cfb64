"""Released models by name."""

import argparse
from pathlib import Path

import pytest

from ecm_tf.core import released
from ecm_tf.core.arguments import Parser
from ecm_tf.core.errors import InputError
from ecm_tf.core.released import add_model_flags, model_directory, released_models


@pytest.fixture
def pretrained(tmp_path, monkeypatch):
    """A directory of the released models en and zh, and an unfinished one."""
    directory = tmp_path / "pretrained"
    for name in ("zh", "en", "unfinished"):
        (directory / name).mkdir(parents=True)
        if name != "unfinished":
            (directory / name / "manifest.json").write_text("{}")
    monkeypatch.setattr(released, "PRETRAINED", directory)
    monkeypatch.chdir(tmp_path)
    return directory


def test_a_name_gives_the_directory_of_a_released_model(pretrained):
    assert released_models() == ["en", "zh"]
    assert model_directory("zh") == pretrained / "zh"


def test_other_directories_of_the_same_name(pretrained, tmp_path):
    (tmp_path / "zh").mkdir()
    assert model_directory("zh") == pretrained / "zh"
    for directory in ("./zh", str(tmp_path / "zh"), Path("zh")):
        assert model_directory(directory).resolve() == tmp_path / "zh"


def test_a_directory_without_a_separator(pretrained, tmp_path):
    (tmp_path / "mine").mkdir()
    assert model_directory("mine") == Path("mine")


def test_an_unknown_name_is_refused(pretrained):
    for name in ("fr", "unfinished"):
        with pytest.raises(InputError) as caught:
            model_directory(name)
        assert str(caught.value) == (
            f"{name}: expected a model directory or a released model (en, zh), got neither."
        )
    assert model_directory("nowhere/fr") == Path("nowhere/fr"), "the caller reports a path"


def parse(*arguments, **options):
    parser = Parser()
    add_model_flags(parser, "model directory", **options)
    return parser.parse_args(arguments).train_dir


def test_flags(pretrained):
    assert parse("--train_dir", "zh") == Path("zh")
    assert parse("--model", "zh") == pretrained / "zh"
    assert parse("--model", "zh", "en", several=True) == [pretrained / "zh", pretrained / "en"]
    assert parse("--train_dir", "a", "b", several=True) == [Path("a"), Path("b")]


def test_flags_with_a_default(pretrained):
    assert parse(default=True) == pretrained / "zh"
    assert parse("--model", "en", default=True) == pretrained / "en"
    assert parse("--train_dir", "mine", default=True) == Path("mine")
    absent = object()
    parser = Parser()
    add_model_flags(parser, "model directory", default=True)
    given = parser.parse_args([], argparse.Namespace(train_dir=absent))
    assert given.train_dir is absent


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((), {}, "one of the arguments --train_dir --model is required"),
        (("--model", "zh", "--train_dir", "a"), {}, "argument --train_dir: not allowed with"),
        (("--model", "fr"), {}, "argument --model: expected a released model (en, zh), got 'fr'"),
    ],
)
def test_wrong_flags(pretrained, arguments, options, message, capsys):
    with pytest.raises(SystemExit) as ended:
        parse(*arguments, **options)
    error = capsys.readouterr().err
    assert (ended.value.code, len(error.splitlines())) == (2, 1)
    assert error.startswith(f"error: {message}")


def test_a_default_that_is_not_installed_is_reported(pretrained, monkeypatch, capsys):
    monkeypatch.setattr(released, "PRETRAINED", pretrained / "nothing")
    with pytest.raises(SystemExit):
        parse(default=True)
    expected = "argument --model: expected a released model (none is installed), got 'zh'"
    assert capsys.readouterr().err.startswith(f"error: {expected}")
    assert parse("--train_dir", "mine", default=True) == Path("mine")
