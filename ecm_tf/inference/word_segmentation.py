"""Word segmentation of raw posts for models whose text assets have no tokenizer."""

import re
from collections.abc import Sequence

from ecm_tf.text.segmenters import Segmenter

# The tokenizer of raw text joins Chinese without spaces, so that only split text has them.
_SPACE_BESIDE_CHINESE = re.compile(r"[\u3400-\u9fff] | [\u3400-\u9fff]")
_CHINESE = re.compile(r"[\u3400-\u9fff]")


def is_raw_chinese(post: str) -> bool:
    """Returns whether a post is Chinese that is not split by spaces."""
    return " " not in post.strip() and bool(_CHINESE.search(post))


def is_split_chinese(reply: str) -> bool:
    """Returns whether a reply shows that its model was trained on text split by spaces."""
    return bool(_SPACE_BESIDE_CHINESE.search(reply))


def as_segmented(posts: Sequence[str], segmenter: Segmenter) -> list[str]:
    """Returns raw posts in the form of a segmenter's texts; see `split_into_words`."""
    return [split_into_words(post) for post in posts] if segmenter == "whitespace" else [*posts]


def split_into_words(post: str) -> str:
    """Splits raw Chinese into words with jieba, separated by spaces.

    A model that was trained on text split by spaces expects its input in that form. A post that
    contains a space or no Chinese character is returned unchanged.
    """
    if not is_raw_chinese(post):
        return post
    from ecm_tf.text.jieba_words import cut

    return " ".join(cut(post))
