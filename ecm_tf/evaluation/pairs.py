"""The posts of a split that replies are generated for."""

from dataclasses import dataclass

from ecm_tf.data.directory import DatasetDirectory


@dataclass(frozen=True)
class EvaluationPairs:
    """Posts of a split with their responses.

    Attributes:
        posts: texts, all different.
        responses: index of the post, emotion id and text of each response to them.
    """

    posts: list[str]
    responses: list[tuple[int, int, str]]


def evaluation_pairs(dataset: DatasetDirectory, split: str, posts: int) -> EvaluationPairs:
    """Returns the first different posts of a split, in record order, with all responses to them.

    Args:
        dataset: the dataset.
        split: `"train"`, `"dev"` or `"test"`.
        posts: maximum number of posts; 0 reads nothing.
    """
    if not posts:
        return EvaluationPairs([], [])
    indices: dict[str, int] = {}
    responses = []
    for batch in dataset.batches(split, with_texts=True):
        rows = zip(
            batch["post_text"].numpy().tolist(),
            batch["response_text"].numpy().tolist(),
            batch["emotion"].numpy().tolist(),
            strict=True,
        )
        for encoded_post, response, emotion in rows:
            post = encoded_post.decode()
            if post not in indices and len(indices) < posts:
                indices[post] = len(indices)
            if post in indices:
                responses.append((indices[post], emotion, response.decode()))
    return EvaluationPairs(list(indices), responses)
