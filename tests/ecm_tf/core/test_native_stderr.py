"""The stderr of native libraries."""

import os
import sys

import command_line
import pytest

from ecm_tf.core.errors import InputError
from ecm_tf.core.native_stderr import suppress_native_stderr


def test_native_stderr_is_suppressed_only_inside_the_block(capfd):
    os.write(2, b"before ")
    with suppress_native_stderr():
        os.write(2, b"hidden ")
        os.write(1, b"shown")
    os.write(2, b"after")
    out, err = capfd.readouterr()
    assert (out, err) == ("shown", "before after")


def test_native_stderr_is_restored_after_an_error(capfd):
    with pytest.raises(InputError), suppress_native_stderr():
        raise InputError("no")
    print("visible", file=sys.stderr, flush=True)
    assert "visible" in capfd.readouterr().err


def test_native_stderr_is_shown_after_an_unexpected_error(capfd):
    with pytest.raises(ImportError), suppress_native_stderr():
        os.write(2, b"no CUDA")
        raise ImportError
    assert capfd.readouterr().err == "no CUDA"


def test_native_stderr_is_hidden_after_an_error_that_is_explained(capfd):
    with pytest.raises(OSError, match="Cannot parse"), suppress_native_stderr():
        os.write(2, b"note of a library")
        raise OSError("Cannot parse file saved_model.pb")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("end", ["os.abort()", "os.kill(os.getpid(), 9)"])
def test_native_stderr_is_shown_if_the_process_dies(end, tmp_path):
    code = (
        "import os; from ecm_tf.core.native_stderr import suppress_native_stderr as s\n"
        f"with s(): os.write(2, b'needs AVX'); {end}"
    )
    done = command_line.python("-c", code, cwd=tmp_path)
    assert done.returncode < 0
    assert done.stderr == b"needs AVX"


def test_native_stderr_is_not_suppressed_if_the_user_asks_for_it(capfd, monkeypatch):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    with suppress_native_stderr():
        os.write(2, b"shown")
    assert capfd.readouterr().err == "shown"


def test_nested_suppression_ends_with_the_outer_block(capfd):
    with suppress_native_stderr():
        with suppress_native_stderr():
            os.write(2, b"hidden ")
        os.write(2, b"hidden too ")
    os.write(2, b"after")
    assert capfd.readouterr().err == "after"


def test_a_closed_stderr_is_accepted(tmp_path):
    code = (
        "from ecm_tf.core.native_stderr import suppress_native_stderr as s\nwith s(): print('done')"
    )
    done = command_line.python(
        "-c",
        f"import os; os.closerange(2, 3)\n{code}",
        cwd=tmp_path,
    )
    assert (done.returncode, done.stdout) == (0, b"done\n")
