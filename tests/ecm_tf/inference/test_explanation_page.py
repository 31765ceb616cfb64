"""The page of explanations."""

import html
import re

import numpy as np

from ecm_tf.inference.explanation import Explanation
from ecm_tf.inference.explanation_page import ExplainedReply, explanations_page
from ecm_tf.inference.reply import Reply
from ecm_tf.text.emotions import DEFAULT


def test_an_english_reply_has_its_spaces_and_capitals():
    words = ["that", "'s", "good", "to", "hear", ".", "_EOS"]
    explanation = Explanation(
        ["hi"], words, np.ones([7, 1]), None, np.array([False] * 2 + [True] + [False] * 4), None
    )
    reply = Reply("That's good to hear.", -1.0, "happy")
    page = explanations_page("A model", [ExplainedReply("Hi!", reply, explanation)], DEFAULT)
    shown = re.search(r'<span class="reply-words">(.*?)</p>', page, re.DOTALL)[1]
    assert html.unescape(re.sub("<[^>]*>", "", shown)).strip() == reply.text
    assert re.findall('class="emotion-word"[^>]*>([^<]*)<', shown) == ["good"]
