"""How the server is started."""

import os
from dataclasses import dataclass

from ecm_tf.config import Config
from ecm_tf.core.command import option
from export import MODEL_NAME

LOCAL = "local"
CPUS = os.cpu_count() or 1


@dataclass(frozen=True)
class ServerConfig(Config):
    """Settings of `export.serve`, all of them flags."""

    host: str = option("127.0.0.1", "address to listen on; 0.0.0.0: every interface")
    rest_port: int = option(8501, "port for REST")
    grpc_port: int = option(8500, "port for gRPC")
    model: str = option(MODEL_NAME, "what the served model is called")
    versions: int = option(2, "newest versions kept loaded")
    poll_seconds: float = option(10.0, "between two looks for new versions")
    replicas: int = option(1, "processes that hold the model and answer")
    cpus: int = option(CPUS, "CPUs of all replicas together; each computes on its share")
    max_batch: int = option(32, "posts that are answered together at most; 1: no batching")
    max_ongoing: int = option(64, "requests that a replica works on at a time")
    max_queued: int = option(
        256, "requests that wait for a replica; more are told so: 429, RESOURCE_EXHAUSTED"
    )
    max_posts: int = option(256, "posts of one request")
    max_request_bytes: int = option(1_000_000, "size of one request")
    timeout_seconds: float = option(30.0, "for one request: 408, DEADLINE_EXCEEDED")
    drain_seconds: float = option(30.0, "at the end, for requests that were accepted")
    log_dir: str | None = option(None, "for logs, JSON Lines (default: Ray's session directory)")
    ray_address: str = option(LOCAL, "local: all on this machine; auto or HOST:PORT: a Ray cluster")

    def __post_init__(self) -> None:
        for name in ("rest_port", "grpc_port"):
            self._require(0 < getattr(self, name) < 65536, name, "a port, 1 to 65535")
        self._require(self.rest_port != self.grpc_port, "rest_port", "another port than gRPC's")
        for name in (
            *("versions", "replicas", "max_batch", "max_ongoing", "max_queued", "max_posts"),
            *("max_request_bytes", "cpus"),
        ):
            self._require(getattr(self, name) >= 1, name, "at least 1")
        for name in ("poll_seconds", "timeout_seconds"):
            self._require(getattr(self, name) > 0, name, "a positive number")
        self._require(self.drain_seconds >= 0, "drain_seconds", "0 or more")
        self._require(
            self.replicas <= self.cpus, "replicas", f"at most as many as CPUs ({self.cpus})"
        )

    @property
    def cpus_each(self) -> int:
        """CPUs that a replica computes on."""
        return self.cpus // self.replicas
