"""Versions of a model: which are loaded, and the state of each."""

import asyncio
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from grpc import StatusCode
from tensorflow.core.protobuf.error_codes_pb2 import Code
from tensorflow_serving.apis.get_model_status_pb2 import ModelVersionStatus

from export.serve.errors import RequestError
from export.serve.servable import Servable
from export.version_directories import version_directories

State = ModelVersionStatus.State
logger = logging.getLogger("ray.serve")


Fingerprint = frozenset[tuple[str, int, int]]


def _fingerprint(directory: Path) -> Fingerprint:
    """Returns path, size and modification time of every file, to notice when a directory changes.

    Files that vanish meanwhile and links without a target are left out.
    """
    entries = set()
    for folder, folders, files in os.walk(directory):
        for name in (*folders, *files):
            path = os.path.join(folder, name)
            try:
                state = os.stat(path)
            except OSError:
                continue
            entries.add((path, state.st_size, state.st_mtime_ns))
    return frozenset(entries)


@dataclass(frozen=True)
class _Snapshot:
    """The version directories at one moment, with their fingerprints."""

    directories: dict[int, Path]
    fingerprints: dict[int, Fingerprint]

    @classmethod
    def of(cls, base: Path) -> Self:
        directories = version_directories(base)
        return cls(directories, {n: _fingerprint(path) for n, path in directories.items()})


class Versions:
    """Keeps the newest versions loaded. A broken version does not affect the others.

    Args:
        base: directory with the versions `1/`, `2/`, …
        keep: number of versions to keep loaded.
        max_batch: maximum number of rows that are computed together.
    """

    def __init__(self, base: Path, keep: int, max_batch: int) -> None:
        self._base, self._keep = base, keep
        self._max_batch = max_batch
        self._loaded: dict[int, Servable] = {}
        self._status: dict[int, ModelVersionStatus] = {}
        self._failed: dict[int, Fingerprint] = {}
        """Fingerprint of each directory that could not be loaded."""

    @property
    def ready(self) -> bool:
        """True if a version is loaded."""
        return bool(self._loaded)

    def get(self, version: int | None) -> Servable:
        """Returns a loaded version.

        Args:
            version: version number; None for the newest.

        Raises:
            RequestError: the version is not loaded.
        """
        if version is None:
            if not self._loaded:
                raise RequestError(StatusCode.UNAVAILABLE, "No version is loaded yet.")
            return self._loaded[max(self._loaded)]
        if version not in self._loaded:
            raise RequestError(
                StatusCode.NOT_FOUND,
                f"version: expected one of {sorted(self._loaded)}, got {version}.",
            )
        return self._loaded[version]

    def status(self, version: int | None) -> list[ModelVersionStatus]:
        """Returns the states of versions, the newest first.

        Args:
            version: version number; None for all known versions.

        Raises:
            RequestError: the version is unknown.
        """
        if version is None:
            return [self._status[number] for number in sorted(self._status, reverse=True)]
        if version not in self._status:
            raise RequestError(
                StatusCode.NOT_FOUND,
                f"version: expected one of {sorted(self._status)}, got {version}.",
            )
        return [self._status[version]]

    async def watch(self, seconds: float) -> None:
        """Calls `refresh` repeatedly, without end; a refresh that fails is logged and repeated.

        Args:
            seconds: time between two calls.
        """
        while True:
            await asyncio.sleep(seconds)
            try:
                await self.refresh()
            # Whatever the file system does, the loaded versions keep answering.
            except Exception:
                logger.exception(f"{self._base}: cannot look for new versions.")

    async def refresh(self) -> None:
        """Loads the newest versions that are not loaded yet, then unloads the older ones.

        Each version is tried once, so that one that is still being copied does not delay the others
        until it is complete.
        """
        snapshot = await asyncio.to_thread(_Snapshot.of, self._base)
        while missing := set(self._wanted(snapshot)) - set(self._loaded):
            number = max(missing)
            await self._load(number, snapshot.directories[number], snapshot.fingerprints[number])
        kept = set(self._wanted(snapshot))
        if not kept:
            # Without a version that could replace them, the loaded ones stay. An empty base
            # directory means a file system fault, not that the model is withdrawn.
            return
        for number in set(self._loaded) - kept:
            del self._loaded[number]
            self._set_state(number, State.END)

    def _wanted(self, snapshot: _Snapshot) -> list[int]:
        """Returns the newest versions, without those that failed and have not changed since."""
        loadable = [
            number
            for number, fingerprint in snapshot.fingerprints.items()
            if number in self._loaded or self._failed.get(number) != fingerprint
        ]
        return sorted(loadable)[-self._keep :]

    async def _load(self, number: int, directory: Path, fingerprint: Fingerprint) -> None:
        self._set_state(number, State.LOADING)
        try:
            servable = await asyncio.to_thread(Servable, directory, self._max_batch)
        # Whatever TensorFlow raises for a broken version, the other versions stay available.
        except Exception as error:
            logger.exception(f"{directory}: cannot be loaded.")
            self._failed[number] = fingerprint
            self._set_state(number, State.END, error)
            return
        self._failed.pop(number, None)
        self._loaded[number] = servable
        self._set_state(number, State.AVAILABLE)

    def _set_state(self, number: int, state: int, error: Exception | None = None) -> None:
        status = ModelVersionStatus(version=number, state=state)
        status.status.SetInParent()
        if error is not None:
            status.status.error_code = Code.INTERNAL
            status.status.error_message = f"{type(error).__name__}: {error}"
        self._status[number] = status
        logger.info(f"version {number}: {State.Name(state)}")
