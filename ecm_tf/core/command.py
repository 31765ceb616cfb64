"""Command-line interface of all commands: flags made from dataclasses, errors, exit statuses."""

import argparse
import contextlib
import dataclasses
import os
import signal
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future
from types import FrameType
from typing import Any, TypeVar

from ecm_tf.core import failures
from ecm_tf.core.fields import field_types, flag_of

T = TypeVar("T")


def option(default: Any, help: str, **flag: Any) -> Any:
    """Declares a dataclass field that `add_options` turns into the flag `--field_name`.

    The field's annotation gives the flag's type, choices and range (see `ecm_tf.core.fields`).

    Args:
        default: the default of the field and the flag, or a function that returns it, which is
            called only when it is needed.
        help: the flag's text in `--help`.
        **flag: further arguments of `argparse.ArgumentParser.add_argument`, such as `metavar`.
    """
    metadata = {"help": help, "flag": flag}
    if callable(default):
        return dataclasses.field(default_factory=default, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def add_options(
    parser: argparse._ActionsContainer, config: type, without: Collection[str] = ()
) -> None:
    """Adds a flag for every `option` field of a dataclass, except some.

    A boolean field becomes the pair `--name` and `--no-name`.
    """
    for field in dataclasses.fields(config):
        if "help" not in field.metadata or field.name in without:
            continue
        annotation = field_types(config)[field.name]
        help_text = field.metadata["help"]
        flag: dict[str, Any]
        if annotation is bool:
            flag = {"action": argparse.BooleanOptionalAction}
        else:
            flag = flag_of(annotation)
        flag |= field.metadata["flag"]
        default = field.default
        if default is dataclasses.MISSING:  # The dataclass computes it.
            default = argparse.SUPPRESS
        elif default is not None and default is not False:
            help_text += " (default: %(default)s)"
        parser.add_argument(f"--{field.name}", default=default, help=help_text, **flag)


def options_of(config: type, arguments: argparse.Namespace) -> dict[str, Any]:
    """Returns the parsed values of a dataclass's flags, as keyword arguments for it.

    A flag that is not given, and whose default the dataclass computes, is left out.
    """
    names = [f.name for f in dataclasses.fields(config) if "help" in f.metadata]
    return {name: getattr(arguments, name) for name in names if hasattr(arguments, name)}


def given_options(
    config: type, parser: argparse.ArgumentParser, argv: Sequence[str] | None
) -> dict[str, Any]:
    """Returns the values of a dataclass's flags that are given, even if they are the defaults.

    Args:
        config: the dataclass.
        parser: the command's parser, with the flags of `config`.
        argv: as for `parse_args`.
    """
    absent = object()
    names = [f.name for f in dataclasses.fields(config) if "help" in f.metadata]
    parsed = parser.parse_args(argv, argparse.Namespace(**dict.fromkeys(names, absent)))
    return {name: value for name in names if (value := getattr(parsed, name)) is not absent}


def parse(
    parser: argparse.ArgumentParser,
    argv: Sequence[str] | None,
    defaults: Callable[[argparse.Namespace], dict[str, Any]],
) -> argparse.Namespace:
    """Parses arguments, some of which set the defaults of others.

    Args:
        parser: the command's parser.
        argv: as for `parse_args`.
        defaults: maps the parsed arguments to defaults of other flags; flags that the user gives
            take precedence over these defaults.
    """
    parser.set_defaults(**defaults(parser.parse_known_args(argv)[0]))
    return parser.parse_args(argv)


@contextlib.contextmanager
def _exit_on_sigterm() -> Iterator[None]:
    """Makes SIGTERM raise `SystemExit` while the block runs, so that `finally` clauses run.

    A second SIGTERM is ignored, because it would interrupt the clean-up.
    """

    def leave(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)
        sys.exit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


_background: list[Future[Any]] = []


def in_background(function: Callable[[], T]) -> Future[T]:
    """Calls a function in a thread, for which `run` does not wait when the command has ended.

    Args:
        function: the function; what it computes is lost if the command ends before.
    """
    future: Future[T] = Future()

    def call() -> None:
        try:
            future.set_result(function())
        except BaseException as error:  # `future.result()` raises it.
            future.set_exception(error)

    _background.append(future)
    threading.Thread(target=call, daemon=True).start()
    return future


def run(main: Callable[[], None]) -> None:
    """Runs a command and exits on failure with one sentence on stderr.

    Exit statuses: 0 success, 1 unexpected error, 2 bad input or another cause that the user can
    correct, 130 interrupted, 141 the reader of stdout has gone, 143 terminated.
    """
    status: object = 0
    try:
        _run(main)
    except SystemExit as error:
        if all(future.done() for future in _background):
            raise
        status = error.code
    if not all(future.done() for future in _background):
        sys.stderr.flush()
        # TensorFlow aborts the process if Python ends while a thread computes.
        os._exit(status if isinstance(status, int) else 1)


def _run(main: Callable[[], None]) -> None:
    # TensorFlow's errors reach Python as exceptions; its log would only repeat them.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    failures.prepare_streams()
    try:
        with _exit_on_sigterm():
            main()
        # A full disk is reported here, and not while Python exits.
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        # The reader has closed the pipe (`… | head`): Python must not flush stdout to it at exit.
        failures.discard_stdout()
        sys.exit(141)
    except Exception as error:
        failures.flush_stdout()
        sys.exit(failures.report(error))
