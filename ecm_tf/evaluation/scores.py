"""Scores of generated replies: emotion accuracy, diversity, length, BLEU."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sacrebleu.metrics import BLEU

from ecm_tf.evaluation.generation import GeneratedReplies
from ecm_tf.evaluation.intervals import Estimate, mean


@dataclass(frozen=True)
class EmotionScores:
    """Emotion accuracy by one judge: how often it predicts the requested emotion; E emotions.

    Attributes:
        accuracy: fraction of all replies, with one reply to each post in every emotion (the paper's
            Table 4).
        by_emotion: the same for each requested emotion.
        confusion: `[E][E]`, number of replies by requested and predicted emotion.
    """

    accuracy: Estimate
    by_emotion: list[float]
    confusion: list[list[int]]


def emotion_scores(predicted: np.ndarray) -> EmotionScores:
    """Computes emotion accuracy from a judge's predictions.

    Args:
        predicted: int `(posts, E)`, predicted emotion of the reply to each post in each requested
            emotion.
    """
    emotions = predicted.shape[1]
    correct = predicted == np.arange(emotions)
    confusion = np.stack([np.bincount(column, minlength=emotions) for column in predicted.T])
    return EmotionScores(
        mean(correct.mean(axis=1)), correct.mean(axis=0).tolist(), confusion.tolist()
    )


@dataclass(frozen=True)
class ReplyScores:
    """Scores of replies that need no judge.

    Attributes:
        distinct_1, distinct_2: number of different words (bigrams) divided by the number of words
            (bigrams) (Li et al. 2016), over all replies in one emotion; the mean over emotions.
        entropy: entropy in bits of the distribution of whole replies in one emotion, as texts; the
            mean over emotions. 0 if all posts get one reply, log2(posts) if all replies differ.
        top_10: share of the replies in one emotion that are one of its ten commonest; the mean over
            emotions.
        mean_length: mean number of words per reply.
        empty: fraction of replies without words.
        mean_log_prob: log-probability in nats of a reply and its end token under the model that
            generated it, divided by the number of tokens; the mean over replies.
        emotion_words: fraction of replies with an emotion word of the requested emotion, the mean
            over the emotions that have emotion words; `None` if none has.
        same_reply: fraction of pairs of different emotions in which the replies to a post are
            equal.
        bleu: BLEU of the replies to the pairs' posts in the emotions of their responses, 0 to 100
            (sacrebleu, on the model's tokens).
    """

    distinct_1: float
    distinct_2: float
    entropy: float
    top_10: float
    mean_length: float
    empty: float
    mean_log_prob: float
    emotion_words: float | None
    same_reply: float
    bleu: float


def reply_scores(
    replies: GeneratedReplies,
    memory: np.ndarray,
    references: Sequence[tuple[int, int, Sequence[str]]],
    words: Sequence[str],
) -> ReplyScores:
    """Computes the scores of replies to P posts in E emotions.

    Args:
        replies: the replies.
        memory: bool `(E, vocabulary)`, the emotion words of each emotion.
        references: index of the post, emotion id and tokens of each response in the dataset.
        words: the response vocabulary.
    """
    rows = [
        [row[:n] for row, n in zip(*post, strict=True)]
        for post in zip(replies.ids, replies.lengths, strict=True)
    ]
    emotions = range(replies.lengths.shape[1])
    distinct_1, distinct_2 = (
        float(np.mean([_distinct([post[e] for post in rows], n) for e in emotions])) for n in (1, 2)
    )
    counts = [
        np.array([count for _, count in Counter(texts).most_common()])
        for texts in zip(*replies.texts, strict=True)
    ]
    with_emotion_word = [
        np.mean([memory[e, post[e]].any() for post in rows]) for e in emotions if memory[e].any()
    ]
    hypotheses = [
        " ".join(words[i] for i in rows[post][emotion]) for post, emotion, _ in references
    ]
    return ReplyScores(
        distinct_1=distinct_1,
        distinct_2=distinct_2,
        entropy=float(np.mean([_entropy(each) for each in counts])),
        top_10=float(np.mean([each[:10].sum() / each.sum() for each in counts])),
        mean_length=float(replies.lengths.mean()),
        empty=float((replies.lengths == 0).mean()),
        mean_log_prob=float((replies.scores / (replies.lengths + 1)).mean()),
        emotion_words=float(np.mean(with_emotion_word)) if with_emotion_word else None,
        same_reply=_sameness(replies.texts),
        bleu=BLEU(tokenize="none")
        .corpus_score(hypotheses, [[" ".join(r) for _, _, r in references]])
        .score,
    )


def _distinct(rows: Sequence[np.ndarray], n: int) -> float:
    """Returns the number of different n-grams divided by that of all n-grams; 0 without any."""
    ngrams = [tuple(row[i : i + n].tolist()) for row in rows for i in range(len(row) - n + 1)]
    return len(set(ngrams)) / len(ngrams) if ngrams else 0.0


def _entropy(counts: np.ndarray) -> float:
    """Returns the entropy of the relative frequencies, in bits."""
    shares = counts / counts.sum()
    return float(shares @ np.log2(1 / shares))


def _sameness(texts: Sequence[Sequence[str]]) -> float:
    """Returns the fraction of pairs of different emotions with equal replies to a post."""
    emotions = len(texts[0])
    if emotions < 2:
        return 0.0
    same = [
        sum(count * (count - 1) for count in map(list(post).count, set(post))) for post in texts
    ]
    return float(np.mean(same)) / (emotions * (emotions - 1))
