"""A process that holds a lock of the project until it is killed."""

import subprocess
import sys
from contextlib import contextmanager


@contextmanager
def lock_holder(module, expression, path):
    """Runs a process that holds a lock while the `with` block runs, and then kills it.

    Args:
        module: module with the lock.
        expression: what the `with` statement holds, in terms of `module` and `path`.
        path: the path.
    """
    program = f"import sys, time, {module} as module; from pathlib import Path\n"
    program += "path = Path(sys.argv[1])\n"
    program += f"with {expression}: print('locked', flush=True); time.sleep(600)"
    command = [sys.executable, "-c", program, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout.readline() == "locked\n"
            yield
        finally:
            holder.kill()
