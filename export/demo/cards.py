"""Replies as HTML, one card per emotion."""

import re
from collections.abc import Sequence
from pathlib import Path

from ecm_tf.report import emotion_colours, render
from export.demo.sources import Card

DIRECTORY = Path(__file__).parent
STYLE = DIRECTORY / "cards.css"
SCRIPT = DIRECTORY / "cards.js"


def render_cards(cards: Sequence[Card], language: str) -> str:
    """Returns the cards of a post; all texts are escaped.

    Args:
        cards: one card per emotion.
        language: of their texts, as in HTML's `lang`.
    """
    return render(
        DIRECTORY / "cards.html",
        cards=cards,
        language=language,
        words_in=words_in,
        colours=emotion_colours(len(cards)),
        gated=any(card.explanation.gate is not None for card in cards),
    )


def words_in(text: str, words: Sequence[str]) -> list[tuple[str, str]]:
    """Finds the words of a text, which may have capitals and spaces that they lack.

    Args:
        text: such as `"That's it."`.
        words: all words of the text, in its order, such as `["that", "'s", "it", "."]`.

    Returns:
        The space before each word, and the word as in the text. A word that is not the next one of
        the text is given as it is, after a space.
    """
    found, end = [], 0
    for word in words:
        match = re.compile(rf"(\s*)({re.escape(word)})", re.IGNORECASE).match(text, end)
        found.append((match[1], match[2]) if match else (" ", word))
        end = match.end() if match else end
    return found


def render_message(text: str) -> str:
    """Returns a message to show instead of cards; the text is escaped.

    Args:
        text: one sentence.
    """
    return render(DIRECTORY / "message.html", text=text)
