"""The page that is committed is the build of its sources."""

import filecmp
import gzip
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from web_fixtures import as_json, fixture

from ecm_tf.core.released import PRETRAINED
from ecm_tf.model.directory import ASSETS
from ecm_tf.text.assets import TextAssets
from ecm_tf.text.vocabulary import UNK
from export.web.writing import PAGE

pytestmark = pytest.mark.xdist_group("web")

WEB = Path(__file__).parents[3] / "web"
TEXTS = 3000
CONFIGS = ["index.html", "package-lock.json", "vite.config.ts", "vite.worker.config.ts"]


def test_build_records_the_hash_of_its_sources():
    scripts = [path.relative_to(WEB).as_posix() for path in (WEB / "src").rglob("*.*")]
    digest = hashlib.sha256()
    for name in sorted([*CONFIGS, *scripts]):
        digest.update(f"{name}\n".encode() + (WEB / name).read_bytes())
    recorded = json.loads((PAGE / "build.json").read_text())["sources"]
    assert recorded == digest.hexdigest(), "`make web` builds the page"


def npm(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["npm", "--loglevel", "error", *arguments],
        cwd=environment.pop("directory"),
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of `web/` with its packages installed."""
    if shutil.which("npm") is None:
        pytest.skip("no Node.js on this machine")
    root = tmp_path_factory.mktemp("project")
    project = root / "web"
    shutil.copytree(WEB, project, ignore=shutil.ignore_patterns("node_modules"))
    done = npm("ci", "--no-audit", "--no-fund", "--prefer-offline", directory=project)
    if done.returncode and any(word in done.stderr for word in ("ENOTFOUND", "ECONNREFUSED")):
        pytest.skip("the npm registry cannot be reached")
    assert done.returncode == 0, done.stderr
    return project


@pytest.mark.slow
def test_a_new_build_is_the_same(project):
    for script in ("check", "build"):
        done = npm("run", script, directory=project)
        assert done.returncode == 0, done.stdout + done.stderr
    built = project.parent / "export/web/page"
    files = {path.relative_to(built) for path in built.rglob("*") if path.is_file()}
    assert files == {path.relative_to(PAGE) for path in PAGE.rglob("*") if path.is_file()}
    assert filecmp.cmpfiles(built, PAGE, files, shallow=False)[0] == list(files)


@pytest.mark.slow
def test_text_processing_of_the_page(project):
    done = npm("test", directory=project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "10 passed" in done.stdout


def conversations(data: Path) -> dict[str, list[str]]:
    """Returns real texts, by name of the released model that reads them."""
    dialogues = json.loads((data / "lccc/lccc_base_test.json").read_text(encoding="utf-8"))
    with gzip.open(data / "dialogue/en/xdailydialog_test.tsv.gz", "rt", encoding="utf-8") as file:
        english = [line.split("\t")[0] for line in file]
    chinese = ["".join(utterance.split(" ")) for dialogue in dialogues for utterance in dialogue]
    return {"zh": chinese[:TEXTS], "en": english[:TEXTS]}


@pytest.mark.slow
def test_text_processing_of_real_conversations(project, real_data, tmp_path):
    """The tokenizers of the released models, on posts and with random replies."""
    for name, texts in conversations(real_data).items():
        assert len(texts) == TEXTS
        assets = TextAssets.load(PRETRAINED / name / ASSETS)
        content = fixture(assets, [(text, 1) for text in texts])
        assert np.mean([UNK in post["ids"] for post in content["posts"]]) < 0.5
        (tmp_path / f"{name}.json").write_text(as_json(content))
    names = {"ECM_FIXTURES": str(tmp_path), "ECM_FIXTURE_NAMES": "zh en"}
    done = npm("test", "--", "text.test.ts", directory=project, **names)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
