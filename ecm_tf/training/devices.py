"""The devices of a run: a GPU if TensorFlow finds one, or the reason why there is none."""

import ctypes
import os
from importlib.metadata import version
from typing import Any

import tensorflow as tf

from ecm_tf.core.cpus import INTRA_OP_THREADS, limit_tensorflow_threads

DRIVER = "libcuda.so.1"
"""The library of NVIDIA's driver that TensorFlow loads."""


def prepare_devices() -> list[str]:
    """Chooses the devices of this process, and describes them.

    The process uses the first GPU that it sees, and allocates the GPU's memory as it is needed. It
    uses as many CPU threads as there are available CPUs.

    It must be called before any TensorFlow operation has run: later, TensorFlow's devices cannot be
    changed, and the description says so.

    Returns:
        Lines for the log. The first names all devices; without a GPU it gives the reason.
    """
    limit_tensorflow_threads()
    threads = tf.config.threading.get_intra_op_parallelism_threads() or os.environ[INTRA_OP_THREADS]
    cpu = f"CPU ({threads} thread{'s' * (str(threads) != '1')})"
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return [f"devices: {cpu}; no GPU: {_reason_for_no_gpu()}"]
    names = ", ".join(f"GPU {index} ({_model(gpu)})" for index, gpu in enumerate(gpus))
    lines = [f"devices: {names}, {cpu}"]
    if len(gpus) > 1:
        lines.append(
            f"this process sees {len(gpus)} GPUs and uses GPU 0; --workers {len(gpus)} --use_gpu "
            "uses all of them"
        )
    try:
        for gpu in gpus:
            tf.config.experimental.set_memory_growth(gpu, True)
        tf.config.set_visible_devices(gpus[:1], "GPU")
    except RuntimeError as error:
        lines.append(f"TensorFlow was in use before, so its GPU settings remain: {error}")
    return lines


def _model(gpu: Any) -> str:
    """Returns a GPU's name and compute capability, as far as TensorFlow knows them."""
    details = tf.config.experimental.get_device_details(gpu)
    capability = ".".join(map(str, details.get("compute_capability", ())))
    name = details.get("device_name", "unknown model")
    return f"{name}, compute capability {capability}" if capability else name


def _reason_for_no_gpu() -> str:
    """Returns why TensorFlow finds no GPU; the commands hide its own messages."""
    if not tf.test.is_built_with_cuda():
        return "this build of TensorFlow does not support NVIDIA GPUs"
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and visible.strip() in ("", "-1"):
        return f"CUDA_VISIBLE_DEVICES is {visible!r}, which hides all GPUs"
    try:
        driver = ctypes.CDLL(DRIVER)
    except OSError:
        return f"NVIDIA's driver ({DRIVER}) is not installed"
    status = driver.cuInit(0)
    if status:
        return f"NVIDIA's driver finds no GPU (cuInit returned error {status})"
    return (
        "TensorFlow cannot load the CUDA libraries; install them with "
        f'pip install "tensorflow[and-cuda]=={version("tensorflow")}", or set '
        "TF_CPP_MIN_LOG_LEVEL=0 to see TensorFlow's messages"
    )
