"""A page of replies with their explanations, as HTML tables: text in any script stays readable."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ecm_tf.core.manifest import write_atomically
from ecm_tf.inference.explanation import Explanation
from ecm_tf.inference.reply import Reply
from ecm_tf.report import emotion_colours, render
from ecm_tf.text.emotions import Emotions

TEMPLATE = Path(__file__).with_name("explanations.html")


@dataclass(frozen=True)
class ExplainedReply:
    """A reply with its explanation.

    Attributes:
        post: the post, as it was given.
        reply: the reply to it.
        explanation: what the model computed at each word of the reply.
    """

    post: str
    reply: Reply
    explanation: Explanation


def write_explanations(
    directory: Path, title: str, replies: Sequence[ExplainedReply], emotions: Emotions
) -> None:
    """Writes `explanations.json` and `index.html`.

    Args:
        directory: made if absent.
        title: heading of the page.
        replies: the replies, in the order in which they are shown.
        emotions: the model's categories.
    """
    directory.mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "post": explained.post,
            "emotion": explained.reply.emotion,
            "reply": explained.reply.text,
            "inside": explained.explanation.to_dict(),
        }
        for explained in replies
    ]
    text = json.dumps(rows, ensure_ascii=False, indent=1) + "\n"
    write_atomically(directory / "explanations.json", text)
    write_atomically(directory / "index.html", explanations_page(title, replies, emotions))


def explanations_page(title: str, replies: Sequence[ExplainedReply], emotions: Emotions) -> str:
    """Returns the HTML of a page that shows replies with their explanations.

    Args:
        title: heading of the page.
        replies: the replies, in the order in which they are shown.
        emotions: the model's categories.
    """
    tags = {
        emotion.name: {"name": emotion.name, "chinese": emotion.chinese, "colour": colour}
        for emotion, colour in zip(emotions, emotion_colours(len(emotions)), strict=True)
    }
    return render(
        TEMPLATE,
        title=title,
        replies=[
            {
                **explained.explanation.to_dict(),
                "post": explained.post,
                "text": explained.reply.text,
                "post_tokens": explained.explanation.post,
                "emotion": tags[explained.reply.emotion],
            }
            for explained in replies
        ],
    )
