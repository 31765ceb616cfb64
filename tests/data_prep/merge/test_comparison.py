"""The form in which texts are compared."""

import pytest

from data_prep.merge.comparison import comparable, digest, has_letter


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("你好，世界！", "你好世界"),
        ("ＡＢＣ１２３ abc", "abc123abc"),
        ("太好了😀～", "太好了😀"),
        ("？ ！", "?!"),
        ("e\u0301", "é"),
    ],
)
def test_comparable(text, expected):
    assert comparable(text) == expected


def test_has_letter():
    assert all(map(has_letter, ["好", "ok!", "é"]))
    assert not any(map(has_letter, ["……", "233", "😀", ""]))


def test_digest_depends_on_the_boundary_and_the_seed():
    assert len({digest("ab", "c"), digest("a", "bc"), digest("ab", "c", seed=1)}) == 3
    assert 0 <= digest("ab") < 2**64
