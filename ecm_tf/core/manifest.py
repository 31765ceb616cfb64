"""Manifests: `manifest.json`, written last, describes the content of a finished directory."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from ecm_tf.core.errors import InputError
from ecm_tf.core.files import read_json, require_directory, writing
from ecm_tf.core.replacement import MANIFEST, finish_replacement

FORMAT_VERSION = 1


def sha256(path: Path) -> str:
    """Returns the SHA-256 digest of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_atomically(path: Path, content: str | bytes) -> None:
    """Writes a file completely, or leaves the existing file unchanged if anything fails.

    Args:
        path: the file.
        content: bytes, or text, which is written as UTF-8.
    """
    temporary = path.with_name(f".{path.name}.partial")
    with writing(path):
        try:
            with temporary.open("wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def write_manifest(
    directory: Path,
    kind: str,
    *,
    files: list[str],
    settings: dict[str, Any],
    counts: dict[str, Any],
    sources: dict[str, str],
    digests: Mapping[str, str] | None = None,
) -> None:
    """Writes the manifest of a directory, which marks it as finished.

    Args:
        directory: the directory.
        kind: `"corpus"`, `"dataset"`, `"model"`, `"checkpoint"`, `"classifier"`, `"vectors"`,
            `"report"`, `"tflite"` or `"web"`.
        files: paths of its files, relative to `directory`; their digests are recorded.
        settings: the settings that it was made with.
        counts: statistics of its content.
        sources: names and SHA-256 digests of the files that it was made from.
        digests: further files of the directory whose digests are known.
    """
    computed = {name: sha256(directory / name) for name in files} | dict(digests or {})
    manifest = {
        "kind": kind,
        "format_version": FORMAT_VERSION,
        "settings": settings,
        "counts": counts,
        "sources": sources,
        "files": dict(sorted(computed.items())),
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
    write_atomically(directory / MANIFEST, text)


def read_manifest(directory: Path, *kinds: str) -> dict[str, Any]:
    """Returns the manifest of a finished directory of the given kind, or of one of several.

    If the process that last replaced the files died before all were in place, the rest are moved
    first. Digests of the files are not compared here; `verify_files` does that.

    Raises:
        InputError: the directory is missing, unfinished, or of another kind or format version; or
            a file of the manifest is missing.
    """
    path, kind = directory / MANIFEST, " or ".join(kinds)
    require_directory(directory, f"a {kind} directory")
    try:
        finish_replacement(directory)
    except OSError as error:
        raise InputError(
            f"{directory}: an earlier replacement of its files was interrupted and cannot be "
            f"finished; {error}."
        ) from error
    if not path.is_file():
        raise InputError(
            f"{directory}: expected a finished {kind} directory, but it has no {MANIFEST}; "
            "rerun the command that creates it."
        )
    manifest = read_json(path, f"a {kind} manifest")
    try:
        received = manifest["kind"], manifest["format_version"]
        files = msgspec.convert(manifest["files"], dict[str, str])
    except (KeyError, TypeError, msgspec.ValidationError) as error:
        raise InputError(f"{path}: expected a {kind} manifest; {error!r}.") from error
    if received not in [(each, FORMAT_VERSION) for each in kinds]:
        raise InputError(
            f"{path}: expected kind {' or '.join(map(repr, kinds))}, format version "
            f"{FORMAT_VERSION}; got {received[0]!r}, {received[1]!r}."
        )
    for name in files:
        if not (directory / name).is_file():
            raise InputError(f"{directory}: {name} is in the manifest but not in the directory.")
    return manifest


def verify_files(directory: Path, manifest: dict[str, Any]) -> None:
    """Compares every file of a manifest with its digest.

    Raises:
        InputError: a file has changed since the manifest was written.
    """
    for name, digest in manifest["files"].items():
        if sha256(directory / name) != digest:
            raise InputError(f"{directory / name}: changed since its manifest was written.")
