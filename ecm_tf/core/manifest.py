"""Finished directories: a `manifest.json`, written last, says what a directory holds."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from ecm_tf.core.errors import InputError

MANIFEST = "manifest.json"
FORMAT_VERSION = 1


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_atomically(path: Path, text: str) -> None:
    """Writes a whole text file or, if anything fails, leaves what was there."""
    temporary = path.with_name(f".{path.name}.partial")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


def write_manifest(
    directory: Path,
    kind: str,
    *,
    files: list[str],
    settings: dict[str, Any],
    counts: dict[str, Any],
    sources: dict[str, str],
) -> None:
    """Declares `directory` finished.

    Args:
        directory: where the files lie.
        kind: `"dataset"`, `"model"`, `"classifier"`, `"report"` or `"tflite"`.
        files: paths below `directory` that belong to it; their digests are recorded.
        settings: how it was made.
        counts: what is in it.
        sources: name and sha256 of what it was made from.
    """
    manifest = {
        "kind": kind,
        "format_version": FORMAT_VERSION,
        "settings": settings,
        "counts": counts,
        "sources": sources,
        "files": {name: sha256(directory / name) for name in sorted(files)},
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
    write_atomically(directory / MANIFEST, text)


def read_manifest(directory: Path, kind: str) -> dict[str, Any]:
    """The manifest of a finished directory of the given kind.

    File sizes and digests are not compared here; `verify_files` does that.

    Raises:
        InputError: the directory is missing, unfinished, of another kind or format version.
    """
    path = directory / MANIFEST
    if not directory.is_dir():
        raise InputError(f"{directory}: no such directory; expected a {kind} directory.")
    if not path.is_file():
        raise InputError(
            f"{directory}: expected a finished {kind} directory, but it has no {MANIFEST}; "
            f"run the command that makes it again."
        )
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        came_kind, came_version = manifest["kind"], manifest["format_version"]
        files = manifest["files"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: expected a {kind} manifest; {error!r}.") from error
    if (came_kind, came_version) != (kind, FORMAT_VERSION):
        raise InputError(
            f"{path}: expected kind {kind!r}, format version {FORMAT_VERSION}; "
            f"got {came_kind!r}, {came_version!r}."
        )
    for name in files:
        if not (directory / name).is_file():
            raise InputError(f"{directory}: {name} is in the manifest but not in the directory.")
    return manifest


def verify_files(directory: Path, manifest: dict[str, Any]) -> None:
    """Compares every file with its recorded digest.

    Raises:
        InputError: a file was changed after the manifest was written.
    """
    for name, digest in manifest["files"].items():
        if sha256(directory / name) != digest:
            raise InputError(f"{directory / name}: changed since its manifest was written.")
