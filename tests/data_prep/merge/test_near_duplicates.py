"""`NearDuplicates`: what it finds, and the share that it misses."""

import random

import pytest

from data_prep.merge.near_duplicates import NearDuplicates, bands, jaccard, ngrams

CHARACTERS = [chr(0x4E00 + i) for i in range(2000)]


def random_texts(number: int, length: int) -> list[str]:
    generator = random.Random(0)
    return ["".join(generator.choices(CHARACTERS, k=length)) for _ in range(number)]


@pytest.mark.parametrize("recall", [0.9, 0.999])
def test_texts_with_one_other_character_are_found_and_no_others(recall):
    index = NearDuplicates(similarity=0.8, ngram=2, seed=0, recall=recall)
    texts = random_texts(400, 20)
    for text in texts[:200]:
        index.add(index.sketch(text))
    changed = [f"{text[:9]}变{text[10:]}" for text in texts[:200]]
    assert jaccard(ngrams(texts[0], 2), ngrams(changed[0], 2)) == 17 / 21  # just above 0.8
    assert sum(index.sketch(text) in index for text in changed) >= recall * 200
    assert all(index.sketch(text) in index for text in texts[:200])
    assert not any(index.sketch(text) in index for text in texts[200:])


def test_candidates_below_the_threshold_are_not_near_duplicates():
    index = NearDuplicates(similarity=0.8, ngram=2, seed=0, recall=0.999)
    texts = random_texts(300, 19)
    for text in texts:
        index.add(index.sketch(text))
    # 14 of 18 bigrams are in both texts; most of these texts are candidates.
    changed = [f"{text[:6]}变{text[7:12]}化{text[13:]}" for text in texts]
    assert jaccard(ngrams(texts[0], 2), ngrams(changed[0], 2)) == 14 / 22
    assert not any(index.sketch(text) in index for text in changed)


@pytest.mark.parametrize("recall", [0.9, 0.999])
def test_each_text_of_an_entry_must_be_similar(recall):
    index = NearDuplicates(similarity=0.8, ngram=2, seed=0, recall=recall)
    posts, responses = random_texts(200, 40), random_texts(400, 20)[200:]
    for post, response in zip(posts, responses, strict=True):
        index.add(index.sketch(post, response))
    changed = [f"{response[:9]}变{response[10:]}" for response in responses]
    found = sum(
        index.sketch(post, response) in index for post, response in zip(posts, changed, strict=True)
    )
    assert found >= recall * 200
    assert not any(index.sketch(post, "气死我了") in index for post in posts)
    assert not any(
        index.sketch(response, post) in index
        for post, response in zip(posts, responses, strict=True)
    )


@pytest.mark.parametrize("recall", [0.9, 0.999])
@pytest.mark.parametrize("similarity", [0.3, 0.5, 0.8, 0.9, 1.0])
def test_bands_are_as_long_as_the_recall_allows(similarity, recall):
    def probability(number: int, rows: int) -> float:
        return 1 - (1 - similarity**rows) ** number

    number, rows = bands(similarity, recall)
    assert number * rows <= 128
    assert probability(number, rows) >= recall
    assert rows == 64 or probability(128 // (rows + 1), rows + 1) < recall


def test_short_texts_are_one_ngram():
    assert ngrams("好", 2) == {"好"}
    assert ngrams("", 2) == {""}
    assert ngrams("好的呀", 2) == {"好的", "的呀"}
