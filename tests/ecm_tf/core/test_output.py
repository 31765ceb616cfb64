import errno
from pathlib import Path

import pytest

from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import MANIFEST, write_atomically, write_manifest
from ecm_tf.core.output import check_output, finished_directory


def _finish(directory, kind="model"):
    write_manifest(directory, kind, files=[], settings={}, counts={}, sources={})


def _names(directory):
    return sorted(path.name for path in directory.iterdir())


def test_new_and_empty_directories_are_accepted(tmp_path):
    check_output(tmp_path / "new", "model", overwrite=False)
    check_output(tmp_path, "model", overwrite=False)


def test_other_data_is_never_replaced(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="expected a new directory, got a file"):
        check_output(tmp_path / "file", "model", overwrite=True)
    with pytest.raises(InputError, match="this directory contains other files"):
        check_output(tmp_path, "model", overwrite=True)
    _finish(tmp_path, "dataset")
    with pytest.raises(InputError, match="this directory contains other files"):
        check_output(tmp_path, "model", overwrite=True)


def test_a_finished_directory_needs_overwrite(tmp_path):
    _finish(tmp_path)
    check_output(tmp_path, "model", overwrite=True)
    with pytest.raises(InputError, match="a model directory exists already; --overwrite replaces"):
        check_output(tmp_path, "model", overwrite=False)


def test_a_directory_appears_when_it_is_finished(tmp_path):
    output = tmp_path / "made" / "model"
    with finished_directory(output) as directory:
        (directory / "new").touch()
        assert not output.exists()
    assert _names(output) == ["new"]
    assert _names(output.parent) == ["model"]


@pytest.mark.parametrize("kind", [None, "dataset"])
@pytest.mark.parametrize("mounted", [False, True])
def test_data_that_appears_meanwhile_is_kept(kind, mounted, tmp_path, monkeypatch):
    output = tmp_path / "1"
    if mounted:
        output.mkdir()
        monkeypatch.setattr(Path, "is_mount", lambda path: path == output)
    with (
        pytest.raises(InputError, match="1: expected a new or empty directory"),
        finished_directory(output, kind, overwrite=True),
    ):
        output.mkdir(exist_ok=True)
        (output / "notes.txt").touch()
    assert _names(output) == ["notes.txt"]
    assert _names(tmp_path) == ["1"]


def test_a_finished_directory_of_another_process_is_kept_without_overwrite(tmp_path):
    with (
        pytest.raises(InputError, match="a model directory exists already; --overwrite replaces"),
        finished_directory(tmp_path / "model", "model"),
        finished_directory(tmp_path / "model", "model") as other,
    ):
        _finish(other)
    assert _names(tmp_path / "model") == [MANIFEST]


def test_a_failure_leaves_the_old_directory(tmp_path):
    output = tmp_path / "model"
    output.mkdir()
    (output / "old").touch()
    with pytest.raises(ZeroDivisionError), finished_directory(output, "model") as directory:
        (directory / "new").touch()
        raise ZeroDivisionError
    assert _names(output) == ["old"]
    assert _names(tmp_path) == ["model"]


def test_an_existing_directory_is_replaced(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "old").touch()
    _finish(tmp_path / "model")
    with finished_directory(tmp_path / "model", "model", overwrite=True) as directory:
        (directory / "new").touch()
    assert _names(tmp_path / "model") == ["new"]
    assert _names(tmp_path) == ["model"]


def test_a_directory_that_cannot_be_created(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(InputError, match="the directory cannot be created"),
        finished_directory(tmp_path / "file" / "model"),
    ):
        pass


def _full_disk(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_reported_with_the_output_and_leaves_nothing(tmp_path, monkeypatch):
    (tmp_path / "settings.json").write_text("{}")
    monkeypatch.setattr("os.replace", _full_disk)
    with pytest.raises(OSError) as caught:
        write_atomically(tmp_path / "settings.json", "new")
    assert caught.value.filename == str(tmp_path / "settings.json")
    with pytest.raises(OSError) as caught, finished_directory(tmp_path / "dataset"):
        _full_disk()
    assert caught.value.filename == str(tmp_path / "dataset")
    assert [path.name for path in tmp_path.iterdir()] == ["settings.json"]
    assert (tmp_path / "settings.json").read_text() == "{}"


def test_an_interruption_leaves_neither_files_nor_new_parents(tmp_path):
    with (
        pytest.raises(KeyboardInterrupt),
        finished_directory(tmp_path / "made" / "new" / "model") as directory,
    ):
        (directory / "new").touch()
        raise KeyboardInterrupt
    assert _names(tmp_path) == []


def test_two_processes_with_the_same_id_do_not_disturb_each_other(tmp_path):
    """As in two containers that share a file system."""
    with finished_directory(tmp_path / "model", "model", overwrite=True) as first:
        (first / "first").touch()
        with finished_directory(tmp_path / "model", "model", overwrite=True) as second:
            (second / "second").touch()
            _finish(second)
        assert _names(tmp_path / "model") == [MANIFEST, "second"]
        assert _names(first) == ["first"]
    assert _names(tmp_path) == ["model"]
    assert _names(tmp_path / "model") == ["first"]


def test_a_failed_replacement_restores_the_old_directory(tmp_path, monkeypatch):
    output = tmp_path / "model"
    output.mkdir()
    (output / "old").touch()
    rename = Path.rename

    def fail(path, target):
        if ".partial-" in path.name:
            raise OSError(errno.EIO, "no")
        return rename(path, target)

    _finish(output)
    writing = finished_directory(output, "model", overwrite=True)
    with pytest.raises(OSError, match="no"), writing as directory:
        (directory / "new").touch()
        monkeypatch.setattr(Path, "rename", fail)
    assert _names(tmp_path) == ["model"]
    assert _names(output) == [MANIFEST, "old"]


@pytest.mark.parametrize("recognised", [True, False], ids=["mount", "bind mount"])
def test_the_content_of_a_mount_point_is_replaced(recognised, tmp_path, monkeypatch):
    output = tmp_path / "model"
    output.mkdir()
    rename = Path.rename

    def busy(path, target):
        if path == output:
            raise OSError(errno.EBUSY, "Device or resource busy")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", busy)
    monkeypatch.setattr(Path, "is_mount", lambda path: recognised and path == output)
    for content in ("first", "second"):
        with finished_directory(output, "model", overwrite=True) as directory:
            (directory / content).mkdir()
            (directory / content / "file").touch()
            _finish(directory)
        assert _names(output) == sorted([content, MANIFEST])
        assert _names(output / content) == ["file"]
    with pytest.raises(ZeroDivisionError), finished_directory(output) as directory:
        raise ZeroDivisionError
    assert _names(output) == [MANIFEST, "second"]
    assert _names(tmp_path) == ["model"]
