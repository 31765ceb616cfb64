"""The log of a run names its devices, or says why TensorFlow finds no GPU."""

import contextlib
import ctypes
import os
import subprocess
import sys
from importlib.metadata import version
from unittest import mock

import pytest
import tensorflow as tf

from ecm_tf.training.devices import prepare_devices

CPU_ONLY = """
from ecm_tf.core.imports import importing_tensorflow
with importing_tensorflow():
    from ecm_tf.training.devices import prepare_devices
print(*prepare_devices(), sep="\\n")
"""
GPUS = [tf.config.PhysicalDevice(f"/physical_device:GPU:{index}", "GPU") for index in range(2)]
DETAILS = {"device_name": "NVIDIA H200", "compute_capability": (9, 0)}


@contextlib.contextmanager
def machine(gpus, details=None, **patches):
    """Simulates a machine's GPUs; yields the mocks of the functions that configure them."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.dict(os.environ, {"TF_NUM_INTRAOP_THREADS": "3"}))
        stack.enter_context(mock.patch("tensorflow.config.list_physical_devices", lambda _: gpus))
        stack.enter_context(
            mock.patch("tensorflow.config.experimental.get_device_details", lambda _: details or {})
        )
        names = {
            "growth": "tensorflow.config.experimental.set_memory_growth",
            "visible": "tensorflow.config.set_visible_devices",
        }
        yield {
            name: stack.enter_context(mock.patch(path, **patches.get(name, {})))
            for name, path in names.items()
        }


def test_one_gpu_is_named_and_its_memory_grows():
    with machine(GPUS[:1], DETAILS) as configured:
        assert prepare_devices() == [
            "devices: GPU 0 (NVIDIA H200, compute capability 9.0), CPU (3 threads)"
        ]
    configured["growth"].assert_called_once_with(GPUS[0], True)


def test_a_process_uses_the_first_of_several_gpus():
    with machine(GPUS) as configured:
        assert prepare_devices() == [
            "devices: GPU 0 (unknown model), GPU 1 (unknown model), CPU (3 threads)",
            "this process sees 2 GPUs and uses GPU 0; --workers 2 --use_gpu uses all of them",
        ]
    assert [call.args for call in configured["growth"].call_args_list] == [
        (gpu, True) for gpu in GPUS
    ]
    configured["visible"].assert_called_once_with(GPUS[:1], "GPU")


def test_gpus_that_are_in_use_keep_their_settings():
    error = RuntimeError("Physical devices cannot be modified after being initialized")
    with machine(GPUS[:1], DETAILS, growth={"side_effect": error}):
        _, line = prepare_devices()
    assert line == f"TensorFlow was in use before, so its GPU settings remain: {error}"


def reason_for_no_gpu(monkeypatch, *, cuda=True, visible=None, driver=None):
    """Returns what the log says on a machine where TensorFlow finds no GPU.

    `driver` is the result of the driver's `cuInit`; None: no driver is installed.
    """
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    missing = OSError("libcuda.so.1: cannot open shared object file")
    library = mock.Mock(**{"cuInit.return_value": driver})
    monkeypatch.setattr(tf.test, "is_built_with_cuda", lambda: cuda)
    loaded = {"side_effect": missing} if driver is None else {"return_value": library}
    monkeypatch.setattr(ctypes, "CDLL", mock.Mock(**loaded))
    with machine([]):
        (line,) = prepare_devices()
    start = "devices: CPU (3 threads); no GPU: "
    assert line.startswith(start)
    return line.removeprefix(start)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ({"cuda": False}, "this build of TensorFlow does not support NVIDIA GPUs"),
        ({"visible": ""}, "CUDA_VISIBLE_DEVICES is '', which hides all GPUs"),
        ({"visible": "-1"}, "CUDA_VISIBLE_DEVICES is '-1', which hides all GPUs"),
        ({}, "NVIDIA's driver (libcuda.so.1) is not installed"),
        ({"driver": 100}, "NVIDIA's driver finds no GPU (cuInit returned error 100)"),
        ({"driver": 0}, f'pip install "tensorflow[and-cuda]=={version("tensorflow")}"'),
    ],
    ids=["build", "empty variable", "hidden", "driver", "no GPU", "CUDA libraries"],
)
def test_the_log_says_why_there_is_no_gpu(found, reason, monkeypatch):
    assert reason in reason_for_no_gpu(monkeypatch, **found)


def test_a_process_without_gpu_says_so():
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_NUM_INTRAOP_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CPU_ONLY],
        capture_output=True,
        check=True,
        env=environment,
        text=True,
    )
    assert done.stdout == (
        "devices: CPU (2 threads); no GPU: CUDA_VISIBLE_DEVICES is '-1', which hides all GPUs\n"
    )
