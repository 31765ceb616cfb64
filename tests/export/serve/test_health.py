"""gRPC's health service and server reflection."""

import asyncio
import warnings

import grpc
import pytest
from server_process import POSTS, predict_request
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

pytest.importorskip("ray", reason="the extra `serve` is not installed")
with warnings.catch_warnings(action="ignore"):
    from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
    from grpc_health.v1.health_pb2_grpc import HealthStub
    from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
        ProtoReflectionDescriptorDatabase,
    )
    from ray.serve.exceptions import RayServeException

    from export.serve import health

pytestmark = pytest.mark.xdist_group("server")

SERVING, NOT_SERVING = HealthCheckResponse.SERVING, HealthCheckResponse.NOT_SERVING


@pytest.mark.parametrize("service", ["", "tensorflow.serving.PredictionService"])
def test_a_server_with_a_loaded_version_is_serving(channel, service):
    stub = HealthStub(channel)
    assert stub.Check(HealthCheckRequest(service=service), timeout=30).status == SERVING
    watch = stub.Watch(HealthCheckRequest(service=service), timeout=30)
    assert next(watch).status == SERVING
    watch.cancel()


def test_an_unknown_service_has_no_health(channel):
    stub, request = HealthStub(channel), HealthCheckRequest(service="other")
    with pytest.raises(grpc.RpcError) as error:
        stub.Check(request, timeout=30)
    assert error.value.code() == grpc.StatusCode.NOT_FOUND
    watch = stub.Watch(request, timeout=30)
    assert next(watch).status == HealthCheckResponse.SERVICE_UNKNOWN
    watch.cancel()


def test_a_busy_server_is_serving(channel):
    predictions = PredictionServiceStub(channel)
    request = predict_request({"post": POSTS * 4}, "all_emotions")
    busy = [predictions.Predict.future(request, timeout=60) for _ in range(12)]
    for _ in range(4):
        assert HealthStub(channel).Check(HealthCheckRequest(), timeout=30).status == SERVING
    assert not all(call.done() for call in busy)
    for call in busy:
        call.exception()


def test_reflection_lists_the_services(channel):
    assert set(ProtoReflectionDescriptorDatabase(channel).get_services()) == {
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
        "tensorflow.serving.ModelService",
        "tensorflow.serving.PredictionService",
    }


class FakeServe:
    """Ray Serve with one replica.

    Attributes:
        ready: whether the replica has loaded a version; None: it does not answer.
        replicas: number of running replicas; None: the application does not exist.
        asked: number of questions to the replica.
    """

    def __init__(self):
        self.ready, self.replicas, self.asked = True, 1, 0
        self.is_ready = self  # The handle's method, which is called with `.remote()`.

    def get_app_handle(self, name):
        assert name == "ecm"
        if self.replicas is None:
            raise RayServeException("no such application")
        return self

    async def remote(self):
        self.asked += 1
        if self.ready is None:
            await asyncio.sleep(60)
        return self.ready

    def status(self):
        return self

    @property
    def applications(self):
        return {} if self.replicas is None else {"ecm": self}

    @property
    def deployments(self):
        return {"ecm": self}

    @property
    def replica_states(self):
        return {"RUNNING": self.replicas}


@pytest.fixture
def ray_serve(monkeypatch):
    fake = FakeServe()
    monkeypatch.setattr(health, "serve", fake)
    monkeypatch.setattr(health, "REPLICA_SECONDS", 0.05)
    monkeypatch.setattr(health, "VALID_SECONDS", 0.0)
    return fake


async def check(service):
    return (await service.Check(HealthCheckRequest(), None)).status


@pytest.mark.parametrize(
    ("first", "then", "expected"),
    [
        ({}, {"ready": False}, NOT_SERVING),
        ({}, {"replicas": None}, NOT_SERVING),
        ({}, {"ready": None, "replicas": 0}, NOT_SERVING),
        ({}, {"ready": None, "replicas": 1}, SERVING),
        ({"ready": False}, {"ready": None}, NOT_SERVING),
        ({"replicas": None}, {"replicas": 1}, SERVING),
    ],
)
def test_status_follows_the_replicas(ray_serve, first, then, expected):
    async def statuses():
        service = health.HealthService("ecm")
        for state in (first, then):
            vars(ray_serve).update(state)
            status = await check(service)
        return status

    assert asyncio.run(statuses()) == expected


def test_a_watch_gets_each_change_once(ray_serve):
    async def watched():
        watch = health.HealthService("ecm").Watch(HealthCheckRequest(), None)
        statuses = []
        for ready in (True, False, True):
            ray_serve.ready = ready
            statuses.append((await asyncio.wait_for(anext(watch), 5)).status)
        following = asyncio.ensure_future(anext(watch))
        await asyncio.sleep(0.1)
        statuses.append(following.done())
        following.cancel()
        return statuses

    assert asyncio.run(watched()) == [SERVING, NOT_SERVING, SERVING, False]


def test_answers_are_reused(ray_serve, monkeypatch):
    monkeypatch.setattr(health, "VALID_SECONDS", 60.0)

    async def checked():
        service = health.HealthService("ecm")
        return set(await asyncio.gather(*(check(service) for _ in range(20))))

    assert asyncio.run(checked()) == {SERVING}
    assert ray_serve.asked == 1


def test_the_number_of_watches_is_limited(ray_serve, monkeypatch):
    monkeypatch.setattr(health, "MAX_WATCHES", 2)

    class Context:
        async def abort(self, code, message):
            raise RuntimeError(code)

    async def watch_three():
        service = health.HealthService("ecm")
        watches = [service.Watch(HealthCheckRequest(), Context()) for _ in range(3)]
        for watch in watches[:2]:
            await anext(watch)
        with pytest.raises(RuntimeError, match="RESOURCE_EXHAUSTED"):
            await anext(watches[2])
        await watches[0].aclose()
        await anext(service.Watch(HealthCheckRequest(), Context()))

    asyncio.run(watch_three())
