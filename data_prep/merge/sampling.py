"""Sampling of training pairs by the weight of their source."""


def copies(weight: float, position: int) -> int:
    """Returns how often a pair is written.

    Args:
        weight: the expected number of copies, above 0.
        position: the pair's `digest`, which decides about the fractional part of the weight.
    """
    whole = int(weight)
    return whole + (position < (weight - whole) * 2**64)
