"""The wheel, installed into an environment of its own, works outside the source tree.

The environment takes the dependencies from the running environment by a path file, so that the test
needs no package index. The project's own editable installation is hidden: the path file is read
after the environment's own packages, and the directory that it names holds no copy of the project.
"""

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("data_prep", "ecm_tf", "export")

CHECK_ORIGIN = """
import sys, ecm_tf, data_prep, export
for package in (ecm_tf, data_prep, export):
    assert package.__path__[0].startswith(sys.prefix), package.__path__
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built from a copy of the sources with the installed setuptools."""
    source, output = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in (*PACKAGES, "pyproject.toml", "README.md", "LICENSE"):
        subprocess.run(["cp", "-r", str(ROOT / name), str(source)], check=True)
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", output, source)
    (path,) = output.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory) -> Path:
    """The `bin` directory of an environment with the wheel."""
    directory = tmp_path_factory.mktemp("environment")
    venv.create(directory, with_pip=False, symlinks=True)
    (site_packages,) = directory.glob("lib/python3*/site-packages")
    run(sys.executable, "-m", "pip", "--python", directory / "bin/python", "install",
        "--no-deps", "--no-index", "--disable-pip-version-check", "--quiet", wheel)  # fmt: skip
    dependencies = sysconfig.get_path("purelib")
    (site_packages / "dependencies.pth").write_text(f"{dependencies}\n", encoding="utf-8")
    return directory / "bin"


def run(*command: object, cwd: Path | None = None, stdin: str = "") -> str:
    """Runs a command and returns its stdout."""
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, input=stdin, capture_output=True, check=False, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_contains_all_package_data(wheel):
    names = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {Path(name).suffix for name in names} >= {".py", ".html", ".css", ".js", ".toml"}
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
        (metadata,) = (name for name in packed if name.endswith(".dist-info/METADATA"))
        description = archive.read(metadata).decode()
    assert names - packed == set()
    assert {name.split("/")[0] for name in packed} == {*PACKAGES, metadata.split("/")[0]}
    assert "Requires-Python: <3.14,>=3.11" in description
    assert "Requires-Dist: tensorflow-text" in description


@pytest.mark.slow
def test_the_installed_wheel_chats_and_exports(environment, model_dir, tmp_path):
    run(environment / "python", "-c", CHECK_ORIGIN, cwd=tmp_path)
    ecm = environment / "ecm"
    assert "export a model: SavedModel" in run(ecm, "--help", cwd=tmp_path)
    arguments = ("--train_dir", model_dir, "--emotion", "happy", "--explain", "explained")
    chat = run(ecm, "chat", *arguments, cwd=tmp_path, stdin="今天天气真好\n")
    assert "happy" in chat
    assert (tmp_path / "explained/index.html").is_file()
    run(ecm, "export", "saved-model", "--train_dir", model_dir, "--output", "base", cwd=tmp_path)
    assert (tmp_path / "base/1/saved_model.pb").is_file()
    run(ecm, "sample", "--output", "corpus", cwd=tmp_path)
    assert (tmp_path / "corpus/train.jsonl").is_file()
