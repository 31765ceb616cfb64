"""Tasks on Ray, two workers on this machine: the same bytes, retries and errors."""

import gzip
import itertools
import json
import logging
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import fake_classifier
import pytest

from data_prep.__main__ import main
from ecm_tf.core import command
from ecm_tf.core.errors import InputError
from ecm_tf.core.ray_cluster import LOCAL, disable_cluster

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("ray_data"),
    # Ray Data sets options of its own that it calls deprecated.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

PAIRS = 900
NAMES = ("here", "ray")
ON_RAY = ["--ray_address", LOCAL]


@pytest.fixture(scope="module")
def ray() -> Iterator[type]:
    """The executor's class; Ray, with two workers, runs for all tests of this file."""
    disable_cluster()
    from data_prep.execution.ray_data import RayData

    with RayData(LOCAL, cpus=2):
        yield RayData


@pytest.fixture
def ray_data(ray, monkeypatch) -> type:
    """The executor's class, whose instances use the running Ray and leave it running."""
    monkeypatch.setattr(ray, "__init__", lambda *_: None)
    monkeypatch.setattr(ray, "__exit__", lambda *_: None)
    return ray


def lines(first: int, pairs: int) -> Iterator[bytes]:
    for i in range(first, first + pairs):
        row = {
            "post": f"第{i}次去{'天安门' * (i % 5)}",
            "response": f"真好{i % 7}",
            "emotion": i % 6,
        }
        yield json.dumps(row, ensure_ascii=False).encode() + b"\n"


@pytest.fixture(scope="module")
def shards(tmp_path_factory) -> Path:
    """Three uneven shards: one gzipped, one with bad records, one without pairs."""
    directory = tmp_path_factory.mktemp("shards")
    (directory / "a.jsonl.gz").write_bytes(gzip.compress(b"".join(lines(0, PAIRS))))
    (directory / "b.jsonl").write_bytes(b'{"post": "x"}\n' * 3 + b"".join(lines(PAIRS, 50)))
    (directory / "c.jsonl").write_bytes(b'{"post": " ", "response": "x", "emotion": 1}\n')
    return directory


@pytest.fixture(scope="module")
def classifier(tmp_path_factory) -> Path:
    return fake_classifier.make(tmp_path_factory.mktemp("classifier"))


def contents(path: Path) -> dict[str, bytes]:
    files = (file for file in path.rglob("*") if file.is_file())
    return {str(file.relative_to(path)): file.read_bytes() for file in files}


def build(shards: Path, output: Path, *flags: str) -> dict[str, bytes]:
    settings = ["--skip_bad_records", "--pairs_per_shard", "300", "--workers", "1"]
    main(["build", "--train", str(shards), "--output", str(output), *settings, *flags])
    return contents(output)


def label(shards: Path, classifier: Path, output: Path, *flags: str) -> bytes:
    files = ["--input", str(shards / "*"), "--classifier", str(classifier)]
    main(["label", *files, "--output", str(output), "--skip_bad_records", *flags])
    return output.read_bytes()


def kill_once_in(calls: set[int], ray_data: type, directory: Path, monkeypatch) -> list[Path]:
    """Makes a process kill itself after a task's work, once in each of the given calls of `map`.

    Returns:
        The files that the killed processes leave.
    """
    original, number = ray_data.map, itertools.count()
    markers = [directory / f"killed-{call}" for call in sorted(calls)]

    def map_and_kill(self, make, shards, advance):
        marker = directory / f"killed-{next(number)}"
        if marker not in markers:
            return original(self, make, shards, advance)

        def make_killing():
            task = make()

            def run_and_kill(shard, advance):
                result = task(shard, advance)
                try:
                    marker.touch(exist_ok=False)
                except FileExistsError:
                    return result
                os.kill(os.getpid(), signal.SIGKILL)

            return run_and_kill

        return original(self, make_killing, shards, advance)

    monkeypatch.setattr(ray_data, "map", map_and_kill)
    return markers


def test_results_errors_and_progress_are_in_order(ray_data):
    def task(shard, advance):
        time.sleep(0.3 * (shard == 0))
        advance(shard)
        if shard > 4:
            raise InputError(f"shard {shard}")
        return 2 * shard

    executor, advanced = ray_data(LOCAL, 2), []
    assert list(executor.map(lambda: task, [0, 3, 1], advanced.append)) == [0, 6, 2]
    assert advanced == [0, 3, 1]
    assert list(executor.map(lambda: task, [], advanced.append)) == []
    results = executor.map(lambda: task, [0, 6, 5, 1], advanced.append)
    assert next(results) == 0
    with pytest.raises(InputError, match=r"^shard 6$"):
        next(results)


def test_build_gives_the_same_bytes_although_processes_are_killed(
    ray_data, shards, tmp_path, monkeypatch
):
    expected = build(shards, tmp_path / "here")
    assert sum(name.startswith("train-") for name in expected) == 3
    assert expected["rejected.jsonl"].count(b"\n") == 4
    # The calls of a build: digests, reading, word counts, token counts, records.
    markers = kill_once_in({1, 4}, ray_data, tmp_path, monkeypatch)
    assert build(shards, tmp_path / "ray", *ON_RAY) == expected
    assert all(marker.exists() for marker in markers)


def test_label_gives_the_same_bytes_although_a_process_is_killed(
    ray_data, shards, classifier, tmp_path, monkeypatch
):
    expected = label(shards, classifier, tmp_path / "here.jsonl")
    assert expected.count(b"\n") == PAIRS + 50
    (marker,) = kill_once_in({1}, ray_data, tmp_path, monkeypatch)
    assert label(shards, classifier, tmp_path / "ray.jsonl", *ON_RAY) == expected
    assert marker.exists()
    rejected = [(tmp_path / f"{name}.jsonl.rejected.jsonl").read_bytes() for name in NAMES]
    assert rejected[0] == rejected[1]
    assert rejected[0].count(b"\n") == 4


@pytest.mark.parametrize("flags", [[], ["--ray_address", LOCAL]])
def test_an_interrupted_label_run_is_resumed(
    ray_data, shards, classifier, tmp_path, monkeypatch, caplog, flags
):
    caplog.set_level(logging.INFO, "data_prep")
    expected = label(shards, classifier, tmp_path / "here.jsonl")
    with monkeypatch.context() as patch:
        original, number = ray_data.map, itertools.count()

        def interrupted(self, make, shards, advance):
            results = original(self, make, shards, advance)
            if next(number) == 0:  # the digests
                yield from results
                return
            yield next(results)
            raise KeyboardInterrupt

        patch.setattr(ray_data, "map", interrupted)
        with pytest.raises(KeyboardInterrupt):
            label(shards, classifier, tmp_path / "ray.jsonl", *ON_RAY)
    assert not (tmp_path / "ray.jsonl").exists()
    assert label(shards, classifier, tmp_path / "ray.jsonl", *flags) == expected
    assert f"resuming after {PAIRS} pairs" in caplog.text
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        f"{name}.jsonl{end}" for name in NAMES for end in ("", ".rejected.jsonl")
    )


def test_a_bad_record_is_one_sentence_and_leaves_nothing(ray_data, shards, tmp_path, capsys):
    flags = ["--train", str(shards), "--output", str(tmp_path / "ray"), *ON_RAY]
    with pytest.raises(SystemExit) as stopped:
        command.run(lambda: main(["build", *flags]))
    assert stopped.value.code == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert f"{shards / 'b.jsonl'}: line 1: expected" in sentence
    assert list(tmp_path.iterdir()) == []


def test_an_address_without_a_cluster(tmp_path, shards):
    flags = [
        "--train",
        str(shards),
        "--output",
        str(tmp_path / "d"),
        "--ray_address",
        "127.0.0.1:1",
    ]
    with pytest.raises(InputError, match=r"--ray_address: expected local, auto or HOST:PORT"):
        main(["build", *flags])
