"""Replies as HTML, one card per emotion."""

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
        colours=emotion_colours(len(cards)),
        gated=any(card.explanation.gate is not None for card in cards),
    )


def render_message(text: str) -> str:
    """Returns a message to show instead of cards; the text is escaped.

    Args:
        text: one sentence.
    """
    return render(DIRECTORY / "message.html", text=text)
