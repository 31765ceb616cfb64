"""The number of CPUs honours the process's affinity mask and the quota of its container."""

import builtins
import io
import json
import os
import subprocess
import sys
from unittest import mock

import pytest

from ecm_tf.core.cpus import (
    INTER_OP_THREADS,
    INTRA_OP_THREADS,
    available_cpus,
    limit_tensorflow_threads,
)

VERSION_1 = {
    "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "250000\n",
    "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
}
PINNED = """
import json, os
first = min(os.sched_getaffinity(0))
os.sched_setaffinity(0, {first})
from ecm_tf.core.cpus import available_cpus, limit_tensorflow_threads
limit_tensorflow_threads()
print(json.dumps([available_cpus(), os.environ["TF_NUM_INTRAOP_THREADS"]]))
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")
def test_a_process_bound_to_one_cpu_has_one():
    kept = {name: value for name, value in os.environ.items() if name != INTRA_OP_THREADS}
    done = subprocess.run(
        [sys.executable, "-c", PINNED], capture_output=True, check=True, env=kept, text=True
    )
    assert json.loads(done.stdout) == [1, "1"]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"/sys/fs/cgroup/cpu.max": "150000 100000\n"}, 2),
        ({"/sys/fs/cgroup/cpu.max": "max 100000\n"}, 8),
        (VERSION_1, 3),
        (VERSION_1 | {"/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n"}, 8),
        ({}, 8),
    ],
    ids=["version 2", "version 2 without quota", "version 1", "version 1 without quota", "none"],
)
def test_the_quota_of_a_container_limits_a_machine_of_eight(files, expected, monkeypatch):
    exists, real_open = os.path.exists, builtins.open

    def simulated(path, *arguments, **options):
        return io.StringIO(files[path]) if path in files else real_open(path, *arguments, **options)

    monkeypatch.delenv("LOKY_MAX_CPU_COUNT", raising=False)
    available_cpus()  # Imports what reads the files.
    with (
        mock.patch("os.cpu_count", return_value=8),
        mock.patch("os.sched_getaffinity", return_value=set(range(8)), create=True),
        mock.patch("builtins.open", simulated),
        mock.patch(
            "os.path.exists",
            lambda path: path in files if str(path).startswith("/sys/fs/cgroup") else exists(path),
        ),
    ):
        assert available_cpus() == expected


def test_thread_pools_that_the_user_has_set_are_kept():
    with mock.patch.dict(os.environ, {INTRA_OP_THREADS: "7"}):
        os.environ.pop(INTER_OP_THREADS, None)
        limit_tensorflow_threads()
        assert os.environ[INTRA_OP_THREADS] == "7"
        assert os.environ[INTER_OP_THREADS] == str(available_cpus())
