"""The splits of a corpus, and the split of a post."""

from collections.abc import Mapping
from hashlib import blake2b

SPLITS = ("train", "dev", "test")


def split_of(post: str, fractions: Mapping[str, float]) -> str:
    """Returns the split of a post; all responses to the post go to the same split.

    The choice depends only on the characters of the post, not on its spaces or its position in the
    corpus.

    Args:
        post: the text.
        fractions: the fractions of posts that go to dev and test.
    """
    digest = blake2b("".join(post.split()).encode(), digest_size=8).digest()
    position = int.from_bytes(digest, "big") / 2**64
    for split, fraction in fractions.items():
        if position < fraction:
            return split
        position -= fraction
    return "train"
