"""Settings of the server."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from ecm_tf.config import Config
from ecm_tf.core.command import option
from ecm_tf.core.cpus import available_cpus
from ecm_tf.core.fields import ModelName, Port, PositiveInt, Seconds
from ecm_tf.core.ray_cluster import LOCAL
from export import MODEL_NAME
from export.addresses import is_loopback, url_host


@dataclass(frozen=True)
class ServerConfig(Config):
    """Settings of `export.serve`, all of them flags."""

    host: str = option(
        "127.0.0.1",
        "address to listen on; 0.0.0.0: all interfaces, :: those of IPv6. Other addresses than "
        "loopback need --tls_cert, --tls_key and --token_file, or --insecure",
    )
    rest_port: Port = option(8501, "port of the REST API")
    grpc_port: Port = option(8500, "port of the gRPC API")
    model: ModelName = option(MODEL_NAME, "name of the served model, as in requests")
    versions: PositiveInt = option(2, "number of newest versions to keep loaded")
    poll_seconds: Seconds = option(10.0, "seconds between checks for new versions")
    replicas: PositiveInt = option(
        1, "number of processes that load the model and answer requests; at most --cpus"
    )
    cpus: PositiveInt = option(
        available_cpus,
        "total number of CPUs, divided among the replicas (default: those that this process may "
        "use)",
    )
    max_batch: PositiveInt = option(32, "maximum number of posts per batch; 1 turns batching off")
    max_ongoing: PositiveInt = option(
        64, "maximum number of requests that a replica has in progress"
    )
    max_queued: PositiveInt = option(
        256,
        "maximum number of requests that wait for a replica; further ones are refused with "
        "429 or RESOURCE_EXHAUSTED",
    )
    max_posts: PositiveInt = option(256, "maximum number of posts per request")
    max_hypotheses: PositiveInt = option(
        16384,
        "maximum number of hypotheses per request: posts × search candidates (× categories, for "
        "all_emotions and for emotion auto)",
    )
    max_request_bytes: PositiveInt = option(1_000_000, "maximum size of a request, in bytes")
    timeout_seconds: Seconds = option(
        30.0, "seconds until a request fails with 408 or DEADLINE_EXCEEDED"
    )
    drain_seconds: Annotated[float, Meta(ge=0, le=86_400)] = option(
        30.0, "seconds that accepted requests get to finish when the server stops"
    )
    log_dir: str | None = option(
        None, "directory of the logs, in JSON Lines (default: Ray's session directory)"
    )
    ray_address: str = option(
        LOCAL, "local: run everything on this machine; auto or HOST:PORT: join a Ray cluster"
    )
    tls_cert: str | None = option(
        None,
        "PEM file with the server's certificate, followed by intermediate ones: encrypt both APIs "
        "with TLS",
        metavar="FILE",
    )
    tls_key: str | None = option(
        None, "PEM file with the key of --tls_cert, without a passphrase", metavar="FILE"
    )
    token_file: str | None = option(
        None,
        "file with one line, a token that requests of both APIs must have: "
        "`Authorization: Bearer TOKEN`",
        metavar="FILE",
    )
    insecure: bool = option(
        False, "allow other addresses than loopback without TLS or without a token"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require(self.rest_port != self.grpc_port, "rest_port", "a port other than grpc_port")
        self._require(
            self.replicas <= self.cpus, "replicas", f"at most the number of CPUs ({self.cpus})"
        )
        self._require(
            self.tls_cert is None or self.tls_key is not None, "tls_key", "the key of --tls_cert"
        )
        self._require(
            self.tls_key is None or self.tls_cert is not None,
            "tls_cert",
            "the certificate of --tls_key",
        )
        self._require(
            is_loopback(self.host) or self.insecure or (self.tls and self.protected),
            "host",
            "a loopback address, or --tls_cert, --tls_key and --token_file, or --insecure",
        )

    def address(self, port: int) -> str:
        """Returns the host and a port as in a URL."""
        return f"{url_host(self.host)}:{port}"

    @property
    def tls(self) -> bool:
        """Whether both APIs are encrypted."""
        return self.tls_cert is not None

    @property
    def protected(self) -> bool:
        """Whether requests must have a token."""
        return self.token_file is not None

    @property
    def cpus_each(self) -> int:
        """Number of CPUs that each replica uses."""
        return self.cpus // self.replicas
