"""The Ray Serve deployment: each replica is a process that holds the model."""

import asyncio
from pathlib import Path

import tensorflow as tf
from ray import serve
from ray.serve import Application
from ray.serve.config import BackpressureConfig
from starlette.applications import Starlette

from export.serve.model import Model
from export.serve.prediction_service import PredictionService
from export.serve.rest import rest
from export.serve.settings import ServerConfig


class Replica(PredictionService):
    """Answers over REST and gRPC.

    Args:
        base: holds `1/`, `2/`, …
        config: how.
    """

    async def __init__(self, base: Path, config: ServerConfig) -> None:
        tf.config.threading.set_intra_op_parallelism_threads(config.cpus_each)
        self.model = Model(base, config)
        # Ray Serve sends requests once this returns.
        await self.model.versions.refresh()
        watching = self.model.versions.watch(config.poll_seconds)
        self._watching = asyncio.get_running_loop().create_task(watching)

    def __serve_build_asgi_app__(self) -> Starlette:
        return rest(self.model)

    async def check_health(self) -> None:
        """Ray Serve starts a replica anew when this raises."""
        if self._watching.done():
            self._watching.result()


def application(base: Path, config: ServerConfig) -> Application:
    """The server as a Ray Serve application.

    Args:
        base: holds `1/`, `2/`, …; on a cluster, at the same place on every node.
        config: how.
    """
    deployment = serve.deployment(
        serve.ingress()(Replica),
        name=config.model,
        num_replicas=config.replicas,
        max_ongoing_requests=config.max_ongoing,
        max_queued_requests=config.max_queued,
        backpressure_config=BackpressureConfig(status_code=429, retry_after_s=1),
        ray_actor_options={"num_cpus": config.cpus_each},
        graceful_shutdown_timeout_s=config.drain_seconds,
        graceful_shutdown_wait_loop_s=0.2,
        health_check_period_s=2,
    )
    return deployment.bind(base, config)
