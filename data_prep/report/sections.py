"""The data of each section of the page, in the form that the template expects."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from data_prep.lexicon.log_odds import CONFIDENCE_Z, log_odds
from data_prep.lexicon.settings import LexiconSettings
from data_prep.report.repetition import Repetition, shared_posts
from data_prep.report.statistics import SplitStatistics, TextPair, length_mean, length_quantile
from ecm_tf.report import emotion_colours
from ecm_tf.text.assets import TextAssets
from ecm_tf.text.emotions import Emotions

RARE = 0.01
"""Categories with a smaller fraction of the training responses are marked as rare."""
CHARACTERISTIC, FREQUENT, SAMPLE = 18, 30, 8
"""Numbers of words shown: per category, of all responses, and per external memory."""
PAIRS_PER_POST = ((1, 1), (2, 2), (3, 5), (6, 10), (11, None))
"""Groups of posts by number of responses: minimum and maximum."""

SectionData = dict[str, Any]
Splits = Mapping[str, SplitStatistics]


def lengths(splits: Splits) -> list[SectionData]:
    """Returns the length statistics of each split that is not empty and each side, in tokens."""
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


def emotions(categories: Emotions, splits: Splits) -> list[SectionData]:
    """Returns names, colour, pairs per split and fraction of training pairs of each category."""
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


def interaction(train: SplitStatistics) -> SectionData:
    """Returns the emotions of the responses to posts of each emotion.

    `same` is the fraction of responses with the emotion of the post, `usual` the fraction of that
    emotion among all responses.
    """
    cells = train.interaction
    posts, known = cells.sum(1), int(cells.sum())
    rows = []
    for id_, count in enumerate(posts.tolist()):
        same, usual = cells[id_, id_] / max(count, 1), cells[:, id_].sum() / max(known, 1)
        answers = cells[id_].tolist()
        rows.append({"id": id_, "posts": count, "answers": answers, "same": same, "usual": usual})
    return {"known": known, "rows": [row for row in rows if row["posts"]]}


def words(train: SplitStatistics, vocabulary: Sequence[str]) -> SectionData:
    """Returns the most frequent words, and the words characteristic of each category."""
    total = train.words.sum(0)
    frequent = [id_ for id_ in _descending(total) if total[id_] and _has_letters(vocabulary[id_])]
    characteristic = []
    statistic = log_odds(train.words, LexiconSettings().prior)
    for own, scores in zip(train.words, statistic.z, strict=True):
        top = [id_ for id_ in _descending(scores)[:CHARACTERISTIC] if scores[id_] > CONFIDENCE_Z]
        characteristic.append(_word_data(top, vocabulary, own, scores))
    return {
        "frequent": _word_data(frequent[:FREQUENT], vocabulary, total, np.sqrt(total)),
        "characteristic": characteristic,
    }


def memory(train: SplitStatistics, assets: TextAssets) -> list[SectionData]:
    """Returns the use of each category's emotion words in its own and in other responses."""
    pairs, hits = train.emotion_pairs, train.memory_hits
    rows = []
    for id_, in_memory in enumerate(np.array(assets.external_memory_mask, bool)):
        counts = train.words[id_] * in_memory
        ids = [word for word in _descending(counts) if in_memory[word]]
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
) -> SectionData:
    """Returns the repetition within the training split.

    Args:
        train: statistics of the split.
        repeated: its repetition.
        texts: pairs by position, including those of the most frequent responses.
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
            {"text": texts[position].response, "pairs": count, "share": count / train.pairs}
            for position, count in repeated.frequent.items()
        ],
    }


def shared(splits: Splits) -> dict[str, SectionData]:
    """Returns the distinct posts of dev and test, and how many of them also occur in training."""
    train = splits["train"]
    return {
        name: {
            "posts": len(np.unique(split.hashes["post"])),
            "shared": shared_posts(train, split),
        }
        for name, split in splits.items()
        if split is not train and split.pairs
    }


def _descending(scores: np.ndarray) -> np.ndarray:
    """Returns the ids by descending score; ids with equal scores stay in order."""
    return np.argsort(-scores, kind="stable")


def _word_data(
    ids: Sequence[int], vocabulary: Sequence[str], counts: np.ndarray, scores: np.ndarray
) -> list[SectionData]:
    """Returns words with count, score and strength, the score relative to the first word's."""
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
