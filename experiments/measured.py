"""Runs a command and prints its duration and peak memory to stderr.

python -m experiments.measured COMMAND ARGUMENT…
"""

import subprocess
import sys
import time

from ecm_tf.core.memory import peak_memory_of_children_bytes

start = time.perf_counter()
status = subprocess.run(sys.argv[1:], check=False).returncode
seconds = time.perf_counter() - start
peak = peak_memory_of_children_bytes() / 2**30
print(f"[{seconds:.0f} s, peak memory {peak:.2f} GiB]", file=sys.stderr)
sys.exit(status)
