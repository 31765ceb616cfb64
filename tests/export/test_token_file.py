"""Files with a bearer token."""

import traceback

import pytest

from ecm_tf.core.errors import InputError
from export.token_file import read_token


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_the_line_is_the_token(ending, tmp_path):
    path = tmp_path / "token"
    path.write_bytes(b"s3cret!~" + ending.encode())
    assert read_token(path) == "s3cret!~"


@pytest.mark.parametrize(
    ("content", "got"),
    [
        (b"", "got 0 lines"),
        (b"\n", "got a line of another form"),
        (b"secret\nother\n", "got 2 lines"),
        (b"secret token\n", "got a line of another form"),
        (b"secret\t\n", "got a line of another form"),
        ("secret密码".encode(), "got a line of another form"),
        (b"secret\xff", "got invalid UTF-8 at byte 7"),
        (b"secret" * 200, "got a line of another form"),
    ],
)
def test_other_content_is_refused_and_not_repeated(content, got, tmp_path):
    path = tmp_path / "token"
    path.write_bytes(content)
    with pytest.raises(InputError) as raised:
        read_token(path)
    assert str(raised.value).startswith(f"{path}: expected one line with a token")
    assert got in str(raised.value)
    assert "secret" not in "".join(traceback.format_exception(raised.value))


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"none: no such file; expected one line with a token"):
        read_token(tmp_path / "none")
