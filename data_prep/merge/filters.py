"""Filters that look at one pair at a time."""

import re

from data_prep.merge.comparison import comparable, has_letter
from data_prep.merge.settings import MergeSettings

_LINK = re.compile(r"https?:|www\.|[a-z0-9-]+\.(?:com|cn|net|org)(?![a-z0-9])", re.IGNORECASE)


def rejection(post: str, response: str, settings: MergeSettings) -> str | None:
    """Returns the reason why a pair is dropped, one of `report.REASONS`, or `None`.

    Args:
        post: the post.
        response: its response.
        settings: the limits of length.
    """
    lengths = (len(post), len(response))
    if min(lengths) < settings.min_characters or max(lengths) > settings.max_characters:
        return "length"
    if _LINK.search(post) or _LINK.search(response):
        return "link"
    if not has_letter(response):
        return "no_letter"
    if comparable(post) == comparable(response):
        return "equal_to_post"
    return None
