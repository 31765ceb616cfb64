import gzip

import pytest

from ecm_tf.core.errors import InputError
from ecm_tf.core.files import (
    open_binary,
    read_json,
    read_lines,
    read_text,
    read_toml,
    reading,
    require_directory,
)


def test_readers_return_the_content(tmp_path):
    path = tmp_path / "file"
    path.write_text('"喜欢"', encoding="utf-8")
    assert read_text(path, "text") == '"喜欢"'
    assert read_json(path, "a string") == "喜欢"
    path.write_text("size = 3")
    assert read_toml(path, "settings") == {"size": 3}


def test_byte_order_mark_is_not_content(tmp_path):
    path = tmp_path / "file"
    path.write_text('["喜欢"]', encoding="utf-8-sig")
    assert read_text(path, "text") == '["喜欢"]'
    assert read_json(path, "a list") == ["喜欢"]
    assert read_lines(path, "text") == ['["喜欢"]']
    path.write_text("size = 3", encoding="utf-8-sig")
    assert read_toml(path, "settings") == {"size": 3}


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("\n", [""]),
        ("a\n\nb", ["a", "", "b"]),
        ("a\r\nb\r\n", ["a", "b"]),
        ("a\u2028b\x85c\x0bd\x1ee\n", ["a\u2028b\x85c\x0bd\x1ee"]),
    ],
)
def test_lines(tmp_path, text, lines):
    (tmp_path / "file").write_bytes(text.encode())
    assert read_lines(tmp_path / "file", "text") == lines


@pytest.mark.parametrize("read", [read_text, read_json, read_toml])
def test_unreadable_files_are_reported(read, tmp_path):
    path = tmp_path / "file"
    with pytest.raises(InputError, match=r"file: no such file; expected a list of words\.$"):
        read(path, "a list of words")
    with pytest.raises(InputError, match=r"expected a list of words, got a directory\.$"):
        read(tmp_path, "a list of words")
    path.write_bytes(b"ab\xff")
    with pytest.raises(InputError, match=r"a list of words, got invalid UTF-8 at byte 3\.$"):
        read(path, "a list of words")
    with pytest.raises(InputError, match=r"the file cannot be read: Not a directory\.$"):
        read(path / "below", "a list of words")


@pytest.mark.parametrize("read", [read_json, read_toml])
def test_malformed_content_is_reported(read, tmp_path):
    path = tmp_path / "file"
    path.write_text("[1, ")
    with pytest.raises(InputError, match=r"file: expected a list of words; .*line 1.*\.$"):
        read(path, "a list of words")


def test_damaged_gzip_is_reported(tmp_path):
    path = tmp_path / "file.gz"
    path.write_bytes(gzip.compress(b"text" * 100)[:-12])
    message = "expected word vectors; the file cannot be read: "
    with pytest.raises(InputError, match=message), reading(path, "word vectors"):
        gzip.decompress(path.read_bytes())


def test_other_errors_pass_through(tmp_path):
    with pytest.raises(ZeroDivisionError), reading(tmp_path, "text"):
        raise ZeroDivisionError


def test_require_directory(tmp_path):
    require_directory(tmp_path, "a model directory")
    with pytest.raises(InputError, match="x: no such directory; expected a model directory"):
        require_directory(tmp_path / "x", "a model directory")
    (tmp_path / "x").touch()
    with pytest.raises(InputError, match="x: expected a model directory, got a file"):
        require_directory(tmp_path / "x", "a model directory")


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 100_000], ids=["long number", "deep list"])
def test_toml_beyond_the_limits_of_the_parser_is_reported(value, tmp_path):
    (tmp_path / "a.toml").write_text(f"a = {value}")
    with pytest.raises(InputError, match="expected a TOML file of sources"):
        read_toml(tmp_path / "a.toml", "a TOML file of sources")


def test_open_binary_reads_gzip_and_plain_files(tmp_path):
    (tmp_path / "plain").write_bytes(b"text")
    (tmp_path / "packed").write_bytes(gzip.compress(b"text"))
    for name in ("plain", "packed"):
        with open_binary(tmp_path / name) as file:
            assert file.read() == b"text"


@pytest.mark.parametrize("text", ["9" * 5000, "[" * 100_000], ids=["long number", "deep list"])
def test_json_beyond_the_limits_of_the_parser_is_reported(text, tmp_path):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(InputError, match="expected a JSON list"):
        read_json(tmp_path / "a.json", "a JSON list")
