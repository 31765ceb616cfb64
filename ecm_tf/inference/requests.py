"""Validation of arguments of the Python API: posts, requested emotions, replies."""

from collections.abc import Iterable
from typing import Any

from ecm_tf.core.errors import InputError
from ecm_tf.inference.reply import Reply
from ecm_tf.text.emotions import AUTO, AUTO_ID, Emotions


def emotion_id(emotions: Emotions, value: Any, *, auto: bool) -> int:
    """Returns the id of a requested emotion; `AUTO_ID` for auto.

    Args:
        emotions: the model's categories.
        value: English name, Chinese name, alias or id; or auto.
        auto: whether the model chooses emotions.

    Raises:
        InputError: there is no such category, or the model does not choose emotions.
    """
    if str(value).strip().lower() != AUTO or AUTO in emotions.ids_by_text:
        return emotions.id_of(value)
    if not auto:
        raise InputError(
            f"emotions: this model cannot choose an emotion ({AUTO}), because it was trained "
            f"without --predict_emotion; expected one of: {emotions.allowed}."
        )
    return AUTO_ID


def emotion_ids(
    emotions: Emotions, values: Any, posts: Any, number: int, *, auto: bool
) -> list[int]:
    """Returns an emotion id for each post; a single emotion is that of all posts.

    Args:
        emotions: the model's categories.
        values: one emotion, or as many as there are posts; see `emotion_id`.
        posts: one post, or a list of posts.
        number: number of posts.
        auto: whether the model chooses emotions.

    Raises:
        InputError: an emotion is unknown, or the numbers of posts and emotions differ.
    """
    listed = as_list(values)
    if listed is None:
        return [emotion_id(emotions, values, auto=auto)] * number
    if isinstance(posts, str):
        raise InputError(f"emotions: expected one emotion for one post, got {values!r}.")
    if len(listed) != number:
        raise InputError(f"emotions: expected as many as posts ({number}), got {len(listed)}.")
    return [emotion_id(emotions, value, auto=auto) for value in listed]


def post_texts(posts: Any) -> list[str]:
    """Returns one post or several as a list.

    Raises:
        InputError: a post is not text.
    """
    texts = [posts] if isinstance(posts, str) else as_list(posts)
    if texts is None:
        raise InputError(f"posts: expected a text or a list of texts, got {posts!r}.")
    for post in texts:
        if not isinstance(post, str):
            raise InputError(f"posts: expected a text, got {post!r}.")
    return texts


def given_replies(replies: Any, posts: Any, number: int, search: dict[str, Any]) -> list[Reply]:
    """Returns one reply or several as a list.

    Args:
        replies: one `Reply` for each post.
        posts: one post, or a list of posts.
        number: number of posts.
        search: search settings, of which there must be none.

    Raises:
        InputError: there are search settings, or it is not one `Reply` for each post.
    """
    if search:
        raise InputError(f"replies: expected no search settings, got {', '.join(search)}.")
    values = [replies] if isinstance(posts, str) else as_list(replies)
    if values is None or not all(isinstance(reply, Reply) for reply in values):
        raise InputError(f"replies: expected a `Reply` for each post, got {replies!r}.")
    if len(values) != number:
        raise InputError(f"replies: expected as many as posts ({number}), got {len(values)}.")
    return values


def as_list(values: Any) -> list[Any] | None:
    """Returns the elements of a list, tuple, array or series; None for a single value."""
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        return None
    try:
        return list(values)
    except TypeError:  # NumPy and TensorFlow scalars claim to be iterable, but are not.
        return None
