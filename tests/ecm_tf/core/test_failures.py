import errno
import io
import os
import shutil
import sys
from concurrent.futures.process import BrokenProcessPool

import command_line
import pytest

from ecm_tf.core.arguments import DEBUG
from ecm_tf.core.command import run
from ecm_tf.core.errors import InputError
from ecm_tf.core.failures import explain, prepare_streams


def ends(main, capsys) -> tuple[object, str]:
    """Returns the exit status and the stderr of a command that fails."""
    with pytest.raises(SystemExit) as ended:
        run(main)
    return ended.value.code, capsys.readouterr().err


def raising(error):
    def main():
        raise error

    return main


def os_error(number, *names):
    return OSError(number, os.strerror(number), *names)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (os_error(errno.ENOENT, "a.json"), "a.json: no such file or directory."),
        (os_error(errno.EISDIR, "a"), "a: expected a file, got a directory."),
        (os_error(errno.EACCES, "a"), "a: permission denied."),
        (os_error(errno.EPERM, b"a"), "a: permission denied."),
        (os_error(errno.EROFS, "a"), "a: the file system is read-only."),
        (os_error(errno.ENOSPC), "no space is left on the disk."),
        (os_error(errno.ENOTEMPTY, "a", None, "b"), "a to b: Directory not empty."),
        (os_error(errno.EBADF, 7), "Bad file descriptor."),
        (OSError("the device\nis gone"), "the device is gone."),
        (OSError(), "OSError."),
        (MemoryError(), "not enough memory: an allocation failed."),
        (InputError("a.json: expected text."), "a.json: expected text."),
    ],
    ids=repr,
)
def test_causes_that_the_user_can_correct_are_one_sentence(error, sentence, capsys):
    assert ends(raising(error), capsys) == (2, f"error: {sentence}\n")


def test_a_file_instead_of_a_directory_is_named(tmp_path):
    file = tmp_path / "README.md"
    file.touch()
    for path in (file, file / "below" / "it"):
        with pytest.raises(OSError) as caught:
            path.mkdir(exist_ok=True)
        assert explain(caught.value) == f"{file}: expected a directory, got a file."


def test_text_in_another_encoding_is_explained():
    with pytest.raises(UnicodeDecodeError) as decoding:
        b"a\xff".decode()
    assert explain(decoding.value) == "expected UTF-8 text, got the byte 0xff at byte 2."
    with pytest.raises(UnicodeEncodeError) as encoding:
        "model \udcd1".encode()
    assert explain(encoding.value) == "expected text that UTF-8 can encode, got 'model \\udcd1'."


def test_a_broken_process_pool_is_explained(capsys):
    status, err = ends(raising(BrokenProcessPool("terminated abruptly")), capsys)
    assert status == 2
    assert err == (
        "error: a worker process ended unexpectedly, usually because memory ran out; "
        "use fewer --workers.\n"
    )


def test_tensorflows_errors_of_files_and_memory_are_explained(tmp_path):
    import tensorflow as tf

    (tmp_path / "file").touch()
    with pytest.raises(tf.errors.OpError) as caught:
        tf.io.gfile.makedirs(str(tmp_path / "file" / "below"))
    assert "not a directory" in (explain(caught.value) or "").lower()
    full = tf.errors.ResourceExhaustedError(None, None, "OOM when allocating\nHint: …")
    assert explain(full) == "TensorFlow: OOM when allocating."
    assert explain(tf.errors.InvalidArgumentError(None, None, "shapes differ")) is None


def test_an_unexpected_error_is_one_sentence_that_says_how_to_report_it(capsys, monkeypatch):
    monkeypatch.delenv(DEBUG, raising=False)
    assert ends(raising(KeyError("size\nof")), capsys) == (
        1,
        "error: unexpected KeyError: 'size\\nof'; please run the command again with --debug and "
        "report the traceback, as CONTRIBUTING.md describes.\n",
    )


@pytest.mark.parametrize(("error", "status"), [(KeyError("size"), 1), (InputError("No."), 2)])
def test_debug_shows_the_traceback(error, status, capsys, monkeypatch):
    monkeypatch.setenv(DEBUG, "1")
    received, err = ends(raising(error), capsys)
    assert received == status
    assert err.startswith("Traceback (most recent call last):")
    assert "in main" in err
    assert err.splitlines()[-1].startswith("error: ")


def test_a_character_that_stdout_lacks_is_escaped(monkeypatch):
    stdout = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    monkeypatch.setattr(sys, "stdout", stdout)
    run(lambda: print("naïve 你好 \udcd1"))
    assert stdout.buffer.getvalue() == b"na\xefve \\u4f60\\u597d \\udcd1\n"


def test_stdout_without_reconfigure_is_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    prepare_streams()


def shell(redirection, *arguments, cwd):
    """Runs `python ARGUMENTS…` with a redirection of the shell."""
    script = cwd / "script.sh"
    script.write_text(f'exec {sys.executable} "$@" {redirection}\n')
    code = (
        "import subprocess, sys; d = subprocess.run(['sh', *sys.argv[1:]], capture_output=True);"
        "print(d.returncode, d.stdout, d.stderr, sep='|')"
    )
    done = command_line.python("-c", code, script, *arguments, cwd=cwd)
    status, out, err = done.stdout.decode().rstrip("\n").split("|")
    return int(status), out, err


@pytest.mark.parametrize("redirection", ["2>&-", "<&-", ">&-", "<&- >&- 2>&-"])
def test_closed_streams(redirection, tmp_path):
    (tmp_path / "file").touch()
    sample = ("-m", "data_prep", "sample", "--output")
    status, out, err = shell(redirection, *sample, "corpus", cwd=tmp_path)
    assert (status, err) == (0, "b''")
    assert (tmp_path / "corpus" / "train.jsonl").stat().st_size > 0
    status, out, err = shell(redirection, *sample, "file", cwd=tmp_path)
    assert (status, out) == (2, "b''")
    assert ("2>" in redirection) == (err == "b''")


def test_native_stderr_may_be_closed(tmp_path):
    code = "from ecm_tf.core.native_stderr import *\nwith suppress_native_stderr(): print('runs')"
    assert shell("2>&-", "-c", code, cwd=tmp_path) == (0, "b'runs\\n'", "b''")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")
def test_a_full_disk_behind_stdout(tmp_path):
    arguments = ("-m", "data_prep", "sample", "--output", "corpus")
    assert shell("> /dev/full", *arguments, cwd=tmp_path) == (
        *(2, "b''", "b'error: no space is left on the disk.\\n'"),
    )
    shutil.rmtree(tmp_path / "corpus")
