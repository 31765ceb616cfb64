"""The client, with servers that have TF Serving's APIs and return replies without a model."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import pytest
import tensorflow as tf
from tensorflow_serving.apis.predict_pb2 import PredictResponse
from tensorflow_serving.apis.prediction_service_pb2_grpc import (
    PredictionServiceServicer,
    add_PredictionServiceServicer_to_server,
)

from ecm_tf.core.errors import InputError
from ecm_tf.text.emotions import DEFAULT
from export.client import Client, Reply, ServerError
from export.client.__main__ import main
from export.serve.settings import ServerConfig

NAMES = DEFAULT.names
MAX_BYTES = 10_000
"""Maximum size of a request to the gRPC server."""


class FakeModel:
    """Replies of both servers.

    Attributes:
        busy: number of requests to reject before the first reply.
        failure: HTTP status, gRPC code and `Retry-After` header of the rejections.
        pause: seconds between the bytes of a response over REST.
        delay: seconds before each reply.
        received: posts of all requests.
        requests: model, version, signature and number of posts of each request.
    """

    def __init__(self):
        self.busy = 0
        self.delay = 0.0
        self.failure = (429, "RESOURCE_EXHAUSTED", None)
        self.pause = 0.0
        self.requests = []
        self.received: list[str] = []

    def __call__(self, model, version, signature, inputs):
        self.requests.append((model, version, signature, len(inputs["post"])))
        time.sleep(self.delay)
        if self.busy:
            self.busy -= 1
            return None
        posts = inputs["post"]
        self.received += posts
        if signature == "all_emotions":
            return {
                "emotion": [NAMES for _ in posts],
                "response": [[f"{post}·{name}" for name in NAMES] for post in posts],
                "score": [[-float(e) for e in range(6)] for _ in posts],
            }
        for emotion in inputs["emotion"]:
            if emotion not in (*NAMES, "auto"):
                raise ValueError(f"unknown emotion {emotion!r}")
        rows = list(zip(posts, inputs["emotion"], strict=True))
        if signature == "n_best":
            return {
                "response": [[f"{post}·{emotion}·{n}" for n in "ab"] for post, emotion in rows],
                "score": [[-1.0, -2.0] for _ in rows],
            }
        return {
            "response": [f"{post}·{emotion}" for post, emotion in rows],
            "score": [-1.5 for _ in rows],
            # Older exports do not return it.
            **({"emotion": ["happy"] * len(rows)} if "auto" in inputs["emotion"] else {}),
        }


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr("export.client.transport.FIRST_WAIT_SECONDS", 0.01)


@pytest.fixture
def fake_model():
    return FakeModel()


@pytest.fixture
def rest(fake_model):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            path = self.path.removesuffix(":predict").split("/")[3:]
            try:
                outputs = fake_model(
                    path[0], path[2] if path[1:] else None, body["signature_name"], body["inputs"]
                )
                status, content = (
                    (200, {"outputs": outputs})
                    if outputs
                    else (fake_model.failure[0], {"error": "busy"})
                )
            except ValueError as error:
                status, content = 400, {"error": str(error)}
            text = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            if status != 200 and fake_model.failure[2]:
                self.send_header("Retry-After", fake_model.failure[2])
            self.end_headers()
            for start in range(0, len(text), 1 if fake_model.pause else len(text)):
                self.wfile.write(text[start : start + 1] if fake_model.pause else text)
                time.sleep(fake_model.pause)

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request, client_address):
            """Ignores clients that closed the connection after their timeout."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def rpc(fake_model):
    class Servicer(PredictionServiceServicer):
        def Predict(self, request, context):
            inputs = {
                name: [text.decode() for text in tf.make_ndarray(tensor).tolist()]
                for name, tensor in request.inputs.items()
            }
            spec = request.model_spec
            version = str(spec.version.value) if spec.HasField("version") else None
            try:
                outputs = fake_model(spec.name, version, spec.signature_name, inputs)
            except ValueError as error:
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
            if outputs is None:
                context.abort(grpc.StatusCode[fake_model.failure[1]], "busy")
            response = PredictResponse()
            for name, column in outputs.items():
                response.outputs[name].CopyFrom(tf.make_tensor_proto(column))
            return response

    options = [("grpc.max_receive_message_length", MAX_BYTES)]
    server = grpc.server(ThreadPoolExecutor(4), options=options)
    add_PredictionServiceServicer_to_server(Servicer(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"grpc://127.0.0.1:{port}"
    server.stop(None).wait()


@pytest.fixture(params=["rest", "rpc"])
def address(request):
    return request.getfixturevalue(request.param)


def test_replies_of_each_signature(address, fake_model):
    with Client(address) as client:
        assert client.answer(["猫", "狗"], ["like", "sad"]) == [
            Reply("猫·like", -1.5, "like"),
            Reply("狗·sad", -1.5, "sad"),
        ]
        assert client.answer(["猫"], ["auto"]) == [Reply("猫·auto", -1.5, "happy")]
        (row,) = client.all_emotions(["猫"])
        assert row == [Reply(f"猫·{name}", -float(e), name) for e, name in enumerate(NAMES)]
        (row,) = client.n_best(["猫"], ["happy"])
        assert row == [Reply("猫·happy·a", -1.0, "happy"), Reply("猫·happy·b", -2.0, "happy")]
    assert {request[:2] for request in fake_model.requests} == {("ecm", None)}


def test_half_a_surrogate_pair_becomes_a_question_mark(address, fake_model):
    with Client(address) as client:
        assert client.answer(["猫\ud83d"], ["like"])[0].text == "猫?·like"


def test_model_and_version_are_part_of_the_request(address, fake_model):
    with Client(address, model="other", version=7) as client:
        client.answer(["猫"], ["like"])
    assert fake_model.requests == [("other", "7", "serving_default", 1)]


def test_request_to_a_busy_server_is_repeated(address, fake_model):
    fake_model.busy = 2
    with Client(address) as client:
        assert client.answer(["猫"], ["like"])[0].text == "猫·like"
    assert len(fake_model.requests) == 3


def test_request_is_given_up_after_five_attempts(address, fake_model):
    fake_model.busy = 100
    with Client(address) as client, pytest.raises(ServerError, match="busy"):
        client.answer(["猫"], ["like"])
    assert len(fake_model.requests) == 5


@pytest.mark.parametrize(
    ("failure", "attempts"),
    [
        ((503, "UNAVAILABLE", None), 5),
        ((500, "INTERNAL", None), 2),
        ((504, "DEADLINE_EXCEEDED", None), 1),
    ],
)
def test_request_is_repeated_only_where_that_is_safe(address, fake_model, failure, attempts):
    fake_model.busy, fake_model.failure = 100, failure
    with Client(address) as client, pytest.raises(ServerError, match="busy"):
        client.answer(["猫"], ["like"])
    assert len(fake_model.requests) == attempts


def test_request_that_is_too_large_is_not_repeated(rpc, monkeypatch):
    waits = []
    monkeypatch.setattr("export.client.grpc_transport.time.sleep", waits.append)
    with (
        Client(rpc) as client,
        pytest.raises(ServerError, match=r"RESOURCE_EXHAUSTED, .*larger than max"),
    ):
        client.answer(["a" * MAX_BYTES], ["like"])
    assert waits == []


def test_server_cannot_ask_for_a_longer_wait_than_the_timeout(rest, fake_model):
    fake_model.busy, fake_model.failure = 2, (429, "", "3600")
    start = time.monotonic()
    with Client(rest, timeout=0.3) as client:
        assert client.answer(["猫"], ["like"])[0].text == "猫·like"
    assert 0.6 <= time.monotonic() - start < 3


def test_response_that_trickles_times_out(rest, fake_model):
    fake_model.pause = 0.05
    start = time.monotonic()
    with (
        Client(rest, timeout=0.3) as client,
        pytest.raises(ServerError, match=r"expected a response within 0.3 s, got none"),
    ):
        client.answer(["猫"], ["like"])
    assert time.monotonic() - start < 1.5


def test_rejected_request_is_not_repeated(address, fake_model):
    with Client(address) as client, pytest.raises(ServerError, match="unknown emotion 'joyful'"):
        client.answer(["猫"], ["joyful"])
    assert len(fake_model.requests) == 1


def test_address_without_a_server():
    with (
        Client("http://127.0.0.1:9") as client,
        pytest.raises(ServerError, match=r":9: the connection to the server failed"),
    ):
        client.answer(["猫"], ["like"])
    with (
        Client("grpc://127.0.0.1:9", timeout=2) as client,
        pytest.raises(ServerError, match=r"grpc://127.0.0.1:9: (UNAVAILABLE|DEADLINE_EXCEEDED)"),
    ):
        client.answer(["猫"], ["like"])


@pytest.mark.parametrize(
    ("server", "message"),
    [
        ("rest", "expected a response within 0.2 s, got none"),
        ("rpc", "DEADLINE_EXCEEDED"),
    ],
)
def test_request_that_times_out_is_not_repeated(request, fake_model, server, message):
    fake_model.delay = 1.0
    address = request.getfixturevalue(server)
    with Client(address, timeout=0.2) as client:
        start = time.monotonic()
        with pytest.raises(ServerError, match=message):
            client.answer(["猫"], ["like"])
        assert time.monotonic() - start < 0.9
    assert len(fake_model.requests) == 1


def test_connection_that_times_out_is_not_repeated(monkeypatch):
    attempts = []

    def time_out(*arguments, **_):
        attempts.append(arguments)
        raise TimeoutError

    monkeypatch.setattr("urllib3.util.connection.create_connection", time_out)
    with (
        Client("http://127.0.0.1:9", timeout=0.2) as client,
        pytest.raises(ServerError, match=r"expected a response within 0.2 s, got none"),
    ):
        client.answer(["猫"], ["like"])
    assert len(attempts) == 1


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1:8501", "ftp://a:1", "grpc://host", "http://", "",
        "http://a:1?b=c", "http://a:1#b", "grpc://a:1/b",
    ],
)  # fmt: skip
def test_addresses_of_another_form_are_refused(address):
    with pytest.raises(InputError, match="expected http://HOST:PORT"):
        Client(address)


def test_an_address_with_a_password_is_refused_without_repeating_it():
    with pytest.raises(InputError, match=r"^server: expected an address without a user name"):
        Client("http://me:secret@server:1")


@pytest.mark.parametrize("timeout", ["0", "1e30", "nan"])
def test_impossible_timeouts_are_refused(timeout, capsys):
    with pytest.raises(SystemExit):
        main(["http://127.0.0.1:9", "猫", "--timeout", timeout])
    assert "argument --timeout: expected a number in (0, 86400]" in capsys.readouterr().err


def test_command_prints_the_replies(address, capsys):
    main([address, "猫", "狗"])
    assert capsys.readouterr().out.splitlines() == [
        line for post in "猫狗" for line in [post, *(f"{name}: {post}·{name}" for name in NAMES)]
    ]
    main([address, "猫", "--emotion", "sad"])
    assert capsys.readouterr().out == "猫\nsad: 猫·sad\n"
    main([address, "猫", "--emotion", "sad", "--n_best"])
    assert capsys.readouterr().out == "猫\nsad: 猫·sad·a\nsad: 猫·sad·b\n"


def test_command_sends_a_file_in_batches(address, fake_model, tmp_path, capsys):
    posts = [f"帖子{number}" for number in range(67)]
    (tmp_path / "posts.txt").write_text("\n".join(posts) + "\n", encoding="utf-8")
    main([address, "--file", str(tmp_path / "posts.txt"), "--emotion", "like"])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["post"] for row in rows] == posts
    assert all(row["replies"][0]["text"] == f"{row['post']}·like" for row in rows)
    assert [request[3] for request in fake_model.requests] == [32, 32, 3]
    fake_model.requests.clear()
    flags = ("--emotion", "like", "--posts_per_request", "60")
    main([address, "--file", str(tmp_path / "posts.txt"), *flags])
    assert [request[3] for request in fake_model.requests] == [60, 7]


@pytest.mark.parametrize(
    ("columns", "signature", "missing"),
    [
        ({"logits": [[0.5]]}, "all_emotions", "response, score, emotion"),
        ({"response": [["x"]], "score": [[0.0]]}, "all_emotions", "emotion"),
        ({"response": ["x"]}, "serving_default", "score"),
    ],
)
def test_another_model_behind_the_signature_is_reported(
    columns, signature, missing, address, monkeypatch
):
    monkeypatch.setattr(FakeModel, "__call__", lambda *_: columns)
    message = rf": expected the signature {signature} of an exported ECM; .* has no {missing}\.$"
    with Client(address) as client, pytest.raises(ServerError, match=message):
        if signature == "all_emotions":
            client.all_emotions(["猫"])
        else:
            client.answer(["猫"], ["sad"])


@pytest.mark.parametrize("model", ["", "a/b", "a#b", "a b", "a\n", "模型"])
def test_names_that_do_not_fit_into_urls_are_refused(model):
    with pytest.raises(InputError, match=r"^--model: expected a name of letters, digits, "):
        Client("http://127.0.0.1:9", model)
    with pytest.raises(InputError, match=r"^model: expected a name of letters, digits, "):
        ServerConfig(model=model)


@pytest.mark.parametrize("body", [b"[]", b"{}", b'"text"', b'{"outputs": [1, 2]}'])
def test_another_service_is_reported(body):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        with (
            Client(f"http://127.0.0.1:{server.server_port}") as client,
            pytest.raises(ServerError, match=r": expected the outputs of a model, got '"),
        ):
            client.all_emotions(["猫"])


def test_posts_are_split_on_request(address, fake_model, capsys):
    """The fake model repeats the post, like a model of split text if the post is split."""
    main([address, "我的猫会握手", "hello", "--split_posts"])
    assert fake_model.received == ["我 的 猫 会 握手", "hello"]
    captured = capsys.readouterr()
    assert captured.out.splitlines()[0] == "我的猫会握手"
    assert captured.err == ""


@pytest.mark.parametrize(
    ("post", "reply", "warns"),
    [
        ("我的猫会握手", "真 可爱", True),
        ("我的猫会握手", "真可爱", False),
        ("我 的 猫 会 握手", "真 可爱", False),
        ("hello", "真 可爱", False),
    ],
)
def test_raw_chinese_for_a_model_of_split_text_gives_a_warning(
    post, reply, warns, monkeypatch, capsys
):
    def answer(self, posts, emotions):
        return [Reply(reply, -1.0, emotion) for emotion in emotions]

    monkeypatch.setattr(Client, "answer", answer)
    main(["http://127.0.0.1:9", post, post, "--emotion", "sad"])
    captured = capsys.readouterr()
    assert captured.err.count("trained on text split by spaces") == warns
    assert captured.out.splitlines() == [post, f"sad: {reply}"] * 2


def test_file_with_byte_order_mark_and_line_separators(address, tmp_path, capsys):
    path = tmp_path / "posts.txt"
    path.write_text("猫\u2028狗\r\n鸟\r\n", encoding="utf-8-sig", newline="")
    main([address, "--file", str(path), "--emotion", "like"])
    rows = [json.loads(line) for line in capsys.readouterr().out.split("\n")[:-1]]
    assert [row["post"] for row in rows] == ["猫\u2028狗", "鸟"]


def test_wrong_arguments_are_refused(tmp_path):
    for flags, message in (
        ([], "expected either posts or --file"),
        (["猫", "--file", "posts"], "expected either posts or --file"),
        (["猫", "--n_best"], "--n_best: expected --emotion as well"),
        (
            ["--file", str(tmp_path / "none")],
            "none: no such file; expected a text file with one post per line",
        ),
    ):
        with pytest.raises(InputError, match=message):
            main(["http://127.0.0.1:9", *flags])
