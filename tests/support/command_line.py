"""Commands run as their users run them: in a process of their own."""

import os
import subprocess
import sys
from pathlib import Path


def environment(**more: str) -> dict[str, str]:
    """This process's environment, quiet, and without what makes the source tree importable."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return {**kept, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONIOENCODING": "utf-8", **more}


def python(
    *arguments: object, cwd: Path, stdin: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    """`python ARGUMENTS…` in another directory, with what it wrote."""
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        check=False,
        capture_output=True,
        cwd=cwd,
        env=environment(),
        input=stdin,
        timeout=120,
    )
