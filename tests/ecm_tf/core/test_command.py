import argparse
import os
import signal
import time
from dataclasses import dataclass, field
from typing import Literal

import command_line
import pytest

from ecm_tf.core.command import (
    add_options,
    in_background,
    option,
    options_of,
    run,
)
from ecm_tf.core.errors import InputError


@dataclass(frozen=True)
class Settings:
    given: int = 4
    hidden: list[int] = field(default_factory=list)
    size: int = option(8, "how large")
    rate: float = option(0.5, "how fast")
    kind: Literal["x", "y"] = option("x", "which")
    limit: int | None = option(None, "how many")
    loud: bool = option(False, "noise")
    masked: bool = option(True, "mask")
    computed: int = option(lambda: 9, "result of a function")


def _parse(*arguments):
    parser = argparse.ArgumentParser()
    add_options(parser, Settings)
    return options_of(Settings, parser.parse_args(arguments))


def test_defaults():
    expected = {"size": 8, "rate": 0.5, "kind": "x", "limit": None, "loud": False, "masked": True}
    assert _parse() == expected
    assert Settings(**_parse()) == Settings()
    assert Settings().computed == 9


def test_every_flag():
    options = _parse(
        *("--size", "3", "--rate", "2", "--kind", "y", "--limit", "5", "--loud", "--no-masked"),
        *("--computed", "4"),
    )
    assert options == {
        **{"size": 3, "rate": 2.0, "kind": "y", "limit": 5, "loud": True, "masked": False},
        "computed": 4,
    }
    assert isinstance(options["rate"], float)
    assert _parse("--loud", "--no-loud")["loud"] is False, "a preset may have set it"


@pytest.mark.parametrize("wrong", [("--size", "big"), ("--kind", "z"), ("--hidden", "1")])
def test_wrong_values_exit_with_status_2(wrong, capsys):
    with pytest.raises(SystemExit) as end:
        _parse(*wrong)
    assert end.value.code == 2
    assert wrong[0] in capsys.readouterr().err


def test_help_shows_defaults(capsys):
    with pytest.raises(SystemExit):
        _parse("--help")
    out = " ".join(capsys.readouterr().out.split())
    assert "how large (default: 8)" in out
    assert "noise (default" not in out
    assert "how many (default" not in out


def test_bad_input_prints_one_sentence_and_exits_with_status_2(capsys):
    def main():
        raise InputError("pairs.jsonl, record 3: expected text.")

    with pytest.raises(SystemExit) as end:
        run(main)
    assert end.value.code == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "error: pairs.jsonl, record 3: expected text.\n")


def test_interrupt_exits_with_status_130(capsys):
    def main():
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as end:
        run(main)
    assert end.value.code == 130


def test_success_returns():
    run(lambda: None)


def test_sigterm_cleans_up_and_exits_with_status_143():
    handler = signal.getsignal(signal.SIGTERM)
    cleaned = []

    def main():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(10)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            cleaned.append(True)

    with pytest.raises(SystemExit) as end:
        run(main)
    assert end.value.code == 143
    assert cleaned == [True]
    assert signal.getsignal(signal.SIGTERM) == handler


@pytest.mark.parametrize(
    ("end", "status"), [("pass", 0), ("raise KeyboardInterrupt", 130), ("sys.exit(3)", 3)]
)
def test_a_command_ends_while_a_thread_of_it_computes(end, status, tmp_path):
    code = (
        "import sys, time; from ecm_tf.core import command\n"
        "def main():\n"
        "    command.in_background(lambda: time.sleep(60))\n"
        "    print('output')\n"
        f"    {end}\n"
        "command.run(main)"
    )
    start = time.monotonic()
    done = command_line.python("-c", code, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (status, b"output\n")
    assert time.monotonic() - start < 30


def test_the_result_of_a_thread():
    assert in_background(lambda: 3).result() == 3
    with pytest.raises(ZeroDivisionError):
        in_background(lambda: 1 / 0).result()
