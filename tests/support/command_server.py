"""Runs the Python commands of a shell script in the test's own process.

A script that takes its interpreter from `$PYTHON` gets a small client, which sends its arguments to
the test and waits. So TensorFlow is imported once, not by every command of the script.
"""

import contextlib
import importlib
import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from unittest import mock

CLIENT = """\
#!{python} -S
import json, os, socket, sys
if sys.argv[1:3] == ["-m", "experiments.measured"]:
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
piped = "" if os.isatty(0) or sys.stdin is None else sys.stdin.read()
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect({address!r})
    with connection.makefile("rw", encoding="utf-8") as stream:
        stream.write(json.dumps({{"arguments": sys.argv[1:], "stdin": piped}}) + "\\n")
        stream.flush()
        result = json.loads(stream.readline())
sys.stdout.write(result["stdout"])
sys.exit(result["status"])
"""


@dataclass(frozen=True)
class ScriptResult:
    """A finished script.

    Attributes:
        status: its exit status.
        output: its stdout and stderr.
        commands: the arguments of each command, such as `["ecm_tf.train", "--dataset", …]`.
    """

    status: int
    output: str
    commands: list[list[str]]


def run_script(
    script: Path, arguments: Sequence[object], directory: Path, **environment: str
) -> ScriptResult:
    """Runs a shell script; the commands that it starts by `$PYTHON -m` run in this process.

    Args:
        script: the script, in a folder of the source tree.
        arguments: its arguments.
        directory: where the client and the script's output are written.
        **environment: more environment variables of the script.
    """
    address, client, output = (directory / name for name in ("socket", "python", "output.txt"))
    client.write_text(CLIENT.format(python=sys.executable, address=str(address)), encoding="utf-8")
    client.chmod(0o755)
    commands: list[list[str]] = []
    address.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as server, output.open("wb") as file:
        server.bind(str(address))
        server.listen()
        server.settimeout(0.1)
        process = subprocess.Popen(
            [str(script), *map(str, arguments)],
            cwd=script.parents[1],
            env={**os.environ, "PYTHON": str(client), **environment},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        try:
            while process.poll() is None:
                with contextlib.suppress(TimeoutError):
                    _answer(server, commands)
        finally:
            process.kill()
            process.wait()
    return ScriptResult(process.returncode, output.read_text(encoding="utf-8"), commands)


def _answer(server: socket.socket, commands: list[list[str]]) -> None:
    """Waits for a client, runs its command, and sends back the exit status and stdout."""
    connection, _ = server.accept()
    connection.settimeout(None)
    with connection, connection.makefile("rw", encoding="utf-8") as stream:
        request = json.loads(stream.readline())
        flag, module, *arguments = request["arguments"]
        assert flag == "-m"
        commands.append([module, *arguments])
        status, stdout = run_module(module, arguments, request["stdin"])
        stream.write(json.dumps({"status": status, "stdout": stdout}) + "\n")


def run_module(module: str, arguments: Sequence[str], stdin: str = "") -> tuple[int, str]:
    """Runs `python -m MODULE ARGUMENTS…` in this process.

    Returns:
        Its exit status and stdout. Its stderr is that of this process.
    """
    from ecm_tf.core import command

    stdout = io.StringIO()
    with (
        contextlib.redirect_stdout(stdout),
        mock.patch("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8")),
    ):
        try:
            command.run(lambda: importlib.import_module(runnable(module)).main(list(arguments)))
        except SystemExit as ended:
            return ended.code if isinstance(ended.code, int) else int(ended.code is not None), (
                stdout.getvalue()
            )
    return 0, stdout.getvalue()


def runnable(module: str) -> str:
    """Returns the module that `python -m MODULE` runs."""
    spec = find_spec(module)
    assert spec is not None, module
    return f"{module}.__main__" if spec.submodule_search_locations else module
