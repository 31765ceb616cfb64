"""Versions of a model: which are loaded, and the state of each."""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path

from grpc import StatusCode
from tensorflow.core.protobuf.error_codes_pb2 import Code
from tensorflow_serving.apis.get_model_status_pb2 import ModelVersionStatus

from export.serve.errors import RequestError
from export.serve.servable import Servable

State = ModelVersionStatus.State
logger = logging.getLogger("ray.serve")


def version_directories(base: Path) -> dict[int, Path]:
    """Returns the complete version directories in a base directory, by version number.

    Args:
        base: directory with the versions `1/`, `2/`, …
    """
    return {
        int(path.name): path
        for path in base.glob("*")
        if path.name.isdigit() and (path / "saved_model.pb").is_file()
    }


def _modification_time(directory: Path) -> float:
    return max(path.stat().st_mtime for path in [directory, *directory.rglob("*")])


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
        self._failed: dict[int, float] = {}
        """Modification time of each directory that could not be loaded."""

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
        """Calls `refresh` repeatedly, without end.

        Args:
            seconds: time between two calls.
        """
        while True:
            await asyncio.sleep(seconds)
            await self.refresh()

    async def refresh(self) -> None:
        """Loads the newest versions that are not loaded yet, then unloads the older ones."""
        directories = version_directories(self._base)
        if not directories:
            # An empty base directory means a file system fault, not that the model is withdrawn.
            return
        while missing := set(self._wanted(directories)) - set(self._loaded):
            await self._load(max(missing), directories[max(missing)])
        for number in set(self._loaded) - set(self._wanted(directories)):
            del self._loaded[number]
            self._set_state(number, State.END)

    def _wanted(self, directories: Mapping[int, Path]) -> list[int]:
        """Returns the newest versions, without those that failed and have not changed since."""
        loadable = [
            number
            for number, directory in directories.items()
            if self._failed.get(number) != _modification_time(directory)
        ]
        return sorted(loadable)[-self._keep :]

    async def _load(self, number: int, directory: Path) -> None:
        self._set_state(number, State.LOADING)
        modification_time = _modification_time(directory)
        try:
            servable = await asyncio.to_thread(Servable, directory, self._max_batch)
        # Whatever TensorFlow raises for a broken version, the other versions stay available.
        except Exception as error:
            logger.exception(f"{directory}: cannot be loaded.")
            self._failed[number] = modification_time
            self._set_state(number, State.END, error)
            return
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
