"""Keeps Ray on the interfaces that it was told. Left alone, it listens on all of them."""

import os


def stay_alone() -> None:
    """Makes this machine's Ray use the loopback interface for its own talk.

    To be called before Ray is imported. The variable's name is about other systems, where Ray does
    so by default; what it decides is whether other machines may join.
    """
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"


def restrict(host: str, grpc_port: int, alone: bool) -> None:
    """Makes gRPC servers of this process listen on one address; Ray Serve gives them a port only.

    Args:
        host: where the port for users is opened.
        grpc_port: that port.
        alone: whether ports for Ray's own talk are opened on the loopback interface.
    """
    from grpc.aio._server import Server

    open_port = Server.add_insecure_port

    def add_insecure_port(self: Server, address: str) -> int:
        interface, _, port = address.rpartition(":")
        if interface == "[::]" and int(port) == grpc_port:
            address = f"{host}:{port}"
        elif interface == "[::]" and alone:
            address = f"127.0.0.1:{port}"
        return open_port(self, address)

    Server.add_insecure_port = add_insecure_port
