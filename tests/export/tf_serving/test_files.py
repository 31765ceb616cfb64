"""The files for TF Serving, as far as published schemas reach."""

import re
from pathlib import Path

import pytest
import yaml
from google.protobuf import text_format
from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

from export import MODEL_NAME

SERVING = Path(__file__).parents[3] / "export" / "tf_serving"


@pytest.fixture(scope="module")
def service():
    compose = yaml.safe_load((SERVING / "compose.yaml").read_text(encoding="utf-8"))
    (service,) = compose["services"].values()
    return service


def test_the_model_file_is_a_model_server_config(service):
    config = text_format.Parse((SERVING / "models.config").read_text(), ModelServerConfig())
    (model,) = config.model_config_list.config
    assert model.name == MODEL_NAME
    assert model.model_version_policy.latest.num_versions == 2
    mounted = [volume.rsplit(":", 2)[1] for volume in service["volumes"]]
    assert model.base_path in mounted


def test_every_file_of_the_command_is_mounted_and_there(service):
    mounted = dict(volume.split(":")[:2] for volume in service["volumes"][1:])
    named = re.findall(r"=(/config/\S+)", " ".join(service["command"]))
    assert sorted(named) == sorted(mounted.values())
    assert all((SERVING / path).is_file() for path in mounted)
    assert {path.name for path in SERVING.iterdir()} == {
        "compose.yaml", *(Path(path).name for path in mounted)
    }  # fmt: skip


def test_the_batching_file_has_known_parameters_once_each():
    """Its proto is not published; the names are those of the documentation."""
    text = re.sub(r"#.*", "", (SERVING / "batching.config").read_text())
    parameters = re.findall(r"(\w+) \{ value: (\d+) \}", text)
    assert text.split() == " ".join(f"{name} {{ value: {v} }}" for name, v in parameters).split()
    assert sorted(name for name, _ in parameters) == [
        "batch_timeout_micros", "max_batch_size", "max_enqueued_batches", "num_batch_threads"
    ]  # fmt: skip


def test_ports_are_those_of_the_command_and_on_loopback(service):
    flags = dict(flag.lstrip("-").split("=") for flag in service["command"])
    assert service["ports"] == [
        f"127.0.0.1:{flags[name]}:{flags[name]}" for name in ("port", "rest_api_port")
    ]
    assert f"127.0.0.1/{flags['rest_api_port']}" in service["healthcheck"]["test"][-1]
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
