"""Replies as HTML: a card an emotion."""

from collections.abc import Sequence
from pathlib import Path

from ecm_tf.report import emotion_colours, render
from export.demo.sources import Explained

HERE = Path(__file__).parent
STYLE = HERE / "cards.css"
SCRIPT = HERE / "cards.js"


def cards(replies: Sequence[Explained]) -> str:
    """The cards of a post's replies; what people wrote is escaped."""
    return render(
        HERE / "cards.html",
        replies=replies,
        colours=emotion_colours(len(replies)),
        gated=any(reply.inside.gate is not None for reply in replies),
    )


def message(text: str) -> str:
    """A sentence in place of the cards."""
    return render(HERE / "message.html", text=text)
