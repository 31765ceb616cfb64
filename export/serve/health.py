"""gRPC's standard health service, which runs in Ray Serve's proxy and asks the replicas."""

import asyncio
import time
from collections.abc import AsyncIterator

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthServicer
from ray import serve
from ray.exceptions import RayError
from ray.serve._private.common import ReplicaState
from ray.serve.exceptions import RayServeException

SERVICE = "grpc.health.v1.Health"
SERVING, NOT_SERVING, UNKNOWN = (
    HealthCheckResponse.SERVING,
    HealthCheckResponse.NOT_SERVING,
    HealthCheckResponse.SERVICE_UNKNOWN,
)
CHECKED_SERVICES = ("", "tensorflow.serving.PredictionService")
"""Service names that clients may ask for; the empty one stands for the server."""
REPLICA_SECONDS = 0.5
"""Time that a replica gets to answer."""
VALID_SECONDS = 1.0
"""Time for which an answer is reused: clients without a token cannot keep the replicas busy."""
MAX_WATCHES = 100


class HealthService(HealthServicer):
    """Answers SERVING while a replica has loaded a version of the model.

    Args:
        model: name of the served model, which is also the name of its Ray Serve application.
    """

    def __init__(self, model: str) -> None:
        self._model = model
        self._serving, self._valid_until = False, 0.0
        self._asking = asyncio.Lock()
        self._watches = 0

    async def Check(
        self, request: HealthCheckRequest, context: grpc.aio.ServicerContext
    ) -> HealthCheckResponse:
        """Implements `Health.Check`; an unknown service gets NOT_FOUND."""
        if request.service not in CHECKED_SERVICES:
            expected = " or ".join(map(repr, CHECKED_SERVICES))
            await context.abort(grpc.StatusCode.NOT_FOUND, f"service: expected {expected}.")
        return HealthCheckResponse(status=await self._status(request.service))

    async def Watch(
        self, request: HealthCheckRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[HealthCheckResponse]:
        """Implements `Health.Watch`: sends the status at once and whenever it changes."""
        if self._watches == MAX_WATCHES:
            await context.abort(
                grpc.StatusCode.RESOURCE_EXHAUSTED, f"Watch: expected at most {MAX_WATCHES} calls."
            )
        self._watches += 1
        try:
            sent = None
            while True:
                status = await self._status(request.service)
                if status != sent:
                    yield HealthCheckResponse(status=status)
                    sent = status
                await asyncio.sleep(VALID_SECONDS)
        finally:
            self._watches -= 1

    async def _status(self, service: str) -> int:
        if service not in CHECKED_SERVICES:
            return UNKNOWN
        async with self._asking:
            if time.monotonic() >= self._valid_until:
                self._serving = await self._is_serving()
                self._valid_until = time.monotonic() + VALID_SECONDS
            return SERVING if self._serving else NOT_SERVING

    async def _is_serving(self) -> bool:
        try:
            # The handle is cached, but the application's existence is checked each time.
            handle = await asyncio.to_thread(serve.get_app_handle, self._model)
            async with asyncio.timeout(REPLICA_SECONDS):
                return await handle.is_ready.remote()
        except TimeoutError:
            # A replica with --max_ongoing requests in progress cannot answer. It keeps the versions
            # that it has loaded until it ends, which Ray Serve's controller notices.
            return self._serving and await asyncio.to_thread(self._has_replica)
        except (RayError, RayServeException):
            return False

    def _has_replica(self) -> bool:
        application = serve.status().applications.get(self._model)
        return application is not None and any(
            deployment.replica_states.get(ReplicaState.RUNNING)
            for deployment in application.deployments.values()
        )
