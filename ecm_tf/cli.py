"""The console script `ecm`: every command of the project as a subcommand.

`data_prep` and `export` import `ecm_tf`, never the reverse, so this module knows their commands by
name only and imports the one that runs.
"""

import argparse
import importlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import ecm_tf
from ecm_tf.core import command
from ecm_tf.core.arguments import Parser

PROG = "ecm"


@dataclass(frozen=True)
class Command:
    """A subcommand of `ecm`.

    Attributes:
        words: the words after `ecm` that select the command.
        module: the module that runs it, with functions `parser(prog)` and `main(argv, prog)`.
        help: one line for `ecm --help`.
        in_module: whether the last word is a subcommand of the module's own parser.
    """

    words: tuple[str, ...]
    module: str
    help: str
    in_module: bool = False

    @property
    def prog(self) -> str:
        """The program name that the module's parser prints."""
        return " ".join((PROG, *(self.words[:-1] if self.in_module else self.words)))

    def load(self) -> ModuleType:
        """Imports the module."""
        return importlib.import_module(self.module)

    def run(self, argv: Sequence[str]) -> None:
        """Runs the command with the arguments that follow its words."""
        own = self.words[-1:] if self.in_module else ()
        self.load().main([*own, *argv], prog=self.prog)

    def parser(self) -> argparse.ArgumentParser:
        """Returns the command's argument parser."""
        parser: argparse.ArgumentParser = self.load().parser(self.prog)
        return _subparsers(parser)[self.words[-1]] if self.in_module else parser


def _preparation(name: str, help: str) -> Command:
    return Command((name,), "data_prep.__main__", help, in_module=True)


COMMANDS = (
    _preparation("sample", "write a small Chinese sample corpus with its emotion words"),
    _preparation("merge", "make one deduplicated corpus from several sources"),
    _preparation("classifier", "train or evaluate an emotion classifier, or pretrain its vectors"),
    _preparation("label", "label a corpus with an emotion classifier"),
    _preparation("lexicon", "choose the emotion words of a dataset"),
    _preparation("build", "make a dataset directory from a corpus"),
    _preparation("report", "describe a dataset on an HTML page"),
    Command(("train",), "ecm_tf.train", "train a model"),
    Command(("evaluate",), "ecm_tf.evaluate", "measure models, or let people judge replies"),
    Command(("chat",), "ecm_tf.chat", "reply to posts in the terminal"),
    Command(("original",), "ecm_tf.original.__main__", "import the original program's checkpoint"),
    Command(("export", "saved-model"), "export.saved_model.__main__", "export a SavedModel"),
    Command(
        ("export", "tflite"),
        "export.tflite.__main__",
        "convert a model to TensorFlow Lite, run it, and compare it with the model",
    ),
    Command(
        ("export", "web"),
        "export.web.__main__",
        "write a web page on which the model replies in the browser",
    ),
    Command(
        ("export", "release"),
        "export.release.__main__",
        "write a small model directory with its classifier and search settings",
    ),
    Command(("ask",), "export.ask", "call an exported SavedModel"),
    Command(("serve",), "export.serve.__main__", "serve SavedModels over REST and gRPC"),
    Command(("client",), "export.client.__main__", "send posts to a server"),
    Command(("demo",), "export.demo.__main__", "try a model on a web page"),
)
"""In the order of `ecm --help`."""

GROUPS = {
    "export": "export a model: SavedModel, TensorFlow Lite, web page or released model",
}
"""First words that several commands share."""


def parser(prog: str = PROG, *, complete: bool = False) -> argparse.ArgumentParser:
    """Returns the parser of `ecm`.

    Args:
        prog: program name.
        complete: give each command its own flags, which imports every command's module. Otherwise
            the commands have names and one-line descriptions only.
    """
    result = Parser(
        debug=False,  # `ecm COMMAND --debug`
        prog=prog,
        description="The Emotional Chatting Machine: prepares data, trains and evaluates models, "
        "replies to posts in a chosen emotion, exports and serves models.",
        epilog=f"`{prog} COMMAND --help` describes a command.",
    )
    result.add_argument(
        "--version", action="version", version=f"{prog} {ecm_tf.__version__}", help="print version"
    )
    result.add_argument(
        "--print-completion",
        metavar="SHELL",
        help="print the completion script of a shell: bash, zsh or tcsh",
    )
    levels: dict[tuple[str, ...], argparse._SubParsersAction[Any]] = {}
    levels[()] = result.add_subparsers(metavar="COMMAND", required=True)
    for entry in COMMANDS:
        *group, name = entry.words
        if (key := tuple(group)) not in levels:
            help_text = GROUPS[group[0]]
            description = f"{help_text[0].upper()}{help_text[1:]}."
            shared = levels[()].add_parser(
                group[0], help=help_text, description=description, debug=False
            )
            levels[key] = shared.add_subparsers(metavar="COMMAND", required=True)
        own = [entry.parser()] if complete else []
        levels[key].add_parser(name, help=entry.help, parents=own, add_help=False)
    return result


def main(argv: Sequence[str] | None = None, prog: str = PROG) -> None:
    """Runs a command; see `ecm --help`."""
    argv = sys.argv[1:] if argv is None else list(argv)
    for entry in COMMANDS:
        words = len(entry.words)
        if tuple(argv[:words]) == entry.words:
            entry.run(argv[words:])
            return
    if argv and argv[0].startswith("--print-completion"):
        _print_completion(argv)
        return
    parser(prog).parse_args(argv)


def _print_completion(argv: Sequence[str]) -> None:
    import shtab

    flag = Parser(prog=PROG)
    flag.add_argument("--print-completion", required=True, choices=("bash", "zsh", "tcsh"))
    shell = flag.parse_args(argv).print_completion
    root = parser(complete=True)
    for one in _tree(root):
        for action in one._actions:
            if action.type is Path:
                action.complete = shtab.FILE  # type: ignore[attr-defined]
    print(shtab.complete(root, shell))


def _tree(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Yields a parser and those of its subcommands, at every level."""
    yield parser
    for child in _subparsers(parser).values():
        yield from _tree(child)


def _subparsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    return {
        name: child
        for action in parser._actions
        if isinstance(action, argparse._SubParsersAction)
        for name, child in action.choices.items()
    }


def entry_point() -> None:
    """The console script: `main` with error handling and exit statuses."""
    command.run(main)


if __name__ == "__main__":
    entry_point()
