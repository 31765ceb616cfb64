"""Configuration of the workers that Ray starts for a training run."""

from dataclasses import dataclass, fields

from ecm_tf.config.base import Config
from ecm_tf.core.command import option
from ecm_tf.core.errors import InputError
from ecm_tf.core.fields import NonNegativeInt, PositiveInt
from ecm_tf.core.ray_cluster import LOCAL


@dataclass(frozen=True)
class ClusterConfig(Config):
    """The workers of a training run, and where Ray starts them."""

    workers: PositiveInt | None = option(
        None,
        "train on this many processes, each with a part of every batch, which Ray Train starts "
        "(default: in this process alone, without Ray)",
        metavar="N",
    )
    ray_address: str = option(
        LOCAL, "local: workers on this machine; auto or HOST:PORT: workers on a Ray cluster"
    )
    cpus_per_worker: PositiveInt | None = option(
        None,
        "threads of a worker (default: on this machine, the number of CPUs divided by --workers; "
        "on a cluster 1)",
        metavar="N",
    )
    use_gpu: bool = option(False, "give each worker a GPU of its own")
    max_failures: NonNegativeInt = option(
        3,
        "maximum number of restarts of all workers from the last checkpoint, each after a worker "
        "has failed",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.workers is not None:
            return
        for field in fields(self):
            if getattr(self, field.name) != field.default:
                raise InputError(f"--{field.name}: expected --workers with it, got none.")
