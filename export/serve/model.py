"""A served model, whatever language it is asked in."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from grpc import StatusCode
from tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataResponse, SignatureDefMap
from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusResponse

from export.serve.errors import RequestError
from export.serve.servable import Servable
from export.serve.settings import ServerConfig
from export.serve.versions import Versions


class Model:
    """Answers requests, under the limits of a configuration.

    Args:
        base: holds `1/`, `2/`, …
        config: how.
    """

    def __init__(self, base: Path, config: ServerConfig) -> None:
        self.config = config
        self.versions = Versions(base, config.versions, config.max_batch)

    def _servable(self, name: str, version: int | None) -> Servable:
        self._check(name)
        return self.versions.get(version)

    def _check(self, name: str) -> None:
        if name != self.config.model:
            raise RequestError(
                StatusCode.NOT_FOUND, f"model: expected {self.config.model!r}, got {name!r}."
            )

    def inputs(self, name: str, version: int | None, signature: str) -> list[str]:
        """Names of a signature's inputs; raises as `predict` does."""
        return self._servable(name, version).inputs(signature)

    async def predict(
        self,
        name: str,
        version: int | None,
        signature: str,
        columns: Mapping[str, Sequence[bytes]],
    ) -> tuple[int, dict[str, np.ndarray]]:
        """Answers.

        Args:
            name: the model's.
            version: None: the newest.
            signature: its name.
            columns: an entry a row for each input.

        Returns:
            The version that answered, and arrays with a row for each row.

        Raises:
            RequestError: see its codes.
        """
        servable = self._servable(name, version)
        rows = max(map(len, columns.values()), default=0)
        if rows > self.config.max_posts:
            raise RequestError(
                StatusCode.INVALID_ARGUMENT,
                f"request: expected at most {self.config.max_posts} posts, got {rows}.",
            )
        return servable.version, await servable.predict(signature, columns)

    def status(self, name: str, version: int | None) -> GetModelStatusResponse:
        """States of a version, or of all that were seen, the newest first.

        Raises:
            RequestError: no such model or version.
        """
        self._check(name)
        return GetModelStatusResponse(model_version_status=self.versions.status(version))

    def metadata(self, name: str, version: int | None) -> GetModelMetadataResponse:
        """The signatures of a version.

        Raises:
            RequestError: no such model or version.
        """
        servable = self._servable(name, version)
        found = GetModelMetadataResponse()
        found.model_spec.name = name
        found.model_spec.version.value = servable.version
        found.metadata["signature_def"].Pack(SignatureDefMap(signature_def=servable.definitions))
        return found
