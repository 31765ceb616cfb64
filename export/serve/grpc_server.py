"""Address, limits, TLS and token of Ray Serve's public gRPC server.

Ray Serve itself sets only its port, and one limit for requests and responses.
"""

from pathlib import Path
from typing import Any

import grpc

from ecm_tf.core.ray_cluster import LOCAL
from export.serve.settings import ServerConfig
from export.token_file import read_token

_SEND_LIMIT, _RECEIVE_LIMIT = "grpc.max_send_message_length", "grpc.max_receive_message_length"


def configure(config: ServerConfig) -> None:
    """Changes how this process opens gRPC servers. Must be called before Ray Serve starts one.

    Ray Serve's public server is the only one of its class. The other servers are internal; on a
    single machine they are moved to the loopback interface.

    Args:
        config: settings of the server.
    """
    from grpc.aio._server import Server

    initialize, add_port = Server.__init__, Server.add_insecure_port

    def __init__(self: Server, *arguments: Any, **options: Any) -> None:
        if _is_public(self):
            limits = {_SEND_LIMIT: -1, _RECEIVE_LIMIT: config.max_request_bytes}
            options["options"] = [*(dict(options.get("options") or ()) | limits).items()]
            if config.token_file is not None:
                from export.serve.authentication import GrpcAuthentication

                options["interceptors"] = [GrpcAuthentication(read_token(Path(config.token_file)))]
        initialize(self, *arguments, **options)

    def add_insecure_port(self: Server, address: str) -> int:
        interface, _, port = address.rpartition(":")
        if not _is_public(self):
            local = interface == "[::]" and config.ray_address == LOCAL
            return add_port(self, f"127.0.0.1:{port}" if local else address)
        if config.tls_cert is not None and config.tls_key is not None:
            pair = (Path(config.tls_key).read_bytes(), Path(config.tls_cert).read_bytes())
            credentials = grpc.ssl_server_credentials([pair])
            return self.add_secure_port(config.address(int(port)), credentials)
        return add_port(self, config.address(int(port)))

    Server.__init__ = __init__
    Server.add_insecure_port = add_insecure_port


def _is_public(server: Any) -> bool:
    # Imported only where a server is opened: Ray starts more processes than those of Ray Serve.
    from ray.serve._private.grpc_util import gRPCGenericServer

    return isinstance(server, gRPCGenericServer)
