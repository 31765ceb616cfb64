"""The command line `python -m data_prep`."""

import subprocess
import sys
from pathlib import Path

from data_prep.__main__ import main
from ecm_tf.core.manifest import read_manifest

GOOD = {"post": "今天好", "response": "好", "emotion": "happy"}
BAD = {"post": "今天好", "response": "好", "emotion": "joyful"}


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "data_prep", *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    )


def test_bad_record_exits_with_status_2(tmp_path, write_jsonl):
    train = write_jsonl([GOOD, GOOD, BAD])
    done = command("build", "--train", train, "--output", tmp_path / "dataset")
    assert done.returncode == 2
    error = done.stderr.splitlines()[-1]
    assert error.startswith(f"error: {train}: line 3: response: unknown emotion 'joyful'")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "dataset").exists()


def test_build_of_the_real_sample(tmp_path, real_data, capsys):
    train = real_data / "estc_sample" / "stc_1000_pairs.json"
    main(["build", "--train", str(train), "--output", str(tmp_path / "dataset"), "--workers", "1"])
    assert "response tokens" in capsys.readouterr().out
    manifest = read_manifest(tmp_path / "dataset", "dataset")
    assert sum(manifest["counts"]["pairs"].values()) == 1000
    assert manifest["counts"]["tokenizer_agreement"]["hmm_on"]["boundary_f1"] > 0.98


def test_help_does_not_import_tensorflow():
    code = (
        "import sys, runpy; sys.argv = ['data_prep', 'build', '--help']\n"
        "try: runpy.run_module('data_prep', run_name='__main__')\n"
        "finally: assert 'tensorflow' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--post_vocabulary_size" in done.stdout
