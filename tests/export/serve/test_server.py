"""The server: asked as TF Serving is, while versions come and go."""

import base64
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import psutil
import pytest
import requests
import tensorflow as tf
import tensorflow_text  # noqa: F401
from tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataRequest, SignatureDefMap
from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusRequest
from tensorflow_serving.apis.model_service_pb2_grpc import ModelServiceStub
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

from export.client import Client, ServerError
from export.saved_model.exporter import export

pytest.importorskip("ray", reason="the extra `serve` is not installed")

POSTS = ["我的猫会握手", "今天天气真好", "", "abc 123", "🙂", "朋友搬走了" * 20]
PREDICT = "/v1/models/ecm:predict"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Running:
    """`python -m export.serve` in a process of its own."""

    def __init__(self, base: Path, *flags: str):
        self.rest_port, self.grpc_port = free_port(), free_port()
        self.rest = f"http://127.0.0.1:{self.rest_port}"
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "export.serve", str(base), *flags),
                *("--rest_port", str(self.rest_port), "--grpc_port", str(self.grpc_port)),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.said = [self.process.stdout.readline()]
        self.said.append(self.process.stdout.readline())
        assert self.said[1].startswith("serving ecm: "), self.said

    def processes(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def post(self, body, path: str = PREDICT) -> requests.Response:
        return requests.post(self.rest + path, json=body, timeout=30)

    def states(self) -> dict[int, str]:
        found = requests.get(f"{self.rest}/v1/models/ecm", timeout=30).json()
        return {int(entry["version"]): entry["state"] for entry in found["model_version_status"]}

    def end(self) -> str:
        self.process.send_signal(signal.SIGTERM)
        said, _ = self.process.communicate(timeout=90)
        return said


@pytest.fixture(scope="module")
def exported(model_dir, tmp_path_factory) -> Path:
    base = tmp_path_factory.mktemp("exported")
    export(model_dir, base, n_best=2)
    return base / "1"


@pytest.fixture(scope="module")
def running(exported, tmp_path_factory):
    base = tmp_path_factory.mktemp("served")
    shutil.copytree(exported, base / "1")
    server = Running(
        base,
        *("--poll_seconds", "0.3", "--max_request_bytes", "20000", "--max_posts", "40"),
        *("--log_dir", str(base / "logs")),
    )
    server.base = base
    yield server
    said = server.end()
    assert server.process.returncode == 0, said


@pytest.fixture(scope="module")
def expected(exported) -> dict[tuple[str, str], tuple[str, float]]:
    """Post and emotion → reply and score, asked of the SavedModel one by one."""
    answer = tf.saved_model.load(str(exported)).signatures["serving_default"]
    replies = {}
    for post in POSTS:
        for emotion in ("like", "5"):
            said = answer(post=tf.constant([post]), emotion=tf.constant([emotion]))
            replies[post, emotion] = (
                said["response"].numpy()[0].decode(),
                float(said["score"].numpy()[0]),
            )
    return replies


def request_of(columns, signature="serving_default", name="ecm", version=None) -> PredictRequest:
    request = PredictRequest()
    request.model_spec.name = name
    request.model_spec.signature_name = signature
    if version is not None:
        request.model_spec.version.value = version
    for key, column in columns.items():
        request.inputs[key].CopyFrom(tf.make_tensor_proto(column))
    return request


@pytest.fixture(scope="module")
def channel(running):
    with grpc.insecure_channel(f"127.0.0.1:{running.grpc_port}") as channel:
        yield channel


@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_the_client_gets_what_the_saved_model_says(running, expected, scheme):
    port = running.rest_port if scheme == "http" else running.grpc_port
    with Client(f"{scheme}://127.0.0.1:{port}") as client:
        for emotion in ("like", "5"):
            replies = client.answer(POSTS, [emotion] * len(POSTS))
            for post, reply in zip(POSTS, replies, strict=True):
                text, score = expected[post, emotion]
                assert reply.text == text
                assert reply.score == pytest.approx(score, abs=1e-4)
        assert [len(row) for row in client.all_emotions(POSTS)] == [6] * len(POSTS)
        ((reply, inside),) = client.explain(POSTS[:1], ["like"])
        assert reply.text == expected[POSTS[0], "like"][0]
        assert inside.attention.shape == (len(inside.words), len(inside.post))
        assert [len(row) for row in client.n_best(POSTS[:2], ["sad", "sad"])] == [2, 2]
        with pytest.raises(ServerError, match="zorn"):
            client.answer(["a"], ["zorn"])


def test_rows_columns_and_what_stands_alone(running):
    post, emotion = POSTS[0], "like"
    rows = running.post({"instances": [{"post": post, "emotion": emotion}] * 2}).json()
    columns = running.post({"inputs": {"post": [post] * 2, "emotion": [emotion] * 2}}).json()
    predictions = rows["predictions"]
    assert [row["response"] for row in predictions] == columns["outputs"]["response"]
    assert [row["score"] for row in predictions] == pytest.approx(columns["outputs"]["score"])
    coded = {"b64": base64.b64encode(post.encode()).decode()}
    said = running.post({"instances": [{"post": coded, "emotion": emotion}]}).json()
    assert said["predictions"][0]["response"] == predictions[0]["response"]
    every = [
        running.post({"signature_name": "all_emotions", **body}).json()
        for body in ({"instances": [post]}, {"inputs": [post]}, {"instances": [coded]})
    ]
    said = [every[0]["predictions"][0], every[2]["predictions"][0]]
    assert said[0]["response"] == said[1]["response"] == every[1]["outputs"]["response"][0]
    assert running.post({"instances": []}).json() == {"predictions": []}


def test_the_requests_of_the_documentation_are_answered(running):
    text = (Path(__file__).parents[3] / "docs/serving.md").read_text(encoding="utf-8")
    shown = re.findall(r":predict -d '(.*?)'\n(.*?)\n", text, re.DOTALL)
    assert len(shown) == 2
    for body, answer in shown:
        content = running.post(json.loads(body)).json()
        keys = re.findall(r'"(\w+)": ', answer)
        entries = content.get("outputs") or content["predictions"][0]
        assert [*content, *sorted(entries)] == keys


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 400, "truncated"),
        (b"[]", 400, "array"),
        (b'{"inputs": {"post": ["\xff"], "emotion": ["1"]}}', 400, "utf-8"),
        (b'{"instances": [{"post": "\\ud800", "emotion": "1"}]}', 400, "surrogate"),
        (b"[" * 10_000, 400, "body"),
        (b'{"instances": ' + b'[{"a": ' * 2_000, 400, "body"),
        (b"{}", 400, "either instances or inputs"),
        (b'{"instances": [], "inputs": []}', 400, "either instances or inputs"),
        (b'{"instance": []}', 400, "unknown field"),
        (b'{"instances": [{"post": "a"}]}', 400, "instances[0]: expected ['emotion', 'post']"),
        (b'{"instances": ["a"]}', 400, "got a string"),
        (b'{"instances": [{"post": "a", "emotion": 1}]}', 400, "instances[0].emotion"),
        (b'{"instances": [{"post": {"b64": "?"}, "emotion": "1"}]}', 400, "base64"),
        (b'{"inputs": ["a"]}', 400, "got a list"),
        (b'{"inputs": {"post": ["a"], "emotion": []}}', 400, "as many entries"),
        (b'{"inputs": {"post": ["a"], "mood": ["1"]}}', 400, "mood"),
        (b'{"inputs": {"post": ["a"], "emotion": ["zorn"]}}', 400, "0 other"),
        (b'{"signature_name": "x", "instances": []}', 400, "all_emotions"),
        (b" " * 20_001, 413, "20000"),
        (b'{"inputs": {"post": [' + b'"a",' * 40 + b'"a"], "emotion": ["1"]}}', 400, "40 posts"),
    ],
)
def test_what_cannot_be_answered_is_told_why(running, body, status, said):
    answer = requests.post(running.rest + PREDICT, data=body, timeout=30)
    assert (answer.status_code, list(answer.json())) == (status, ["error"])
    assert said in answer.json()["error"]
    assert "Traceback" not in answer.json()["error"]
    assert running.post({"instances": [{"post": "a", "emotion": "1"}]}).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("post", "/v1/models/other:predict", 404),
        ("post", "/v1/models/ecm/versions/77:predict", 404),
        ("post", "/v1/models/ecm/versions/x:predict", 404),
        ("get", "/v1/models/other", 404),
        ("get", "/v1/models/ecm/versions/77", 404),
        ("get", "/v1/models/ecm/versions/77/metadata", 404),
        ("delete", "/v1/models/ecm", 405),
        ("get", "/", 404),
    ],
)
def test_what_is_not_there_is_said_to_be_missing(running, method, path, status):
    answer = requests.request(method, running.rest + path, json={"instances": []}, timeout=30)
    assert answer.status_code == status
    assert answer.json()["error"]


@pytest.mark.parametrize(
    ("request_", "code", "said"),
    [
        (request_of({"post": ["a"], "emotion": ["zorn"]}), "INVALID_ARGUMENT", "0 other"),
        (request_of({"post": ["a"]}), "INVALID_ARGUMENT", "emotion"),
        (request_of({"post": [1], "emotion": ["1"]}), "INVALID_ARGUMENT", "int32"),
        (request_of({"post": "a", "emotion": "1"}), "INVALID_ARGUMENT", "shape"),
        (request_of({"post": ["a"]}, "x"), "INVALID_ARGUMENT", "signature"),
        (request_of({"post": ["a"]}, name="other"), "NOT_FOUND", "other"),
        (request_of({"post": ["a"]}, version=77), "NOT_FOUND", "77"),
        (request_of({"post": ["a" * 30_000], "emotion": ["1"]}), "RESOURCE_EXHAUSTED", "20000"),
    ],
)
def test_grpc_tells_why_in_its_own_codes(channel, request_, code, said):
    with pytest.raises(grpc.RpcError) as error:
        PredictionServiceStub(channel).Predict(request_, timeout=30)
    assert error.value.code().name == code
    assert said in error.value.details()


def test_grpc_gives_what_is_asked_for(channel, expected):
    request = request_of({"post": [POSTS[0]], "emotion": ["like"]})
    request.output_filter.append("response")
    answer = PredictionServiceStub(channel).Predict(request, timeout=30)
    assert list(answer.outputs) == ["response"]
    said = tf.make_ndarray(answer.outputs["response"])[0].decode()
    assert said == expected[POSTS[0], "like"][0]
    assert answer.model_spec.version.value >= 1


def test_metadata_is_that_of_the_saved_model(running, channel, exported):
    request = GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "ecm"
    found = PredictionServiceStub(channel).GetModelMetadata(request, timeout=30)
    signatures = SignatureDefMap()
    assert found.metadata["signature_def"].Unpack(signatures)
    loaded = tf.saved_model.load(str(exported)).signatures
    assert set(signatures.signature_def) == set(loaded)
    content = requests.get(f"{running.rest}/v1/models/ecm/metadata", timeout=30).json()
    described = content["metadata"]["signature_def"]["signature_def"]
    assert set(described) == set(loaded)
    assert described["serving_default"]["inputs"]["post"]["dtype"] == "DT_STRING"


def test_a_bad_post_spoils_no_other(running):
    with ThreadPoolExecutor(16) as pool:
        emotions = ["like", "zorn"] * 16
        answers = pool.map(
            lambda emotion: running.post({"instances": [{"post": "a", "emotion": emotion}]}),
            emotions,
        )
        statuses = [answer.status_code for answer in answers]
    assert statuses == [200, 400] * 16


def test_posts_asked_at_once_are_answered_as_alone(running, expected):
    asked = list(expected) * 8
    with ThreadPoolExecutor(16) as pool:
        answers = pool.map(
            lambda entry: running.post({"instances": [{"post": entry[0], "emotion": entry[1]}]}),
            asked,
        )
        said = [answer.json()["predictions"][0]["response"] for answer in answers]
    assert said == [expected[entry][0] for entry in asked]


def until(condition, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.1)


def test_versions_come_and_go(running, channel, exported):
    def answered() -> int:
        request = request_of({"post": ["a"], "emotion": ["1"]})
        answer = PredictionServiceStub(channel).Predict(request, timeout=30)
        return answer.model_spec.version.value

    def appear(version: int) -> None:
        shutil.copytree(exported, running.base / f".partial-{version}")
        (running.base / f".partial-{version}").rename(running.base / str(version))

    assert answered() == 1
    appear(2)
    until(lambda: running.states() == {1: "AVAILABLE", 2: "AVAILABLE"})
    assert answered() == 2
    old = "/v1/models/ecm/versions/1:predict"
    assert running.post({"instances": []}, old).status_code == 200

    broken = running.base / "3"
    broken.mkdir()
    (broken / "saved_model.pb").write_bytes(b"broken")
    until(lambda: running.states().get(3) == "END")
    status = GetModelStatusRequest()
    status.model_spec.name = "ecm"
    states = ModelServiceStub(channel).GetModelStatus(status, timeout=30).model_version_status
    assert [(state.version, bool(state.status.error_message)) for state in states] == [
        *((3, True), (2, False), (1, False)),
    ]
    assert answered() == 2

    appear(4)
    until(lambda: running.states() == {1: "END", 2: "AVAILABLE", 3: "END", 4: "AVAILABLE"})
    assert answered() == 4
    assert running.post({"instances": []}, old).status_code == 404

    for version in (3, 4):
        shutil.rmtree(running.base / str(version))
    until(lambda: running.states().get(1) == "AVAILABLE")
    assert answered() == 2


def test_it_listens_on_the_loopback_interface_alone(running):
    addresses = {
        (connection.laddr.ip, connection.laddr.port)
        for process in running.processes()
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    }
    ports = {port for _, port in addresses}
    assert {running.rest_port, running.grpc_port} <= ports
    assert {ip for ip, _ in addresses} <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


def test_health_metrics_and_logs(running):
    assert requests.get(f"{running.rest}/readyz", timeout=30).status_code == 200
    assert requests.get(f"{running.rest}/-/healthz", timeout=30).status_code == 200
    page = f"{running.rest}/monitoring/prometheus/metrics"
    until(lambda: "ray_serve_num_http_requests_total" in requests.get(page, timeout=30).text)
    lines = [
        json.loads(line)
        for path in (running.base / "logs").glob("replica_*.log")
        for line in path.read_text().splitlines()
    ]
    assert any(line["message"] == "version 1: AVAILABLE" for line in lines)


def test_a_crowd_is_told_to_wait_and_the_end_answers_what_was_accepted(exported):
    server = Running(
        exported.parent, *("--max_ongoing", "2", "--max_queued", "4", "--max_batch", "1")
    )
    body = {"signature_name": "all_emotions", "instances": POSTS * 40}

    def ask(_) -> int | str:
        try:
            return server.post(body).status_code
        except requests.ConnectionError:
            return "refused"

    with ThreadPoolExecutor(24) as pool:
        crowd = list(pool.map(ask, range(24)))
        assert set(crowd) == {200, 429}
        last = [pool.submit(ask, None) for _ in range(2)]
        time.sleep(0.3)
        said = server.end()
        assert [entry.result() for entry in last] == [200, 200]
    assert server.process.returncode == 0
    assert said.startswith("ending")
