"""The systems of a human evaluation: replies of several models with several searches."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ecm_tf.data.directory import DatasetDirectory
from ecm_tf.decoding.search import Search
from ecm_tf.evaluation.compatibility import check_system
from ecm_tf.evaluation.generation import generate_replies
from ecm_tf.evaluation.pairs import evaluation_pairs
from ecm_tf.inference.responder import Responder
from ecm_tf.inference.word_segmentation import as_segmented
from ecm_tf.model.directory import load_model


def sample_posts(dataset: DatasetDirectory, split: str, number: int, seed: int) -> list[str]:
    """Returns different posts of a split, drawn at random; all of them if there are fewer.

    Args:
        dataset: the dataset.
        split: `"train"`, `"dev"` or `"test"`.
        number: maximum number of posts.
        seed: random seed, at least 0.
    """
    posts = evaluation_pairs(dataset, split, dataset.manifest["counts"]["pairs"][split]).posts
    order = np.random.default_rng(seed).permutation(len(posts))[:number]
    return [posts[place] for place in order.tolist()]


def system_replies(
    directories: Mapping[str, Path],
    searches: Mapping[str, Search],
    dataset: DatasetDirectory,
    posts: Sequence[str],
    emotions: Sequence[int],
) -> dict[str, list[list[str]]]:
    """Returns the `[post][emotion]` replies of every model with every search.

    Args:
        directories: model directories by name.
        searches: searches by name.
        dataset: the dataset that the posts are from.
        posts: at least one post.
        emotions: ids of the emotions to keep.

    Raises:
        InputError: a model has other categories than the dataset, or a search does not suit it.
    """
    for directory in directories.values():
        check_system(directory, dataset, {}, searches.values())
    result = {}
    for name, directory in directories.items():
        model, assets = load_model(directory)
        responder = Responder(model, assets)
        given = posts
        if dataset.assets.segmenter != assets.segmenter:
            given = as_segmented(posts, assets.segmenter)
        for search_name, search in searches.items():
            label = name if len(searches) == 1 else f"{name}, {search_name}"
            texts = generate_replies(responder, given, search, progress=f"{label}: replies").texts
            result[label] = [[replies[emotion] for emotion in emotions] for replies in texts]
    return result
