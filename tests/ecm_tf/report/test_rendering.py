"""Words of replies, and how pages show them."""

import pytest

from ecm_tf.report.rendering import words_in


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("好喜欢", ["好", "喜欢"], [("", "好"), ("", "喜欢")]),
        (
            "That's it. I'm fine!",
            ["that", "'s", "it", ".", "i", "'m", "fine", "!"],
            list(
                zip(
                    ["", "", " ", "", " ", "", " ", ""],
                    ["That", "'s", "it", ".", "I", "'m", "fine", "!"],
                    strict=True,
                )
            ),
        ),
        ("a * b", ["a", "*", "b"], [("", "a"), (" ", "*"), (" ", "b")]),
        ("我 也", ["我", "_UNK", "也"], [("", "我"), (" ", "_UNK"), (" ", "也")]),
        ("", [], []),
    ],
)
def test_words_have_the_spaces_and_capitals_of_their_text(text, words, expected):
    assert words_in(text, words) == expected
