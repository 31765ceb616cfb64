import hashlib
import json

import pytest

from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import MANIFEST, read_manifest, sha256, verify_files, write_manifest


@pytest.fixture
def directory(tmp_path):
    (tmp_path / "b.txt").write_text("two", encoding="utf-8")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "a.txt").write_bytes(b"one")
    write_manifest(
        tmp_path,
        "dataset",
        files=["b.txt", "a/a.txt"],
        settings={"名": "猫"},
        counts={"train": 3},
        sources={"pairs": "00"},
    )
    return tmp_path


def _change(directory, **fields):
    path = directory / MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **fields}), "utf-8")


def test_round_trip(directory):
    manifest = read_manifest(directory, "dataset")
    assert manifest["settings"] == {"名": "猫"}
    assert manifest["counts"] == {"train": 3}
    assert manifest["sources"] == {"pairs": "00"}
    assert list(manifest["files"]) == ["a/a.txt", "b.txt"]
    assert manifest["files"]["a/a.txt"] == hashlib.sha256(b"one").hexdigest()
    verify_files(directory, manifest)


def test_writing_is_deterministic_and_leaves_no_other_files(directory):
    before = (directory / MANIFEST).read_bytes()
    write_manifest(
        directory,
        "dataset",
        files=["a/a.txt", "b.txt"],
        settings={"名": "猫"},
        counts={"train": 3},
        sources={"pairs": "00"},
    )
    assert (directory / MANIFEST).read_bytes() == before
    assert sorted(path.name for path in directory.iterdir()) == ["a", "b.txt", MANIFEST]


def test_a_missing_file_leaves_the_directory_unfinished(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_manifest(tmp_path, "model", files=["no"], settings={}, counts={}, sources={})
    with pytest.raises(InputError, match="expected a finished model directory"):
        read_manifest(tmp_path, "model")


def test_missing_directory(tmp_path):
    with pytest.raises(InputError, match="no such directory; expected a dataset directory"):
        read_manifest(tmp_path / "nowhere", "dataset")


def test_directory_of_another_kind(directory):
    with pytest.raises(InputError, match=r"expected kind 'model'.*got 'dataset'"):
        read_manifest(directory, "model")


def test_another_format_version(directory):
    _change(directory, format_version=99)
    with pytest.raises(InputError, match="format version 1; got 'dataset', 99"):
        read_manifest(directory, "dataset")


_HEAD = '"kind": "dataset", "format_version": 1'


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "{}", f"{{{_HEAD}}}", *(f'{{{_HEAD}, "files": {f}}}' for f in ("[]", "3", "null"))],
)
def test_malformed_manifest(directory, text):
    (directory / MANIFEST).write_text(text)
    with pytest.raises(InputError, match="expected a dataset manifest"):
        read_manifest(directory, "dataset")


def test_missing_file(directory):
    (directory / "b.txt").unlink()
    with pytest.raises(InputError, match=r"b\.txt is in the manifest but not in the directory"):
        read_manifest(directory, "dataset")


def test_changed_file(directory):
    (directory / "b.txt").write_text("three", encoding="utf-8")
    manifest = read_manifest(directory, "dataset")
    with pytest.raises(InputError, match=r"b\.txt: changed"):
        verify_files(directory, manifest)


def test_sha256_of_a_large_file(tmp_path):
    content = bytes(range(256)) * 5000
    (tmp_path / "large").write_bytes(content)
    assert sha256(tmp_path / "large") == hashlib.sha256(content).hexdigest()
