"""What a model's replies are worth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sacrebleu.metrics import BLEU

from ecm_tf.evaluation.generation import Replies
from ecm_tf.evaluation.intervals import Figure, mean


@dataclass(frozen=True)
class EmotionScores:
    """How often a judge hears the emotion that was asked for; E emotions.

    Attributes:
        accuracy: share of all replies, each post answered in every emotion (the paper's Table 4).
        by_emotion: the same for each emotion asked for.
        confusion: `[E][E]`, replies by the emotion asked for and the judge's.
    """

    accuracy: Figure
    by_emotion: list[float]
    confusion: list[list[int]]


def emotion_scores(heard: np.ndarray) -> EmotionScores:
    """Scores what a judge heard.

    Args:
        heard: int `(posts, E)`, the judge's emotion of the reply to each post in each emotion.
    """
    emotions = heard.shape[1]
    right = heard == np.arange(emotions)
    confusion = np.stack([np.bincount(heard[:, e], minlength=emotions) for e in range(emotions)])
    return EmotionScores(mean(right.mean(axis=1)), right.mean(axis=0).tolist(), confusion.tolist())


@dataclass(frozen=True)
class ReplyScores:
    """What replies are like, whatever they feel.

    Attributes:
        distinct_1, distinct_2: different words (pairs of neighbours) as a share of all (Li et al.
            2016), over the replies in one emotion; the mean over emotions.
        mean_length: words a reply.
        empty: share of replies without a word.
        nats: log-probability of a reply's words and end, by the model that says it, a word of it;
            the mean over replies.
        memory: share of replies that have a word of their emotion's memory, over the emotions that
            have words; `None` if none has.
        same: how often the replies to one post in two different emotions are the same.
        bleu: of the replies to the pairs' posts in the pairs' emotions, 0 to 100 (sacrebleu, on
            the model's tokens).
    """

    distinct_1: float
    distinct_2: float
    mean_length: float
    empty: float
    nats: float
    memory: float | None
    same: float
    bleu: float


def reply_scores(
    replies: Replies,
    memory: np.ndarray,
    references: Sequence[tuple[int, int, Sequence[str]]],
    words: Sequence[str],
) -> ReplyScores:
    """Scores replies.

    Args:
        replies: to P posts in E emotions.
        memory: bool `(E, vocabulary)`, the emotion words of each emotion.
        references: post (its place), emotion and words of real responses.
        words: the response vocabulary.
    """
    rows = [
        [row[:n] for row, n in zip(*post, strict=True)]
        for post in zip(replies.ids, replies.lengths, strict=True)
    ]
    emotions = range(replies.lengths.shape[1])
    ones, twos = (
        float(np.mean([_distinct([post[e] for post in rows], n) for e in emotions])) for n in (1, 2)
    )
    having = [
        np.mean([memory[e, post[e]].any() for post in rows]) for e in emotions if memory[e].any()
    ]
    said = [" ".join(words[i] for i in rows[post][emotion]) for post, emotion, _ in references]
    return ReplyScores(
        distinct_1=ones,
        distinct_2=twos,
        mean_length=float(replies.lengths.mean()),
        empty=float((replies.lengths == 0).mean()),
        nats=float((replies.scores / (replies.lengths + 1)).mean()),
        memory=float(np.mean(having)) if having else None,
        same=_sameness(replies.texts),
        bleu=BLEU(tokenize="none")
        .corpus_score(said, [[" ".join(r) for _, _, r in references]])
        .score,
    )


def _distinct(rows: Sequence[np.ndarray], n: int) -> float:
    """Different n-grams over all n-grams; 0 without any."""
    grams = [tuple(row[i : i + n].tolist()) for row in rows for i in range(len(row) - n + 1)]
    return len(set(grams)) / len(grams) if grams else 0.0


def _sameness(texts: Sequence[Sequence[str]]) -> float:
    """The share of pairs of different emotions whose replies to a post are the same."""
    emotions = len(texts[0])
    if emotions < 2:
        return 0.0
    same = [
        sum(count * (count - 1) for count in map(list(post).count, set(post))) for post in texts
    ]
    return float(np.mean(same)) / (emotions * (emotions - 1))
