"""How often the in-graph tokenizer segments a text as jieba does, whose words it was made from."""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

from data_prep.build.segmentation import segment


def compare_with_jieba(texts: Sequence[str], tokens: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Compares the tokenizer's tokens with jieba's segmentation of the same texts.

    Args:
        texts: normalized texts, at least one.
        tokens: the tokenizer's tokens of each text.

    Returns:
        `texts`, the number of texts; and for jieba without and with its hidden Markov model for
        unknown words (`hmm_off`, `hmm_on`) the fraction of texts with identical tokens
        (`identical`) and the F1 of token boundaries (`boundary_f1`).
    """
    return {
        "texts": len(texts),
        "hmm_off": _compare(tokens, [segment(text, new_words=False) for text in texts]),
        "hmm_on": _compare(tokens, [segment(text) for text in texts]),
    }


def _compare(ours: Sequence[Sequence[str]], theirs: Sequence[Sequence[str]]) -> dict[str, float]:
    pairs = list(zip(ours, theirs, strict=True))
    boundaries = [(_boundaries(a), _boundaries(b)) for a, b in pairs]
    common = sum(len(a & b) for a, b in boundaries)
    total = sum(len(a) + len(b) for a, b in boundaries)
    return {
        "identical": round(sum(list(a) == list(b) for a, b in pairs) / len(pairs), 6),
        "boundary_f1": round(2 * common / total, 6) if total else 1.0,
    }


def _boundaries(tokens: Iterable[str]) -> set[int]:
    """Returns the character positions within a text at which a token ends and the next begins."""
    return set(list(accumulate(map(len, tokens)))[:-1])
