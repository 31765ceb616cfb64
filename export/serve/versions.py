"""The versions of a model: which are loaded, what state each is in."""

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
    """Finished versions below a directory, by number."""
    return {
        int(path.name): path
        for path in base.glob("*")
        if path.name.isdigit() and (path / "saved_model.pb").is_file()
    }


def _last_change(directory: Path) -> float:
    return max(path.stat().st_mtime for path in [directory, *directory.rglob("*")])


class Versions:
    """Keeps the newest versions loaded. A broken version harms no other.

    Args:
        base: holds `1/`, `2/`, …
        keep: how many.
        max_batch: as for `Servable`.
    """

    def __init__(self, base: Path, keep: int, max_batch: int) -> None:
        self._base, self._keep = base, keep
        self._max_batch = max_batch
        self._loaded: dict[int, Servable] = {}
        self._status: dict[int, ModelVersionStatus] = {}
        self._failed: dict[int, float] = {}
        """When what could not be loaded had last been changed."""

    @property
    def ready(self) -> bool:
        """Whether there is a version to answer."""
        return bool(self._loaded)

    def get(self, version: int | None) -> Servable:
        """A version, or the newest.

        Raises:
            RequestError: it is not loaded.
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
        """States, the newest version first.

        Raises:
            RequestError: the version was never seen.
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
        """Looks again and again, for ever.

        Args:
            seconds: between two looks.
        """
        while True:
            await asyncio.sleep(seconds)
            await self.refresh()

    async def refresh(self) -> None:
        """Looks once: loads the newest versions beside those that answer, then lets old ones go."""
        found = version_directories(self._base)
        if not found:
            # A directory that vanished whole is a fault of its disk, not an order to stop.
            return
        while missing := set(self._wanted(found)) - set(self._loaded):
            await self._load(max(missing), found[max(missing)])
        for number in set(self._loaded) - set(self._wanted(found)):
            del self._loaded[number]
            self._say(number, State.END)

    def _wanted(self, found: Mapping[int, Path]) -> list[int]:
        """The newest versions but for those that failed and are still as they were then."""
        sound = [
            number
            for number, directory in found.items()
            if self._failed.get(number) != _last_change(directory)
        ]
        return sorted(sound)[-self._keep :]

    async def _load(self, number: int, directory: Path) -> None:
        self._say(number, State.LOADING)
        changed = _last_change(directory)
        try:
            servable = await asyncio.to_thread(Servable, directory, self._max_batch)
        # Whatever is wrong with a directory, the versions beside it go on; its state says it.
        except Exception as error:
            logger.exception(f"{directory}: cannot be loaded.")
            self._failed[number] = changed
            self._say(number, State.END, error)
            return
        self._loaded[number] = servable
        self._say(number, State.AVAILABLE)

    def _say(self, number: int, state: int, error: Exception | None = None) -> None:
        status = ModelVersionStatus(version=number, state=state)
        status.status.SetInParent()
        if error is not None:
            status.status.error_code = Code.INTERNAL
            status.status.error_message = f"{type(error).__name__}: {error}"
        self._status[number] = status
        logger.info(f"version {number}: {State.Name(state)}")
