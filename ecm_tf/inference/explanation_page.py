"""Explanations as a page: pictures made of text, so that every script is readable in them."""

import json
from collections.abc import Sequence
from pathlib import Path

from ecm_tf.core.manifest import write_atomically
from ecm_tf.inference.explanation import Explanation
from ecm_tf.report import emotion_colours, render
from ecm_tf.text.emotions import Emotions

TEMPLATE = Path(__file__).with_name("explanations.html")


Explained = tuple[str, int, str, Explanation]
"""Post, emotion, reply as text, and what went on inside."""


def write_explanations(
    directory: Path, title: str, explained: Sequence[Explained], emotions: Emotions
) -> None:
    """Writes `explanations.json` and `index.html`; makes the directory if there is none."""
    directory.mkdir(parents=True, exist_ok=True)
    rows = [
        {"post": post, "emotion": emotions[emotion].name, "reply": text, "inside": inside.to_dict()}
        for post, emotion, text, inside in explained
    ]
    text = json.dumps(rows, ensure_ascii=False, indent=1) + "\n"
    write_atomically(directory / "explanations.json", text)
    write_atomically(directory / "index.html", explanations_page(title, explained, emotions))


def explanations_page(title: str, explained: Sequence[Explained], emotions: Emotions) -> str:
    """The HTML of a page that shows replies with what went on inside.

    Args:
        title: what the page is about.
        explained: the replies, in order.
        emotions: the categories.
    """
    colours = emotion_colours(len(emotions))
    return render(
        TEMPLATE,
        title=title,
        replies=[
            {
                **explanation.to_dict(),
                "post": post,
                "post_tokens": explanation.post,
                "emotion": {
                    "name": emotions[emotion].name,
                    "chinese": emotions[emotion].chinese,
                    "colour": colours[emotion],
                },
                "text": text,
            }
            for post, emotion, text, explanation in explained
        ],
    )
