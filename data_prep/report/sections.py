"""The figures of each section of the page, as the template wants them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from data_prep.lexicon.log_odds import CERTAINTY, log_odds
from data_prep.lexicon.settings import LexiconSettings
from data_prep.report.repetition import Repetition, shared_posts
from data_prep.report.statistics import SplitStatistics, TextPair, length_mean, length_quantile
from ecm_tf.report import emotion_colours
from ecm_tf.text.assets import TextAssets
from ecm_tf.text.emotions import Emotions
from ecm_tf.text.vocabulary import SPECIALS

RARE = 0.01
"""A category with a smaller share of the training responses is pointed out."""
CHARACTERISTIC, FREQUENT, SAMPLE = 18, 30, 8
"""Words that are shown of a category, of all responses, of a category's external memory."""
PAIRS_PER_POST = ((1, 1), (2, 2), (3, 5), (6, 10), (11, None))
"""From, to: how posts are grouped by the number of their responses."""

Figures = dict[str, Any]
Splits = Mapping[str, SplitStatistics]


def lengths(splits: Splits) -> list[Figures]:
    """For each split that has pairs, and each side: how long its texts are, in tokens."""
    return [
        {
            "split": name,
            "side": side,
            "mean": length_mean(counts),
            "median": length_quantile(counts, 0.5),
            "p95": length_quantile(counts, 0.95),
            "longest": length_quantile(counts, 1),
        }
        for name, split in splits.items()
        if split.pairs
        for side, counts in split.lengths.items()
    ]


def emotions(categories: Emotions, splits: Splits) -> list[Figures]:
    """The categories: names, colour, pairs of each split, share in training, whether rare there."""
    pairs = {name: split.emotion_pairs for name, split in splits.items()}
    shares = splits["train"].emotion_shares
    colours = emotion_colours(len(categories))
    return [
        {
            "name": emotion.name,
            "chinese": emotion.chinese,
            "colour": colours[id_],
            "pairs": {name: int(counts[id_]) for name, counts in pairs.items()},
            "share": float(shares[id_]),
            "rare": bool(shares[id_] < RARE),
        }
        for id_, emotion in enumerate(categories)
    ]


def interaction(train: SplitStatistics) -> Figures:
    """How posts of each emotion are answered; how often in their own, and how usual that one is."""
    cells = train.interaction
    posts, known = cells.sum(1), int(cells.sum())
    rows = []
    for id_, count in enumerate(posts.tolist()):
        same, usual = cells[id_, id_] / max(count, 1), cells[:, id_].sum() / max(known, 1)
        answers = cells[id_].tolist()
        rows.append({"id": id_, "posts": count, "answers": answers, "same": same, "usual": usual})
    return {"known": known, "rows": [row for row in rows if row["posts"]]}


def words(train: SplitStatistics, vocabulary: Sequence[str]) -> Figures:
    """The most frequent words of all responses, and those that mark each category."""
    counts = train.words.copy()
    counts[:, : len(SPECIALS)] = 0
    total = counts.sum(0)
    frequent = [id_ for id_ in _best(total) if total[id_] and _has_letters(vocabulary[id_])]
    characteristic = []
    for own, scores in zip(counts, log_odds(counts, LexiconSettings().prior).z, strict=True):
        marks = [id_ for id_ in _best(scores)[:CHARACTERISTIC] if scores[id_] > CERTAINTY]
        characteristic.append(_chips(marks, vocabulary, own, scores))
    return {
        "frequent": _chips(frequent[:FREQUENT], vocabulary, total, np.sqrt(total)),
        "characteristic": characteristic,
    }


def memory(train: SplitStatistics, assets: TextAssets) -> list[Figures]:
    """For each category: the words of its external memory, and how its responses use them."""
    pairs, hits = train.emotion_pairs, train.memory_hits
    rows = []
    for id_, in_memory in enumerate(np.array(assets.external_memory_mask, bool)):
        counts = train.words[id_] * in_memory
        ids = [word for word in _best(counts) if in_memory[word]]
        own, others = int(hits[id_, id_]), int(hits[id_].sum() - hits[id_, id_])
        rows.append(
            {
                "known": len(ids),
                "own": _share(own, int(pairs[id_])),
                "others": _share(others, train.pairs - int(pairs[id_])),
                "sample": [
                    (assets.response_words[word], int(counts[word])) for word in ids[:SAMPLE]
                ],
            }
        )
    return rows


def repetition(
    train: SplitStatistics, repeated: Repetition, texts: Mapping[int, TextPair]
) -> Figures:
    """What repeats within the training split.

    Args:
        train: the split.
        repeated: what repeats in it.
        texts: pairs by their places, at least those of the most frequent responses.
    """
    per_post = repeated.pairs_per_post
    groups = []
    for low, high in PAIRS_PER_POST:
        posts = int(np.count_nonzero((per_post >= low) & (per_post <= (high or per_post.max()))))
        label = (
            f"more than {low - 1}" if high is None else str(low) if low == high else f"{low}–{high}"
        )
        groups.append({"label": label, "posts": posts, "share": posts / len(per_post)})
    return {
        "repeated_pairs": repeated.repeated_pairs,
        "repeated_share": repeated.repeated_pairs / train.pairs,
        "posts": len(per_post),
        "mean": float(per_post.mean()),
        "most": int(per_post.max()),
        "groups": groups,
        "responses": repeated.responses,
        "frequent": [
            {"text": texts[place].response, "pairs": count, "share": count / train.pairs}
            for place, count in repeated.frequent.items()
        ],
    }


def shared(splits: Splits) -> dict[str, Figures]:
    """For dev and test, if they have pairs: different posts, and those that training has too."""
    train = splits["train"]
    return {
        name: {
            "posts": len(np.unique(split.hashes["post"])),
            "shared": shared_posts(train, split),
        }
        for name, split in splits.items()
        if split is not train and split.pairs
    }


def _best(scores: np.ndarray) -> np.ndarray:
    """Ids from the highest score to the lowest, equal ones in order."""
    return np.argsort(-scores, kind="stable")


def _chips(
    ids: Sequence[int], vocabulary: Sequence[str], counts: np.ndarray, scores: np.ndarray
) -> list[Figures]:
    """Words with count, score, and a strength from 0 to 1: the score relative to the first's."""
    return [
        {
            "word": vocabulary[id_],
            "uses": int(counts[id_]),
            "score": float(scores[id_]),
            "strength": float(scores[id_] / scores[ids[0]]),
        }
        for id_ in ids
    ]


def _has_letters(word: str) -> bool:
    return any(map(str.isalnum, word))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
