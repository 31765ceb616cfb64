"""Limits, authentication and gRPC services in Ray Serve's proxy, the process with the public ports.

Ray calls these functions: `set_up` in each of its worker processes before anything else, the others
in the proxy by their import paths.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from export.serve import grpc_server
from export.serve.settings import ServerConfig
from export.token_file import read_token

if TYPE_CHECKING:
    from starlette.middleware import Middleware

HTTP_MIDDLEWARES = f"{__name__}.http_middlewares"
GRPC_SERVICES = f"{__name__}.add_services"
_config: ServerConfig


def set_up(config: ServerConfig) -> None:
    """Keeps the settings for the other functions, and configures the gRPC server.

    Args:
        config: settings of the server, with absolute paths.
    """
    global _config
    _config = config
    grpc_server.configure(config)


def http_middlewares() -> "list[Middleware]":
    """Returns the middlewares of the public HTTP server; the last one gets requests first."""
    from starlette.middleware import Middleware

    from export.serve.authentication import HttpAuthentication
    from export.serve.limits import HttpLimits

    middlewares = [Middleware(HttpLimits, config=_config)]
    if _config.token_file is not None:
        token = read_token(Path(_config.token_file))
        middlewares.append(Middleware(HttpAuthentication, token=token))
    return middlewares


def add_services(servicer: Any, server: Any) -> None:
    """Adds the services of the API to the public gRPC server, which also offers reflection.

    Args:
        servicer: stands for the replicas, to which Ray Serve passes the calls on.
        server: Ray Serve's `gRPCGenericServer`.
    """
    from grpc_health.v1.health_pb2_grpc import add_HealthServicer_to_server
    from tensorflow_serving.apis import (  # noqa: F401  Reflection finds only what is imported.
        model_service_pb2,
        prediction_service_pb2,
    )
    from tensorflow_serving.apis.model_service_pb2_grpc import add_ModelServiceServicer_to_server
    from tensorflow_serving.apis.prediction_service_pb2_grpc import (
        add_PredictionServiceServicer_to_server,
    )

    from export.serve.health import SERVICE, HealthService

    add_PredictionServiceServicer_to_server(servicer, server)
    add_ModelServiceServicer_to_server(servicer, server)
    server.add_passthrough_service(SERVICE)  # Its calls are answered in this process.
    add_HealthServicer_to_server(HealthService(_config.model), server)
