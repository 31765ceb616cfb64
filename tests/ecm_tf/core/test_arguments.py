import argparse
import os

import pytest

from ecm_tf.core import arguments
from ecm_tf.core.arguments import DEBUG, Parser
from ecm_tf.core.errors import InputError

GBK = os.fsdecode(b"\xd1\xb5\xc1\xb7.jsonl")
"""A file name in GBK, as Python receives it where names are UTF-8."""


@pytest.mark.parametrize(
    ("parse", "accepted", "refused"),
    [
        (arguments.positive_int, [1, 10**6], ["0", "-1", "1.5", "many", "", "9" * 400, "9" * 5000]),
        (arguments.non_negative_int, [0, 7], ["-1", "0.5"]),
        (arguments.seconds, [0.5, 86_400.0], ["0", "-1", "nan", "inf", "1e30", "soon"]),
        (arguments.port, [1, 8501, 65535], ["0", "85000", "99999", "-1", "http"]),
        (arguments.seed, [0, 2**32 - 1], ["-1", str(2**32)]),
    ],
)
def test_numbers_have_a_range(parse, accepted, refused):
    for number in accepted:
        assert parse(str(number)) == number
        assert type(parse(str(number))) is type(number)
    for text in refused:
        with pytest.raises(argparse.ArgumentTypeError, match=r"^expected .*, got "):
            parse(text)


def test_an_error_is_one_sentence(capsys):
    parser = Parser(prog="ecm demo")
    parser.add_argument("--port", type=arguments.port)
    with pytest.raises(SystemExit) as ended:
        parser.parse_args(["--port", "99999"])
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        "error: argument --port: expected a port number in [1, 65535], got '99999'; "
        "`ecm demo --help` describes the arguments.\n"
    )


def test_every_level_of_a_parser_has_the_debug_flag(monkeypatch):
    parser = Parser()
    parser.add_subparsers().add_parser("build")
    for given in (["--debug", "build"], ["build", "--debug"]):
        monkeypatch.setenv(DEBUG, "")
        assert vars(parser.parse_args(given)) == {}
        assert os.environ[DEBUG] == "1"


def test_an_argument_that_is_not_utf8_is_refused():
    with pytest.raises(
        InputError, match=r"^argument b'\\xd1\\xb5\\xc1\\xb7.jsonl': expected UTF-8"
    ):
        Parser().parse_known_args(["--train", GBK])
