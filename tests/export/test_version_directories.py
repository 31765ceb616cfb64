"""Version numbers and their directories."""

import argparse
from pathlib import Path

import pytest

from export.version_directories import MAX_VERSION, version, version_directories, version_number


@pytest.mark.parametrize("number", [0, 1, 77, 1795999060199275000, MAX_VERSION])
def test_numbers_of_64_bits_are_versions(number):
    """Such as a time in nanoseconds."""
    assert version(str(number)) == version_number(Path("base") / str(number)) == number


@pytest.mark.parametrize(
    "text", ["", "01", "-1", "1.0", " 1", "1/2", "x", str(MAX_VERSION + 1), "9" * 5000, "１"]
)
def test_what_is_no_version(text):
    with pytest.raises(argparse.ArgumentTypeError, match="expected a version number, at most 92"):
        version(text)
    assert text == "1/2" or version_number(Path("base", text)) is None


def test_directories_with_a_saved_model(tmp_path):
    for name in ("2", str(MAX_VERSION), "03", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "saved_model.pb").touch()
    (tmp_path / "4").mkdir()
    assert sorted(version_directories(tmp_path)) == [2, MAX_VERSION]
