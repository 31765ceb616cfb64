"""The Ray Serve deployment: each replica is a process that has loaded the model."""

import asyncio
from pathlib import Path
from typing import Any

import tensorflow as tf
from ray import serve
from ray.serve import Application
from ray.serve.config import BackpressureConfig
from starlette.applications import Starlette

from export.serve.model import Model
from export.serve.prediction_service import PredictionService
from export.serve.rest import rest_application
from export.serve.settings import ServerConfig


class Replica(PredictionService):
    """Answers REST and gRPC requests.

    Args:
        base: directory with the versions `1/`, `2/`, …
        config: settings of the server.
    """

    # Ray Serve awaits the constructor before it sends requests, so the first versions are loaded.
    async def __init__(self, base: Path, config: ServerConfig) -> None:  # type: ignore[misc]
        tf.config.threading.set_intra_op_parallelism_threads(config.cpus_each)
        self.model = Model(base, config)
        await self.model.versions.refresh()
        watch = self.model.versions.watch(config.poll_seconds)
        self._watch_task = asyncio.get_running_loop().create_task(watch)

    def __serve_build_asgi_app__(self) -> Starlette:
        return rest_application(self.model)

    async def is_ready(self) -> bool:
        """Tells the health service whether a version is loaded."""
        return self.model.versions.ready

    async def check_health(self) -> None:
        """Raises if the task that looks for new versions has failed; Ray Serve then restarts."""
        if self._watch_task.done():
            self._watch_task.result()


def application(base: Path, config: ServerConfig) -> Application:
    """Returns the server as a Ray Serve application.

    Args:
        base: directory with the versions `1/`, `2/`, …; on a cluster, at the same path on every
            node.
        config: settings of the server.
    """
    deployment: Any = serve.deployment(
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
