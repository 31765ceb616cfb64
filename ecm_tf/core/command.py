"""What all commands share: flags made from dataclasses, one-sentence errors, exit status."""

import argparse
import contextlib
import dataclasses
import os
import sys
import types
import typing
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ecm_tf.core.errors import InputError


def option(default: Any, help: str, **flag: Any) -> Any:
    """A dataclass field that `add_options` turns into the flag `--field_name`.

    Args:
        default: the field's and the flag's default.
        help: what `--help` says of it.
        **flag: further arguments of `argparse.ArgumentParser.add_argument`, such as `choices`.
    """
    return dataclasses.field(default=default, metadata={"help": help, "flag": flag})


def add_options(parser: argparse._ActionsContainer, config: type) -> None:
    """Adds a flag for every `option` field of a dataclass; `False` defaults become switches."""
    hints = typing.get_type_hints(config)
    for field in dataclasses.fields(config):
        if "help" not in field.metadata:
            continue
        flag = dict(field.metadata["flag"])
        help_text = field.metadata["help"]
        if hints[field.name] is bool:
            flag["action"] = argparse.BooleanOptionalAction if field.default else "store_true"
        else:
            flag.setdefault("type", _plain_type(hints[field.name]))
        if field.default is not None and field.default is not False:
            help_text += " (default: %(default)s)"
        parser.add_argument(f"--{field.name}", default=field.default, help=help_text, **flag)


def _plain_type(hint: Any) -> Any:
    if isinstance(hint, types.UnionType):
        return next(member for member in typing.get_args(hint) if member is not type(None))
    return hint


def add_buckets(parser: argparse.ArgumentParser, default: Sequence[tuple[int, int]]) -> None:
    """Adds `--buckets "12,12 16,16 …"`, parsed as a list of [post length, response length]."""
    shown = " ".join(f"{post},{response}" for post, response in default)
    parser.add_argument(
        "--buckets",
        type=_buckets,
        default=[list(bucket) for bucket in default],
        metavar="POST,RESPONSE …",
        help="lengths in tokens to group by, as one argument; the last is the longest that the "
        f'model sees (default: "{shown}")',
    )


def _buckets(text: str) -> list[list[int]]:
    try:
        pairs = [pair.split(",") for pair in text.split()]
        return [[int(post), int(response)] for post, response in pairs]
    except ValueError as error:
        raise argparse.ArgumentTypeError(f'expected "12,12 16,16 …", got {text!r}') from error


def options_of(config: type, arguments: argparse.Namespace) -> dict[str, Any]:
    """The parsed values of `config`'s flags, as keyword arguments for it."""
    names = [f.name for f in dataclasses.fields(config) if "help" in f.metadata]
    return {name: getattr(arguments, name) for name in names}


def parse(
    parser: argparse.ArgumentParser,
    argv: Sequence[str] | None,
    defaults: Callable[[argparse.Namespace], dict[str, Any]],
) -> argparse.Namespace:
    """Parses arguments some of which set the defaults of others.

    Args:
        parser: the command's.
        argv: as for `parse_args`.
        defaults: parsed arguments → defaults of other flags. A flag that is given outright wins.
    """
    parser.set_defaults(**defaults(parser.parse_known_args(argv)[0]))
    return parser.parse_args(argv)


@contextlib.contextmanager
def suppress_native_stderr() -> Iterator[None]:
    """Redirects the stderr of native libraries to /dev/null while the `with` block runs.

    TensorFlow's import and SentencePiece's initialisation print notes on file descriptor 2 that no
    log level turns off and that tell users nothing. Python's exceptions are not affected.
    """
    original = os.dup(2)
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 2)
    try:
        yield
    finally:
        os.dup2(original, 2)
        os.close(original)
        os.close(devnull)


def run(main: Callable[[], None]) -> None:
    """Runs a command and ends the process: 0 done, 2 bad input, 130 interrupted."""
    # TensorFlow's errors reach Python as exceptions; its log would only say them twice.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        main()
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        # The reader went away (`… | head`): nothing more can be said to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
