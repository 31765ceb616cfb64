"""What the documentation mentions exists: tests, files, links, anchors and flags."""

import argparse
import ast
import importlib
import re
from functools import cache
from pathlib import Path

import pytest

from ecm_tf import cli

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")], key=lambda path: path.as_posix()
)
IDS = [path.relative_to(ROOT).as_posix() for path in PAGES]

FOLDERS = "benchmarks|data_prep|docs|ecm_tf|experiments|export|tests"
REPOSITORY_PATH = re.compile(rf"(?<![\w./:-])(?:{FOLDERS})/[\w./-]*\w/?(?![\w*{{])")
TEST = re.compile(r"(tests/[\w/]+\.py)::(\w+)")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
FENCE = re.compile(r"^( *)(```+).*?^\1\2 *$", re.MULTILINE | re.DOTALL)

COMMANDS = (
    *("data_prep", "ecm_tf.train", "ecm_tf.chat", "ecm_tf.evaluate", "ecm_tf.original"),
    *("export.ask", "export.client", "export.demo", "export.saved_model", "export.serve"),
    *("export.tflite", "export.release"),
    "ecm_tf.cli",
)
OTHER_FLAGS = {
    *("--help", "--json"),
    *("--sample", "--logdir"),  # before `--decoder sample`; TensorBoard
    *("--head", "--address"),  # Ray
    *("--quick", "--pairs", "--batches", "--rounds"),  # benchmarks
}
FLAG = re.compile(r"(?<![\w-])--[a-z][\w-]*")


def without_code(text: str) -> str:
    return FENCE.sub("", text)


@cache
def anchors(page: Path) -> set[str]:
    """Returns the anchors of a page's headings that both MkDocs and GitHub give."""
    from markdown.extensions.toc import slugify

    found = set()
    for heading in HEADING.findall(without_code(page.read_text(encoding="utf-8"))):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*]", r"\1", heading)
        github = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        if slugify(plain, "-") == github:
            found.add(github)
    return found


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_links_and_anchors_resolve(page):
    broken = []
    for target in LINK.findall(without_code(page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        linked = (page.parent / name).resolve() if name else page
        if not linked.exists() or (anchor and anchor not in anchors(linked)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_mentioned_files_and_tests_exist(page):
    text = page.read_text(encoding="utf-8")
    if page.name == "CHANGELOG.md":  # It names files that existed before.
        return
    missing = [path for path in REPOSITORY_PATH.findall(text) if not (ROOT / path).exists()]
    for path, name in TEST.findall(text):
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        if name not in [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]:
            missing.append(f"{path}::{name}")
    assert missing == []


def flags(parser: argparse.ArgumentParser) -> set[str]:
    found = set()
    for action in parser._actions:
        found.update(action.option_strings)
        if isinstance(action, argparse._SubParsersAction):
            for subparser in action.choices.values():
                found |= flags(subparser)
    return found


@pytest.fixture(scope="module")
def known_flags():
    modules = []
    for name in COMMANDS:
        module = importlib.import_module(name)
        modules.append(
            importlib.import_module(f"{name}.__main__")
            if module.__file__.endswith("__init__.py")
            else module
        )
    return OTHER_FLAGS.union(*(flags(module.parser()) for module in modules))


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_mentioned_flags_exist(page, known_flags):
    lines = page.read_text(encoding="utf-8").splitlines()
    ours = [
        line
        for line in lines
        if not re.search(r"\bpip\b|docker compose|mkdocs|ruff|http\.server", line)
    ]
    mentioned = set(FLAG.findall("\n".join(ours)))
    assert mentioned - known_flags == set()


def test_all_console_commands_are_listed():
    text = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[`[\w. ]+`\]\(#[\w-]+\) \| `ecm ([\w -]+)` \|", text, re.MULTILINE)
    assert sorted(listed) == sorted(" ".join(command.words) for command in cli.COMMANDS)


def test_all_modules_are_listed_in_the_architecture():
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    folder, listed = "", set()
    for line in text.splitlines():
        if heading := re.match(r"### `([\w/]+/)`", line):
            folder = heading[1]
        elif row := re.match(r"\| `([\w/]+\.py)` \|", line):
            listed.add(folder + row[1])
    modules = {
        path.relative_to(ROOT).as_posix()
        for package in ("data_prep", "ecm_tf", "export")
        for path in (ROOT / package).glob("*/**/*.py")
        if path.name != "__init__.py"
    }
    assert listed == modules


@cache
def methods() -> dict[str, set[str]]:
    """Returns the names that each class of the packages defines."""
    found: dict[str, set[str]] = {}
    for package in ("data_prep", "ecm_tf", "export"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef):
                    functions = ast.FunctionDef | ast.AsyncFunctionDef
                    names = {n.name for n in node.body if isinstance(n, functions)}
                    found.setdefault(node.name, set()).update(names)
    return found


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_mentioned_methods_exist(page):
    text = page.read_text(encoding="utf-8")
    if page.name == "CHANGELOG.md":  # It names methods that existed before.
        return
    mentioned = re.findall(r"`([A-Z]\w+)\.(\w+)(?:\(\))?`", text)
    missing = [
        f"{class_}.{name}"
        for class_, name in mentioned
        if name not in methods().get(class_, {name})
    ]
    assert missing == []
