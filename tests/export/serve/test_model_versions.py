"""Versions that appear, fail and disappear while the server runs."""

import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from server_process import predict_request, wait_until
from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusRequest
from tensorflow_serving.apis.model_service_pb2_grpc import ModelServiceStub
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

pytestmark = pytest.mark.xdist_group("server")

CLIENTS = 2
"""Clients that send requests without a pause during a rollback: enough that they overlap."""


def test_versions_are_loaded_and_unloaded(server, channel, exported_base):
    def version_of_reply() -> int:
        request = predict_request({"post": ["a"], "emotion": ["1"]})
        response = PredictionServiceStub(channel).Predict(request, timeout=30)
        return response.model_spec.version.value

    def add(version: int) -> None:
        partial = server.base / f".partial-{version}"
        shutil.copytree(exported_base / "1", partial)
        partial.rename(server.base / str(version))

    assert version_of_reply() == 1
    add(2)
    wait_until(lambda: server.states() == {1: "AVAILABLE", 2: "AVAILABLE"})
    assert version_of_reply() == 2
    old_version = "/v1/models/ecm/versions/1:predict"
    assert server.post({"instances": []}, old_version).status_code == 200

    broken = server.base / "3"
    broken.mkdir()
    (broken / "saved_model.pb").write_bytes(b"broken")
    wait_until(lambda: server.states().get(3) == "END")
    request = GetModelStatusRequest()
    request.model_spec.name = "ecm"
    states = ModelServiceStub(channel).GetModelStatus(request, timeout=30).model_version_status
    assert [(state.version, bool(state.status.error_message)) for state in states] == [
        *((3, True), (2, False), (1, False)),
    ]
    assert version_of_reply() == 2

    add(4)
    wait_until(lambda: server.states() == {1: "END", 2: "AVAILABLE", 3: "END", 4: "AVAILABLE"})
    assert version_of_reply() == 4
    assert server.post({"instances": []}, old_version).status_code == 404

    for version in (3, 4):
        shutil.rmtree(server.base / str(version))
    wait_until(lambda: server.states().get(1) == "AVAILABLE")
    assert version_of_reply() == 2


def test_rollback_under_load_fails_no_request(server, exported_base):
    first = max(server.states()) + 1
    for version in (first, first + 1):
        partial = server.base / f".partial-{version}"
        shutil.copytree(exported_base / "1", partial)
        partial.rename(server.base / str(version))
    wait_until(lambda: server.states().get(first + 1) == "AVAILABLE")
    replicas = {process.pid for process in server.processes()}
    stopped = threading.Event()
    body = {"instances": [{"post": "a", "emotion": "1"}]}

    def statuses() -> list[int]:
        result = []
        while not stopped.is_set():
            result.append(server.post(body).status_code)
        return result

    with ThreadPoolExecutor(CLIENTS) as pool:
        futures = [pool.submit(statuses) for _ in range(CLIENTS)]
        try:
            for version in (first + 1, first):
                (server.base / str(version) / "dangling").symlink_to("nothing")
            time.sleep(0.5)
            for version in (first + 1, first):
                shutil.rmtree(server.base / str(version))
            # The version before them is loaded while the requests keep all cores busy.
            wait_until(lambda: {server.states().get(v) for v in (first, first + 1)} == {"END"}, 120)
        finally:
            stopped.set()
        answers = [status for future in futures for status in future.result()]
    assert len(answers) > 20
    assert set(answers) == {200}
    assert replicas <= {process.pid for process in server.processes()}
