"""Version directories that change, vanish or break while the server looks for new versions."""

import asyncio
import os
import shutil

import pytest

from export.serve import versions as module
from export.serve.versions import State

pytestmark = pytest.mark.xdist_group("server")


class FakeServable:
    """Loads a directory that has `variables`; fails as TensorFlow does without them.

    Attributes:
        attempts: numbers of the versions that were tried, in order.
    """

    attempts: list[int]

    def __init__(self, directory, max_batch):
        self.attempts.append(int(directory.name))
        (directory / "variables").stat()


@pytest.fixture
def versions(tmp_path, monkeypatch):
    monkeypatch.setattr(FakeServable, "attempts", [], raising=False)
    monkeypatch.setattr(module, "Servable", FakeServable)
    return module.Versions(tmp_path, 2, 32)


@pytest.fixture
def add(tmp_path):
    def add(name, complete=True):
        directory = tmp_path / str(name)
        directory.mkdir()
        (directory / "saved_model.pb").write_bytes(b"")
        if complete:
            (directory / "variables").mkdir()
        return directory

    return add


def loaded(versions) -> dict[int, str]:
    asyncio.run(versions.refresh())
    return {row.version: State.Name(row.state) for row in versions.status(None)}


def test_dangling_link_inside_a_version_is_ignored(versions, add):
    (add(1) / "link").symlink_to("nothing")
    assert loaded(versions) == {1: "AVAILABLE"}


def test_file_or_version_that_vanishes_during_a_poll_is_ignored(versions, add, monkeypatch):
    add(1)
    add(2)
    stat = os.stat

    def vanishing_stat(path, *arguments, **options):
        if str(path).endswith("/2/variables"):
            shutil.rmtree(os.path.dirname(path), ignore_errors=True)
            raise FileNotFoundError(path)
        return stat(path, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(os, "stat", vanishing_stat)
        assert loaded(versions) == {1: "AVAILABLE", 2: "END"}
    assert loaded(versions) == {1: "AVAILABLE", 2: "END"}
    assert versions.get(None) is versions.get(1)


def test_half_copied_version_is_tried_once_a_poll_and_delays_no_other(versions, add):
    add(1)
    copied = add(2, complete=False)
    assert loaded(versions) == {1: "AVAILABLE", 2: "END"}
    (copied / "assets").mkdir()
    assert loaded(versions)[2] == "END"
    assert loaded(versions)[2] == "END"
    (copied / "variables").mkdir()
    assert loaded(versions) == {1: "AVAILABLE", 2: "AVAILABLE"}
    assert FakeServable.attempts == [2, 1, 2, 2]


def test_version_that_changes_while_it_is_loaded_is_tried_once_a_poll(versions, add, monkeypatch):
    add(1)
    add(2, complete=False)
    load = FakeServable.__init__

    def changing_load(self, directory, max_batch):
        (directory / f"part-{len(self.attempts)}").write_bytes(b"")
        load(self, directory, max_batch)

    monkeypatch.setattr(FakeServable, "__init__", changing_load)
    assert loaded(versions) == {1: "AVAILABLE", 2: "END"}
    assert loaded(versions) == {1: "AVAILABLE", 2: "END"}
    assert FakeServable.attempts == [2, 1, 2]


@pytest.mark.parametrize("name", ["²", "٣", "01", "+1", "9" * 19])
def test_directories_of_other_names_are_ignored(versions, add, name):
    add(name)
    add(1)
    assert loaded(versions) == {1: "AVAILABLE"}


def test_loaded_version_stays_until_another_can_replace_it(versions, add, tmp_path):
    shutil.copytree(add(1), tmp_path / "kept")
    assert loaded(versions) == {1: "AVAILABLE"}
    add(2, complete=False)
    shutil.rmtree(tmp_path / "1")
    assert loaded(versions) == {1: "AVAILABLE", 2: "END"}
    shutil.rmtree(tmp_path / "2")
    assert loaded(versions) == {1: "AVAILABLE", 2: "END"}
    add(3)
    assert loaded(versions) == {1: "END", 2: "END", 3: "AVAILABLE"}


def test_poll_that_fails_is_repeated(versions, add, monkeypatch):
    add(1)
    refresh, failures = versions.refresh, [OSError("stale file handle"), OSError("again")]

    async def failing_refresh():
        if failures:
            raise failures.pop()
        await refresh()

    monkeypatch.setattr(versions, "refresh", failing_refresh)

    async def watch():
        task = asyncio.create_task(versions.watch(0.001))
        while not versions.ready:
            assert not task.done()
            await asyncio.sleep(0.001)
        task.cancel()

    asyncio.run(asyncio.wait_for(watch(), 10))
