"""Runs a command and says, on stderr, how long it took and how much memory it held at most.

python experiments/measured.py COMMAND ARGUMENT…
"""

import resource
import subprocess
import sys
import time

start = time.perf_counter()
status = subprocess.run(sys.argv[1:], check=False).returncode
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
print(f"[{seconds:.0f} s, peak memory {peak:.2f} GiB]", file=sys.stderr)
sys.exit(status)
