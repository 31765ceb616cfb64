"""Argument parsers of all commands, and the types of their hand-made flags."""

import argparse
import math
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import msgspec

from ecm_tf.core import fields
from ecm_tf.core.files import check_name

DEBUG = "ECM_DEBUG"
"""Environment variable that `--debug` sets: if it is not empty, errors print their traceback."""


class Parser(argparse.ArgumentParser):
    """A parser with the flag `--debug` whose errors are one sentence.

    Args:
        debug: whether the parser has the flag. A parser without `--help` does not have it either:
            it takes all its flags from parent parsers.
        **options: as for `argparse.ArgumentParser`.
    """

    def __init__(self, *, debug: bool = True, **options: Any) -> None:
        super().__init__(**options)
        if debug and self.add_help:
            self.add_argument("--debug", action=_Debug, help="print the traceback of an error")

    # argparse declares overloads, which narrow the type of the namespace.
    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """Parses arguments, as in argparse.

        Raises:
            InputError: an argument is not text in the encoding of the file system.
        """
        args = sys.argv[1:] if args is None else list(args)
        for argument in args:
            check_name(argument, "argument")
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Prints one sentence and exits with status 2."""
        sentence = message[:1].lower() + message[1:].rstrip(".")
        self.exit(2, f"error: {sentence}; `{self.prog} --help` describes the arguments.\n")


class _Debug(argparse.Action):
    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:
        super().__init__(
            option_strings, argparse.SUPPRESS, nargs=0, default=argparse.SUPPRESS, help=help
        )

    def __call__(self, *_: Any) -> None:
        # An environment variable, so that worker processes have it too.
        os.environ[DEBUG] = "1"


def argument_type(annotation: Any) -> Callable[[str], Any]:
    """Returns the `type` of an `add_argument` for numbers in a range.

    Args:
        annotation: the range, such as `ecm_tf.core.fields.PositiveInt`.
    """

    def parse(text: str) -> Any:
        try:
            value = msgspec.convert(text, annotation, strict=False)
            if not math.isfinite(value):
                raise ValueError("not finite")
        except (msgspec.ValidationError, ValueError, OverflowError) as error:
            expected = fields.describe(annotation)
            raise argparse.ArgumentTypeError(f"expected {expected}, got {text!r}") from error
        return value

    return parse


positive_int = argument_type(fields.PositiveInt)
non_negative_int = argument_type(fields.NonNegativeInt)
seconds = argument_type(fields.Seconds)
port = argument_type(fields.Port)
seed = argument_type(fields.Seed)
