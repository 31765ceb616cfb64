"""Batches of texts of similar length, which need little padding."""

from collections.abc import Iterator, Sequence


def batches_by_length(texts: Sequence[str], batch_size: int) -> Iterator[list[int]]:
    """Yields batches of texts as indices into `texts`, from the shortest text to the longest.

    Args:
        texts: the texts; every index is in exactly one batch.
        batch_size: maximum number of texts in a batch; values below 1 count as 1.
    """
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    size = max(1, batch_size)
    for start in range(0, len(order), size):
        yield order[start : start + size]
