"""`pyproject.toml` declares what the code imports; requirements.txt locks what it declares."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import pytest
import shtab

from ecm_tf import cli

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OWN = {"benchmarks", "data_prep", "ecm_tf", "experiments", "export"}
INSTALLED_BY = {"google": "protobuf", "ray": "ray"}
"""Import names that several distributions share."""


def names(requirements: list[str]) -> set[str]:
    """Returns the distribution names of requirements."""
    return {normalized(re.match(r"[\w.-]+", line)[0]) for line in requirements}


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported(*packages: str) -> set[str]:
    """Returns the distributions whose modules the packages import."""
    modules = set()
    for package in packages:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    modules |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    modules.add(node.module.split(".")[0])
    distributions = packages_distributions()
    return {
        normalized(INSTALLED_BY.get(module) or distributions[module][0])
        for module in modules - OWN - sys.stdlib_module_names
    }


def test_all_imports_are_declared():
    extras = PROJECT["optional-dependencies"]
    core, used = names(PROJECT["dependencies"]), imported("ecm_tf", "data_prep")
    assert used - core == names([*extras["vectors"], *extras["train-ray"]])
    optional = names([*extras["tflite"], *extras["demo"], *extras["serve"]])
    assert imported("export") - core - optional == set()
    assert imported("benchmarks") - core - optional - names(extras["dev"]) == set()


def test_the_lock_has_a_version_of_everything_declared():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    locked = {line for line in lines if line and not line.startswith("#")}
    assert all(re.match(r"[\w.-]+(\[[\w,-]+\])?==[\w.]+( |$)", line) for line in locked)
    extras = PROJECT["optional-dependencies"].values()
    declared = [*PROJECT["dependencies"], *chain.from_iterable(extras)]
    assert names(declared) - names(sorted(locked)) == set()
    assert not re.search("https?:|file:|^-|/work|/tmp", "\n".join(lines), re.MULTILINE)


def test_the_tests_of_a_file_run_in_one_worker(request):
    """pytest-xdist 3.8 ignores the groups under pytest 9.2: every worker makes every fixture."""
    if not hasattr(request.config, "workerinput"):
        pytest.skip("the tests run in one process")
    assert request.node.nodeid.endswith("@packaging/test_metadata.py")


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completion_knows_the_commands_and_their_flags(shell, capsys):
    assert shell in shtab.SUPPORTED_SHELLS
    cli.main(["--print-completion", shell])
    script = capsys.readouterr().out
    # tcsh completes commands only.
    flags = () if shell == "tcsh" else ("--use_imemory", "--min_confidence")
    for text in ("saved-model", "convert", *flags):
        assert text in script


def test_completion_of_an_unknown_shell_ends_with_status_2(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["--print-completion", "nothing"])
    assert ended.value.code == 2
    assert "invalid choice: 'nothing'" in capsys.readouterr().err
