"""The number of CPUs that this process may use, and TensorFlow's threads."""

import os

INTRA_OP_THREADS = "TF_NUM_INTRAOP_THREADS"
"""Environment variable: the number of threads that compute one TensorFlow operation."""
INTER_OP_THREADS = "TF_NUM_INTEROP_THREADS"
"""Environment variable: the number of TensorFlow operations that are computed in parallel."""


def available_cpus() -> int:
    """Returns the number of CPUs that this process may use, at least 1.

    It is the lowest of the number of CPUs of the machine, that of the process's affinity mask
    (`taskset`), the quota of its container (cgroup, versions 1 and 2; rounded up), and the
    environment variable `LOKY_MAX_CPU_COUNT`.
    """
    # Importing joblib takes a third of a second, so it must not delay `--help`.
    from joblib import cpu_count

    return cpu_count()


def limit_tensorflow_threads() -> None:
    """Makes TensorFlow use as many threads as there are available CPUs.

    By itself it ignores the quota of a container: it starts a thread for each CPU of the host, and
    these threads then wait for each other. Sizes that the user has set are kept. It has no effect
    once TensorFlow has executed an operation.
    """
    for name in (INTRA_OP_THREADS, INTER_OP_THREADS):
        os.environ.setdefault(name, str(available_cpus()))
