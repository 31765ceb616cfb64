"""REST API of the server, compared with TF Serving's documented behaviour."""

import base64
import json
import re
from pathlib import Path

import pytest
import requests
from server_process import MAX_BYTES, MAX_POSTS, POSTS, PREDICT

from export.client import Client, ServerError

pytestmark = pytest.mark.xdist_group("server")


@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_client_gets_the_replies_of_the_saved_model(server, expected, scheme):
    port = server.rest_port if scheme == "http" else server.grpc_port
    with Client(f"{scheme}://127.0.0.1:{port}") as client:
        for emotion in ("like", "5"):
            replies = client.answer(POSTS, [emotion] * len(POSTS))
            for post, reply in zip(POSTS, replies, strict=True):
                text, score = expected[post, emotion]
                assert reply.text == text
                assert reply.score == pytest.approx(score, abs=1e-4)
        assert [len(row) for row in client.all_emotions(POSTS)] == [6] * len(POSTS)
        ((reply, explanation),) = client.explain(POSTS[:1], ["like"])
        assert reply.text == expected[POSTS[0], "like"][0]
        shape = (len(explanation.words), len(explanation.post))
        assert explanation.attention.shape == shape
        assert [len(row) for row in client.n_best(POSTS[:2], ["sad", "sad"])] == [4, 4]
        with pytest.raises(ServerError, match="zorn"):
            client.answer(["a"], ["zorn"])


def test_rows_columns_and_unnamed_inputs_are_equivalent(server):
    post, emotion = POSTS[0], "like"
    rows = server.post({"instances": [{"post": post, "emotion": emotion}] * 2}).json()
    columns = server.post({"inputs": {"post": [post] * 2, "emotion": [emotion] * 2}}).json()
    predictions = rows["predictions"]
    assert [row["response"] for row in predictions] == columns["outputs"]["response"]
    assert [row["score"] for row in predictions] == pytest.approx(columns["outputs"]["score"])
    encoded = {"b64": base64.b64encode(post.encode()).decode()}
    from_base64 = server.post({"instances": [{"post": encoded, "emotion": emotion}]}).json()
    assert from_base64["predictions"][0]["response"] == predictions[0]["response"]
    row, column, base64_row = (
        server.post({"signature_name": "all_emotions", **body}).json()
        for body in ({"instances": [post]}, {"inputs": [post]}, {"instances": [encoded]})
    )
    responses = [row["predictions"][0]["response"], base64_row["predictions"][0]["response"]]
    assert responses[0] == responses[1] == column["outputs"]["response"][0]
    assert server.post({"instances": []}).json() == {"predictions": []}


def test_requests_in_the_documentation_get_the_documented_keys(server):
    text = (Path(__file__).parents[3] / "docs/serving.md").read_text(encoding="utf-8")
    examples = re.findall(r":predict -d '(.*?)'\n(.*?)\n", text, re.DOTALL)
    assert len(examples) == 2
    for body, response in examples:
        content = server.post(json.loads(body)).json()
        keys = re.findall(r'"(\w+)": ', response)
        entries = content.get("outputs") or content["predictions"][0]
        assert [*content, *sorted(entries)] == keys


def test_an_empty_signature_name_is_the_default(server):
    row = {"post": POSTS[0], "emotion": "like"}
    responses = [
        server.post({"instances": [row]} | names).json()
        for names in ({}, {"signature_name": ""}, {"signature_name": "serving_default"})
    ]
    assert responses[0] == responses[1] == responses[2]
    assert "predictions" in responses[0]


@pytest.mark.parametrize(
    ("body", "status", "message"),
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
        (b'{"inputs": {"post": ["a"], "emotion": []}}', 400, "same number of entries"),
        (b'{"inputs": {"post": ["a"], "mood": ["1"]}}', 400, "mood"),
        (b'{"inputs": {"post": ["a"], "emotion": ["zorn"]}}', 400, "0 other"),
        (b'{"signature_name": "x", "instances": []}', 400, "all_emotions"),
        (b" " * (MAX_BYTES + 1), 413, "20000"),
        (
            b'{"inputs": {"post": [' + b'"a",' * MAX_POSTS + b'"a"], "emotion": ["1"]}}',
            400,
            "240 posts",
        ),
    ],
)
def test_invalid_requests_get_the_reason(server, body, status, message):
    response = requests.post(server.rest + PREDICT, data=body, timeout=30)
    assert (response.status_code, list(response.json())) == (status, ["error"])
    assert message in response.json()["error"]
    assert "Traceback" not in response.json()["error"]
    assert server.post({"instances": [{"post": "a", "emotion": "1"}]}).status_code == 200


def test_a_chunked_body_is_limited(server):
    chunks = (b" " * 1_000 for _ in range(2 * MAX_BYTES // 1_000))
    response = requests.post(server.rest + PREDICT, data=chunks, timeout=30)
    assert response.status_code == 413
    assert response.json()["error"] == "body: expected at most 20000 bytes, got more."


def test_a_request_does_not_override_the_timeout(server):
    body = {"instances": [{"post": POSTS[0], "emotion": "like"}]}
    headers = {"X-Request-Timeout-Seconds": "1e-9"}
    response = requests.post(server.rest + PREDICT, json=body, headers=headers, timeout=30)
    assert response.status_code == 200


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
def test_unknown_paths_models_and_versions_get_an_error(server, method, path, status):
    response = requests.request(method, server.rest + path, json={"instances": []}, timeout=30)
    assert response.status_code == status
    assert response.json()["error"]
