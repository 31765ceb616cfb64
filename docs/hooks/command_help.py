"""MkDocs hook: shows the `--help` of commands on the page `commands.md`."""

import argparse
import importlib
import os
import re
from typing import Any

_REQUEST = re.compile(r"^<!-- help: (?P<command>[\w. ]+) -->$", re.MULTILINE)


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Replaces each `<!-- help: MODULE SUBCOMMAND… -->` of a page by the command's `--help`."""
    return _REQUEST.sub(lambda found: _help(found["command"]), markdown)


def _help(command: str) -> str:
    module, *subcommands = command.split()
    os.environ["COLUMNS"] = "100"
    parser = importlib.import_module(_command_module(module)).parser()
    for name in subcommands:
        parser = _subparser(parser, name)
    return f"```text\n{parser.format_help().rstrip()}\n```"


def _command_module(name: str) -> str:
    """Returns the module that `python -m NAME` runs."""
    package = importlib.import_module(name)
    return f"{name}.__main__" if hasattr(package, "__path__") else name


def _subparser(parser: argparse.ArgumentParser, name: str) -> argparse.ArgumentParser:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return action.choices[name]
    raise KeyError(f"{parser.prog} has no subcommand {name}")
