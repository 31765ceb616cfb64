"""A server with TLS and a token: what it answers, and what its clients and logs say."""

import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import grpc
import psutil
import pytest
import requests
from certificates import Authority
from google.protobuf.descriptor_pool import DescriptorPool
from server_process import POSTS, ServerProcess, predict_request
from tensorflow_serving.apis import model_service_pb2, prediction_service_pb2
from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusRequest
from tensorflow_serving.apis.model_service_pb2_grpc import ModelServiceStub
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

from ecm_tf.core import command
from export.client import Client
from export.client.__main__ import main

pytest.importorskip("ray", reason="the extra `serve` is not installed")
with warnings.catch_warnings(action="ignore"):
    from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
    from grpc_health.v1.health_pb2_grpc import HealthStub
    from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
        ProtoReflectionDescriptorDatabase,
    )
    from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest
    from grpc_reflection.v1alpha.reflection_pb2_grpc import ServerReflectionStub
    from ray.serve.generated.serve_pb2 import ListApplicationsRequest
    from ray.serve.generated.serve_pb2_grpc import RayServeAPIServiceStub

pytestmark = pytest.mark.xdist_group("server")

TOKEN = "0123456789abcdef-secret"
WRONG = ["", "Bearer", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", TOKEN]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Paths of the files that server and client get, and of wrong ones."""
    directory = tmp_path_factory.mktemp("secure")
    authority = Authority(directory)
    cert, key = authority.issue("server")
    token, wrong_token = directory / "token", directory / "wrong_token"
    token.write_text(f"{TOKEN}\n")
    wrong_token.write_text("wrong-secret\n")
    (directory / "elsewhere").mkdir()
    return {
        "cert": cert,
        "key": key,
        "ca": authority.cert,
        "other_ca": Authority(directory / "elsewhere").cert,
        "token": token,
        "wrong_token": wrong_token,
    }


@pytest.fixture(scope="module")
def secure(files, exported_base, tmp_path_factory):
    base = tmp_path_factory.mktemp("secured")
    shutil.copytree(exported_base / "1", base / "1")
    flags = {
        **{"--tls_cert": files["cert"], "--tls_key": files["key"], "--token_file": files["token"]},
        "--log_dir": base / "logs",
    }
    server = ServerProcess(base, {name: str(path) for name, path in flags.items()})
    yield server
    printed = server.stop()
    assert server.process.returncode == 0, printed


@pytest.fixture(scope="module")
def tls(files):
    return grpc.ssl_channel_credentials(files["ca"].read_bytes())


@pytest.fixture
def secure_channel(secure, tls):
    with grpc.secure_channel(f"127.0.0.1:{secure.grpc_port}", tls) as channel:
        yield channel


def address(secure, scheme):
    port = secure.grpc_port if scheme.startswith("grpc") else secure.rest_port
    return f"{scheme}://127.0.0.1:{port}"


@pytest.mark.parametrize("scheme", ["https", "grpcs"])
def test_client_with_the_token_gets_replies(secure, files, expected, scheme, monkeypatch):
    # `requests` would take these instead of a session's own settings.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(files["other_ca"]))
    netrc = files["ca"].with_name("netrc")
    netrc.write_text("machine 127.0.0.1 login user password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with Client(address(secure, scheme), ca_cert=files["ca"], token_file=files["token"]) as client:
        (reply,) = client.answer(POSTS[:1], ["like"])
    assert reply.text == expected[POSTS[0], "like"][0]


@pytest.mark.parametrize("authorization", WRONG)
def test_rest_needs_the_token(secure, files, authorization):
    headers = {"Authorization": authorization} if authorization else {}
    for method, path in (
        ("post", "/v1/models/ecm:predict"),
        ("get", "/v1/models/ecm"),
        ("get", "/v1/models/ecm/metadata"),
        ("get", "/monitoring/prometheus/metrics"),
        ("get", "/-/routes"),
        ("get", "/readyz/"),
        ("get", "/"),
    ):
        response = requests.request(
            method, secure.rest + path, headers=headers, verify=files["ca"], timeout=30
        )
        assert (response.status_code, list(response.json())) == (401, ["error"])
        assert response.headers["WWW-Authenticate"] == "Bearer"


def test_rest_accepts_the_token(secure, files):
    headers = {"Authorization": f"bearer {TOKEN}"}
    for path in ("/v1/models/ecm", "/v1/models/ecm/metadata", "/monitoring/prometheus/metrics"):
        url = secure.rest + path
        response = requests.get(url, headers=headers, verify=files["ca"], timeout=30)
        assert response.status_code == 200


@pytest.mark.parametrize("authorization", WRONG)
def test_grpc_needs_the_token(secure_channel, authorization):
    predict = PredictionServiceStub(secure_channel).Predict
    reflect = ServerReflectionStub(secure_channel).ServerReflectionInfo
    settings = {"metadata": [("authorization", authorization)], "timeout": 30}
    for call in (
        lambda: predict(predict_request({"post": ["a"], "emotion": ["1"]}), **settings),
        lambda: predict(predict_request({"post": ["a" * 30_000]}), **settings),
        lambda: ModelServiceStub(secure_channel).GetModelStatus(
            GetModelStatusRequest(), **settings
        ),
        lambda: RayServeAPIServiceStub(secure_channel).ListApplications(
            ListApplicationsRequest(), **settings
        ),
        lambda: next(reflect(iter([ServerReflectionRequest(list_services="")]), **settings)),
    ):
        with pytest.raises(grpc.RpcError) as error:
            call()
        assert error.value.code() == grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize("file", [prediction_service_pb2, model_service_pb2])
def test_reflection_describes_the_services(secure, tls, file):
    with_token = grpc.composite_channel_credentials(tls, grpc.access_token_call_credentials(TOKEN))
    with grpc.secure_channel(f"127.0.0.1:{secure.grpc_port}", with_token) as channel:
        pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
        for service in file.DESCRIPTOR.services_by_name.values():
            described = pool.FindServiceByName(service.full_name)
            assert described.methods_by_name.keys() == service.methods_by_name.keys()


def test_health_needs_no_token(secure, secure_channel, files):
    for path in ("/-/healthz", "/readyz"):
        assert requests.get(secure.rest + path, verify=files["ca"], timeout=30).status_code == 200
    health = HealthStub(secure_channel)
    assert health.Check(HealthCheckRequest(), timeout=30).status == HealthCheckResponse.SERVING
    watch = health.Watch(HealthCheckRequest(), timeout=30)
    assert next(watch).status == HealthCheckResponse.SERVING
    watch.cancel()


@pytest.mark.parametrize(
    ("scheme", "ca", "token", "message"),
    [
        ("https", "ca", None, "status 401, authorization: expected `Bearer TOKEN`"),
        ("grpcs", "ca", None, "UNAUTHENTICATED, authorization: expected `Bearer TOKEN`"),
        ("https", "ca", "wrong_token", "status 401"),
        ("grpcs", "ca", "wrong_token", "UNAUTHENTICATED"),
        ("https", None, "token", "the server's certificate is not trusted: "),
        ("grpcs", None, "token", "the server's certificate is not trusted: "),
        ("https", "other_ca", "token", "the server's certificate is not trusted: "),
        ("grpcs", "other_ca", "token", "the server's certificate is not trusted: "),
        ("http", None, "token", "a server with TLS expects https://"),
        ("grpc", None, "token", "a server with TLS expects grpcs://"),
    ],
)
def test_failures_are_one_sentence(secure, files, scheme, ca, token, message, monkeypatch, capsys):
    monkeypatch.setattr("export.client.transport.FIRST_WAIT_SECONDS", 0.01)
    flags = [f"--ca_cert={files[ca]}"] if ca else []
    flags += [f"--token_file={files[token]}"] if token else []
    with pytest.raises(SystemExit) as ended:
        command.run(lambda: main([address(secure, scheme), "a", *flags]))
    out, err = capsys.readouterr()
    assert (ended.value.code, out, len(err.splitlines())) == (2, "", 1)
    assert message in err
    assert "secret" not in err


def test_grpc_logs_nothing_beside_the_sentence(secure):
    """In a process of its own, because gRPC reads its settings when it is loaded."""
    result = subprocess.run(
        [sys.executable, "-m", "export.client", address(secure, "grpcs"), "a"],
        capture_output=True,
        text=True,
    )
    assert (result.returncode, result.stdout, len(result.stderr.splitlines())) == (2, "", 1)
    assert "the server's certificate is not trusted: " in result.stderr


def test_token_is_in_no_log_argument_or_environment(secure):
    """Last, so that the logs are about the requests of the tests above."""
    processes = [psutil.Process(secure.process.pid), *secure.processes()]
    arguments = [part for process in processes for part in process.cmdline()]
    (session,) = {part.partition("=")[2] for part in arguments if part.startswith("--session_dir=")}
    logs = [*secure.base.glob("logs/*"), *Path(session).glob("logs/**/*.*")]
    texts = [path.read_text(errors="replace") for path in logs if path.is_file()]
    assert any('"message": "POST / 200' in text for text in texts)
    environments = [str(process.environ()) for process in processes]
    assert not any("secret" in text for text in [*arguments, *environments, *texts])
