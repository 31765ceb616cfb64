"""gRPC API of the server, called with TF Serving's own stubs."""

import grpc
import pytest
import requests
import tensorflow as tf
from server_process import MAX_BYTES, POSTS, predict_request
from tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataRequest, SignatureDefMap
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

pytestmark = pytest.mark.xdist_group("server")


@pytest.mark.parametrize(
    ("request_", "code", "message"),
    [
        (predict_request({"post": ["a"], "emotion": ["zorn"]}), "INVALID_ARGUMENT", "0 other"),
        (predict_request({"post": ["a"]}), "INVALID_ARGUMENT", "emotion"),
        (predict_request({"post": [1], "emotion": ["1"]}), "INVALID_ARGUMENT", "int32"),
        (predict_request({"post": "a", "emotion": "1"}), "INVALID_ARGUMENT", "shape"),
        (predict_request({"post": ["a"]}, "x"), "INVALID_ARGUMENT", "signature"),
        (predict_request({"post": ["a"]}, name="other"), "NOT_FOUND", "other"),
        (predict_request({"post": ["a"]}, version=77), "NOT_FOUND", "77"),
        (
            predict_request({"post": ["a" * 30_000], "emotion": ["1"]}),
            "RESOURCE_EXHAUSTED",
            "20000",
        ),
    ],
)
def test_invalid_requests_get_a_status_code_and_the_reason(channel, request_, code, message):
    with pytest.raises(grpc.RpcError) as error:
        PredictionServiceStub(channel).Predict(request_, timeout=30)
    assert error.value.code().name == code
    assert message in error.value.details()


def test_version_labels_are_refused(channel):
    """They must not be taken for the newest version."""
    request = predict_request({"post": ["a"], "emotion": ["1"]})
    request.model_spec.version_label = "stable"
    with pytest.raises(grpc.RpcError) as error:
        PredictionServiceStub(channel).Predict(request, timeout=30)
    assert error.value.code().name == "INVALID_ARGUMENT"
    assert "got the label 'stable'" in error.value.details()


def test_a_response_may_be_larger_than_a_request(channel):
    posts = [POSTS[0]] * 40
    request = predict_request({"post": posts, "emotion": ["like"] * len(posts)}, "explain")
    assert request.ByteSize() < MAX_BYTES
    response = PredictionServiceStub(channel).Predict(request, timeout=30)
    assert response.ByteSize() > MAX_BYTES


def test_output_filter_selects_outputs(channel, expected):
    request = predict_request({"post": [POSTS[0]], "emotion": ["like"]})
    request.output_filter.append("response")
    response = PredictionServiceStub(channel).Predict(request, timeout=30)
    assert list(response.outputs) == ["response"]
    text = tf.make_ndarray(response.outputs["response"])[0].decode()
    assert text == expected[POSTS[0], "like"][0]
    assert response.model_spec.version.value >= 1


def test_metadata_is_that_of_the_saved_model(server, channel, exported_base, load_signatures):
    request = GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "ecm"
    response = PredictionServiceStub(channel).GetModelMetadata(request, timeout=30)
    signatures = SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    names = set(load_signatures(exported_base / "1"))
    assert set(signatures.signature_def) == names
    content = requests.get(f"{server.rest}/v1/models/ecm/metadata", timeout=30).json()
    described = content["metadata"]["signature_def"]["signature_def"]
    assert set(described) == names
    assert described["serving_default"]["inputs"]["post"]["dtype"] == "DT_STRING"
