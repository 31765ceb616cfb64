"""An index that finds near-duplicates with MinHash and locality-sensitive hashing (LSH).

An entry has one or several texts. Two entries are near-duplicates if each text of the one is
similar to that of the other: a different response to the same long post is no near-duplicate.

LSH proposes candidates, and the n-grams of their texts are then compared exactly. So every entry
that is found is a near-duplicate, but some are missed: at the similarity threshold, the probability
of a miss is at most 1 - `recall`, and it falls quickly for more similar entries. Equal entries are
always found.
"""

from typing import NamedTuple

from datasketch import MinHash, MinHashLSH

FUNCTIONS = 128
"""Number of hash functions of a MinHash signature."""


class Sketch(NamedTuple):
    """An entry prepared for the index: its texts, and the MinHash signature of their n-grams."""

    texts: tuple[str, ...]
    signature: MinHash


class NearDuplicates:
    """An index of entries.

    Args:
        similarity: Jaccard similarity of n-grams from which two texts are near-duplicates, in
            (0, 1].
        ngram: length of the n-grams in characters; a shorter text is one n-gram.
        seed: random seed of the hash functions.
        recall: least probability with which a near-duplicate is found, in (0, 1); a higher one
            needs more memory.
    """

    def __init__(self, similarity: float, ngram: int, seed: int, recall: float) -> None:
        self._similarity, self._ngram = similarity, ngram
        self._lsh = MinHashLSH(num_perm=FUNCTIONS, params=bands(similarity, recall))
        self._entries: list[tuple[str, ...]] = []
        # Copies share its hash functions, which take long to draw.
        self._empty = MinHash(FUNCTIONS, seed=seed)

    def sketch(self, *texts: str) -> Sketch:
        """Prepares an entry for `add` and `in`."""
        signature = self._empty.copy()
        # The n-grams of each text are marked by its position. If each text is similar, so are all
        # n-grams together, and the entry becomes a candidate.
        signature.update_batch(
            [
                f"{position or ''}{gram}".encode()
                for position, text in enumerate(texts)
                for gram in ngrams(text, self._ngram)
            ]
        )
        return Sketch(texts, signature)

    def add(self, sketch: Sketch) -> None:
        """Adds an entry."""
        self._lsh.insert(len(self._entries), sketch.signature, check_duplication=False)
        self._entries.append(sketch.texts)

    def __contains__(self, sketch: Sketch) -> bool:
        """Tells whether the index has a near-duplicate of an entry."""
        return any(
            all(map(self._is_similar, sketch.texts, self._entries[candidate]))
            for candidate in self._lsh.query(sketch.signature)
        )

    def _is_similar(self, one: str, other: str) -> bool:
        return jaccard(ngrams(one, self._ngram), ngrams(other, self._ngram)) >= self._similarity


def bands(similarity: float, recall: float) -> tuple[int, int]:
    """Returns the number of bands of a signature, and the number of hash functions of a band.

    Two texts become candidates if all functions of a band agree. Bands are as long as the recall
    allows, so that there are few of them and few candidates that are not near-duplicates.

    Args:
        similarity: the threshold, in (0, 1].
        recall: least probability that two texts of this similarity become candidates. A similarity
            that is too low for it gets the most bands there are.
    """
    for rows in range(FUNCTIONS // 2, 1, -1):
        number = FUNCTIONS // rows
        if 1 - (1 - similarity**rows) ** number >= recall:
            return number, rows
    return FUNCTIONS, 1


def ngrams(text: str, length: int) -> set[str]:
    """Returns the character n-grams of a text; a shorter text is its only n-gram."""
    return {text[start : start + length] for start in range(max(1, len(text) - length + 1))}


def jaccard(one: set[str], other: set[str]) -> float:
    """Returns the Jaccard similarity of two sets that are not both empty, in [0, 1]."""
    common = len(one & other)
    return common / (len(one) + len(other) - common)
