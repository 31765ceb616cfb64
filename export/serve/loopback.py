"""Restricts Ray to chosen network interfaces; by default it listens on all of them."""

import os


def disable_cluster() -> None:
    """Makes Ray on this machine use the loopback interface for its internal traffic.

    Must be called before Ray is imported. The variable is named after the systems on which this is
    Ray's default; its value decides whether other machines may join.
    """
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"


def restrict(host: str, grpc_port: int, single_machine: bool) -> None:
    """Makes gRPC servers of this process listen on one interface; Ray Serve gives only the port.

    Args:
        host: interface of the public gRPC port.
        grpc_port: the public gRPC port.
        single_machine: True to open Ray's internal ports on the loopback interface.
    """
    from grpc.aio._server import Server

    add_port = Server.add_insecure_port

    def add_insecure_port(self: Server, address: str) -> int:
        interface, _, port = address.rpartition(":")
        if interface == "[::]" and int(port) == grpc_port:
            address = f"{host}:{port}"
        elif interface == "[::]" and single_machine:
            address = f"127.0.0.1:{port}"
        return add_port(self, address)

    Server.add_insecure_port = add_insecure_port
