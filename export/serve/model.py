"""The served model, independent of the API that a request uses."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from grpc import StatusCode
from tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataResponse, SignatureDefMap
from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusResponse

from export.serve.errors import RequestError, too_many_posts
from export.serve.servable import Servable
from export.serve.settings import ServerConfig
from export.serve.versions import Versions


class Model:
    """Answers requests within the limits of a configuration.

    Args:
        base: directory with the versions `1/`, `2/`, …
        config: settings of the server.

    Attributes:
        config: settings of the server.
        versions: loaded versions of the model.
    """

    def __init__(self, base: Path, config: ServerConfig) -> None:
        self.config = config
        self.versions = Versions(base, config.versions, config.max_batch)

    def _servable(self, name: str, version: int | None) -> Servable:
        self._check_name(name)
        return self.versions.get(version)

    def _check_name(self, name: str) -> None:
        if name != self.config.model:
            raise RequestError(
                StatusCode.NOT_FOUND, f"model: expected {self.config.model!r}, got {name!r}."
            )

    def input_names(self, name: str, version: int | None, signature: str) -> list[str]:
        """Returns the input names of a signature.

        Args:
            name: name of the model.
            version: version number; None for the newest.
            signature: name of the signature.

        Raises:
            RequestError: the model, version or signature does not exist.
        """
        return self._servable(name, version).input_names(signature)

    async def predict(
        self,
        name: str,
        version: int | None,
        signature: str,
        columns: Mapping[str, Sequence[bytes]],
    ) -> tuple[int, dict[str, np.ndarray]]:
        """Calls a signature.

        Args:
            name: name of the model.
            version: version number; None for the newest.
            signature: name of the signature.
            columns: one entry per row for each input.

        Returns:
            The version that was called, and output arrays with one row per input row.

        Raises:
            RequestError: the model, version or signature does not exist, the inputs do not fit it,
                or the request has too many posts.
        """
        servable = self._servable(name, version)
        rows = max(map(len, columns.values()), default=0)
        if rows > self.config.max_posts:
            raise too_many_posts(self.config.max_posts, rows)
        hypotheses = servable.hypotheses(signature, columns)
        if sum(hypotheses) > self.config.max_hypotheses:
            each = max(hypotheses)
            raise RequestError(
                StatusCode.INVALID_ARGUMENT,
                f"request: expected at most {self.config.max_hypotheses // each} posts of "
                f"{signature}, which decodes {each} hypotheses for each; got {rows}.",
            )
        return servable.version, await servable.predict(signature, columns)

    def status(self, name: str, version: int | None) -> GetModelStatusResponse:
        """Returns the state of one version, or of all known versions, the newest first.

        Args:
            name: name of the model.
            version: version number; None for all.

        Raises:
            RequestError: the model or version does not exist.
        """
        self._check_name(name)
        return GetModelStatusResponse(model_version_status=self.versions.status(version))

    def metadata(self, name: str, version: int | None) -> GetModelMetadataResponse:
        """Returns the signature definitions of a version.

        Args:
            name: name of the model.
            version: version number; None for the newest.

        Raises:
            RequestError: the model or version does not exist.
        """
        servable = self._servable(name, version)
        response = GetModelMetadataResponse()
        response.model_spec.name = name
        response.model_spec.version.value = servable.version
        definitions = SignatureDefMap(signature_def=servable.definitions)
        response.metadata["signature_def"].Pack(definitions)
        return response
