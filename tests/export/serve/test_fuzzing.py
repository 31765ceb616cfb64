"""Mutated requests: each gets a status, and none takes more memory than its size explains."""

import asyncio
import resource
import warnings

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from server_process import predict_request
from tensorflow.core.framework.types_pb2 import DataType
from tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataRequest
from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusRequest
from tensorflow_serving.apis.predict_pb2 import PredictRequest

from export.serve.settings import ServerConfig

pytest.importorskip("ray", reason="the extra `serve` is not installed")
with warnings.catch_warnings(action="ignore"):
    from export.serve.model import Model
    from export.serve.prediction_service import PredictionService
    from export.serve.rest import rest_application

pytestmark = pytest.mark.xdist_group("server")

MAX_POSTS = 16
MAX_MEMORY = 300e6
"""Bytes by which all requests of a test together may raise the peak memory of the process."""
CODES = {"OK", "INVALID_ARGUMENT", "NOT_FOUND"}
bounded = settings(
    max_examples=150,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def model(exported_base):
    model = Model(exported_base, ServerConfig(max_posts=MAX_POSTS, max_request_bytes=10_000))
    asyncio.run(model.versions.refresh())
    return model


@pytest.fixture(scope="module", autouse=True)
def memory_bound(model):
    """Fails if the requests of this module raise the peak memory of the process too much."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    assert grown < MAX_MEMORY, f"peak memory grew by {grown / 1e6:.0f} MB"


class Context:
    """The part of a gRPC context that the service uses."""

    code, details = "OK", ""

    def set_code(self, code):
        self.code = code.name

    def set_details(self, details):
        self.details = details


def status_of(model, method: str, request) -> tuple[str, str]:
    service, context = PredictionService(), Context()
    service.model = model
    asyncio.run(getattr(service, method)(request, context))
    return context.code, context.details


def tensor_request(dtype: str, sizes: list[int], values: list[bytes]) -> PredictRequest:
    """A request whose tensor `post` has the given fields, which need not agree."""
    request = predict_request({"post": ["a"], "emotion": ["1"]})
    tensor = request.inputs["post"]
    tensor.dtype = DataType.Value(dtype)
    tensor.ClearField("tensor_shape")
    for size in sizes:
        tensor.tensor_shape.dim.add(size=size)
    tensor.ClearField("string_val")
    tensor.string_val.extend(values)
    return request


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (tensor_request("DT_STRING", [2_000_000_000], [b"a"]), "at most 16 posts, got 2000000000"),
        (tensor_request("DT_STRING", [17], [b"a"] * 17), "at most 16 posts, got 17"),
        (tensor_request("DT_STRING", [9], [b"a"]), "declares, got 1"),
        (tensor_request("DT_STRING", [1], [b"a"] * 9), "declares, got 9"),
        (tensor_request("DT_STRING", [-1], [b"a"]), "-1"),
        (tensor_request("DT_STRING", [], [b"a"]), "shape (batch,), got string of shape ()"),
        (tensor_request("DT_STRING", [1, 1], [b"a"]), "shape (1, 1)"),
        (tensor_request("DT_STRING", [2**40, 2**40], [b"a"]), "shape"),
        (tensor_request("DT_INT64", [2_000_000_000], []), "int64"),
        (tensor_request("DT_INVALID", [1], []), "got invalid of"),
    ],
)
def test_tensor_is_checked_before_it_is_allocated(model, request_, message):
    assert request_.ByteSize() < 200
    code, details = status_of(model, "Predict", request_)
    assert code == "INVALID_ARGUMENT"
    assert message in details


def test_tensor_of_unknown_rank_or_number_of_type_is_rejected(model):
    request = predict_request({"post": ["a"], "emotion": ["1"]})
    request.inputs["post"].tensor_shape.unknown_rank = True
    assert status_of(model, "Predict", request)[0] == "INVALID_ARGUMENT"
    request = predict_request({"post": ["a"], "emotion": ["1"]})
    request.inputs["post"].dtype = 999
    assert status_of(model, "Predict", request) == (
        "INVALID_ARGUMENT",
        "inputs[post]: expected strings of shape (batch,), got type 999 of shape (1,).",
    )


def test_error_messages_are_short(model):
    request = predict_request({"x" * 9_000: ["a"]})
    code, details = status_of(model, "Predict", request)
    assert code == "INVALID_ARGUMENT"
    assert len(details) <= 300


@st.composite
def mutated(draw) -> bytes:
    """The bytes of a valid request, some of which are replaced, removed, added or repeated."""
    signature = draw(st.sampled_from(["serving_default", "all_emotions", "n_best", "explain", "x"]))
    columns = {"post": ["今天", "a"], "emotion": ["like", "5"]}
    if signature == "all_emotions":
        del columns["emotion"]
    data = bytearray(predict_request(columns, signature).SerializeToString())
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data) - 1))
        stop = min(len(data), start + draw(st.integers(0, 4)))
        data[start:stop] = draw(st.one_of(st.binary(max_size=6), st.just(bytes(data[start:]))))
        data = data or bytearray(b"\0")
    return bytes(data)


sizes = st.lists(st.one_of(st.integers(-2, 20), st.integers(-(2**62), 2**62)), max_size=3)
tensors = st.builds(
    tensor_request,
    st.sampled_from(DataType.keys()[:27]),
    sizes,
    st.lists(st.binary(max_size=20), max_size=20),
)


@bounded
@given(tensors)
def test_any_tensor_gets_a_status(model, request_):
    assert status_of(model, "Predict", request_)[0] in CODES


@bounded
@given(mutated())
def test_mutated_protos_get_a_status(model, data):
    for method, kind in (
        ("Predict", PredictRequest),
        ("GetModelMetadata", GetModelMetadataRequest),
        ("GetModelStatus", GetModelStatusRequest),
    ):
        try:
            request = kind.FromString(data)
        except Exception as error:
            # The server rejects such bytes before they reach the service.
            assert type(error).__name__ == "DecodeError"
            continue
        assert status_of(model, method, request)[0] in CODES


@pytest.fixture(scope="module")
def client(model):
    pytest.importorskip("httpx")
    from starlette.testclient import TestClient

    with TestClient(rest_application(model), raise_server_exceptions=False) as client:
        yield client


entries = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=8),
        st.sampled_from(["like", "5", "é", "QQ==", "Q"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(["b64", "post", "emotion", "x"]), inner, max_size=3),
    ),
    max_leaves=8,
)
bodies = st.one_of(
    entries,
    st.dictionaries(st.sampled_from(["instances", "inputs", "signature_name"]), entries),
    st.fixed_dictionaries(
        {"instances": st.lists(st.fixed_dictionaries({"post": entries, "emotion": entries}))}
    ),
    st.fixed_dictionaries(
        {
            "signature_name": st.sampled_from(["serving_default", "all_emotions"]),
            "inputs": st.fixed_dictionaries(
                {"post": st.lists(entries, max_size=3), "emotion": st.lists(entries, max_size=3)}
            ),
        }
    ),
)


@bounded
@given(bodies)
@example({"instances": [{"post": {"b64": "é"}, "emotion": "1"}]})
def test_any_json_gets_a_status_and_the_reason(client, body):
    response = client.post("/v1/models/ecm:predict", json=body)
    assert response.status_code in (200, 400)
    assert response.status_code == 200 or list(response.json()) == ["error"]


@bounded
@given(st.binary(max_size=40), st.integers(0, 80))
def test_mutated_json_gets_a_status(client, inserted, position):
    body = '{"instances": [{"post": "今天", "emotion": "like"}]}'.encode()
    data = body[:position] + inserted + body[position + len(inserted) // 2 :]
    assert client.post("/v1/models/ecm:predict", content=data).status_code in (200, 400)


@bounded
@given(
    st.one_of(
        st.text(st.characters(codec="utf-8", exclude_characters="/?#"), min_size=1, max_size=10),
        st.just("9" * 5_000),
        st.just("9" * 25),
        st.just("²"),
    )
)
def test_any_version_in_a_path_gets_a_status(client, version):
    for path in (f"/v1/models/ecm/versions/{version}", f"/v1/models/{version}"):
        try:
            response = client.get(path)
        except Exception as error:
            # The client refuses to send an address with control characters.
            assert type(error).__name__ == "InvalidURL"
            continue
        assert response.status_code in (200, 400, 404)


@pytest.mark.parametrize(("method", "status"), [("GET", 404), ("DELETE", 405)])
def test_error_messages_about_paths_are_short(client, method, status):
    response = client.request(method, "/v1/models/" + "x" * 9_000)
    assert response.status_code == status
    assert len(response.json()["error"]) == 300


def test_limit_counts_hypotheses(model, monkeypatch):
    monkeypatch.setattr(model, "config", ServerConfig(max_posts=MAX_POSTS, max_hypotheses=20))
    request = predict_request({"post": ["a"] * 3}, "all_emotions")
    assert status_of(model, "Predict", request) == ("OK", "")
    request = predict_request({"post": ["a"] * 4}, "all_emotions")
    assert status_of(model, "Predict", request) == (
        "INVALID_ARGUMENT",
        "request: expected at most 3 posts of all_emotions, which decodes 6 hypotheses for each; "
        "got 4.",
    )
