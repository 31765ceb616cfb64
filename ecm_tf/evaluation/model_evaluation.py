"""One model on one split: every figure of the table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import tensorflow as tf

from ecm_tf.core.errors import InputError
from ecm_tf.data.batches import evaluation_batches
from ecm_tf.data.directory import DatasetDirectory
from ecm_tf.decoding.search import Search
from ecm_tf.evaluation.generation import Replies, reply
from ecm_tf.evaluation.intervals import Figure
from ecm_tf.evaluation.likelihood import likelihoods
from ecm_tf.evaluation.scores import EmotionScores, ReplyScores, emotion_scores, reply_scores
from ecm_tf.inference.batch_responder import BatchResponder
from ecm_tf.inference.explanation import Explanation
from ecm_tf.inference.reply import Reply
from ecm_tf.inference.responder import Responder
from ecm_tf.model.directory import load_model
from ecm_tf.text.emotion_classifier import EmotionClassifier


@dataclass(frozen=True)
class EvaluationPairs:
    """The pairs of a split that replies are made for.

    Attributes:
        posts: different texts.
        responses: post (its place), emotion and text of every response to them.
    """

    posts: list[str]
    responses: list[tuple[int, int, str]]


@dataclass(frozen=True)
class Sample:
    """A post, and what a model says to it in every emotion, explained word by word.

    A model without emotion modules has one reply alone.
    """

    post: str
    replies: list[Explanation]


@dataclass(frozen=True)
class Evaluation:
    """What was measured.

    Attributes:
        label: what the table calls it: the model, and the search if there are several.
        model: the directory's name.
        variant: which modules it has.
        weights: how many numbers it has learned.
        token_perplexity: of the split's responses.
        sentence_perplexity: the original program's: of the mean over responses.
        perplexity_by_emotion: token perplexity of each category's responses.
        search: how replies were found; `None` if none were asked for, and so below.
        judges: emotion scores by each judge.
        agreement: how often the first two judges hear the same; `None` with fewer.
        replies: scores of the replies.
        replies_per_second: in batches, on this machine.
    """

    label: str
    model: str
    variant: str
    weights: int
    token_perplexity: Figure
    sentence_perplexity: float
    perplexity_by_emotion: list[float]
    search: str | None = None
    judges: dict[str, EmotionScores] = field(default_factory=dict)
    agreement: float | None = None
    replies: ReplyScores | None = None
    replies_per_second: float | None = None


def evaluation_pairs(dataset: DatasetDirectory, split: str, posts: int) -> EvaluationPairs:
    """The first different posts of a split with their responses.

    Args:
        dataset: where they are.
        split: which.
        posts: at most how many; records have no order that favours some.
    """
    places: dict[str, int] = {}
    responses = []
    for batch in dataset.batches(split, with_texts=True):
        rows = zip(
            batch["post_text"].numpy().tolist(),
            batch["response_text"].numpy().tolist(),
            batch["emotion"].numpy().tolist(),
            strict=True,
        )
        for post, response, emotion in rows:
            if post not in places and len(places) < posts:
                places[post] = len(places)
            if post in places:
                responses.append((places[post], emotion, response.decode()))
    return EvaluationPairs([post.decode() for post in places], responses)


def evaluate_model(
    directory: Path,
    dataset: DatasetDirectory,
    split: str,
    pairs: EvaluationPairs,
    judges: Mapping[str, EmotionClassifier],
    searches: Mapping[str, Search],
    *,
    batch_size: int = 128,
    samples: int = 0,
) -> list[tuple[Evaluation, list[Sample]]]:
    """Measures a model.

    Args:
        directory: the model's.
        dataset: what it is measured on.
        split: which part; it has pairs.
        pairs: what it replies to; without posts, only perplexities are measured.
        judges: what hears emotions in replies.
        searches: ways to find replies, by name; at least one.
        batch_size: pairs of a batch.
        samples: for how many of the posts replies are explained; they lie at even distances.

    Returns:
        For each search the figures, and samples of the replies that they are about.

    Raises:
        InputError: the model has other categories than a judge or the dataset.
    """
    model, assets = load_model(directory)
    for name, categories in {
        str(dataset.directory): dataset.assets.emotions,
        **{name: judge.emotions for name, judge in judges.items()},
    }.items():
        if categories != assets.emotions:
            raise InputError(
                f"{directory}: expected the categories of {name}, {categories.allowed}; got "
                f"{assets.emotions.allowed}."
            )
    batches = evaluation_batches(dataset.directory, split, model.config, batch_size)
    likely = likelihoods(model, batches, progress=f"{directory.name}: perplexity")
    figures = {
        "model": directory.name,
        "variant": model.config.variant,
        "weights": model.count_trainable_params(),
        "token_perplexity": likely.token_perplexity(),
        "sentence_perplexity": likely.perplexity().sentence,
        "perplexity_by_emotion": [
            likely.perplexity(emotion).token for emotion in range(len(assets.emotions))
        ],
    }
    if not pairs.posts:
        return [(Evaluation(label=directory.name, **figures), [])]
    responder = Responder(model, assets)
    references = _in_words(responder, pairs.responses)
    memory = np.array(assets.external_memory_mask)
    measured = []
    for name, search in searches.items():
        label = directory.name if len(searches) == 1 else f"{directory.name}, {name}"
        replies = reply(responder, pairs.posts, search, progress=f"{label}: replies")
        heard = _heard(judges, replies)
        evaluation = Evaluation(
            label=label,
            **figures,
            search=search.config.name,
            judges={judge: emotion_scores(emotions) for judge, emotions in heard.items()},
            agreement=_agreement(*heard.values()),
            replies=reply_scores(replies, memory, references, assets.response_words),
            replies_per_second=replies.number / replies.seconds,
        )
        measured.append((evaluation, _samples(responder, pairs.posts, replies, samples)))
    return measured


def _heard(judges: Mapping[str, EmotionClassifier], replies: Replies) -> dict[str, np.ndarray]:
    """What each judge hears: int `(posts, emotions)`."""
    flat = [text for texts in replies.texts for text in texts]
    return {
        name: judge.probabilities(flat).argmax(1).reshape(replies.lengths.shape)
        for name, judge in judges.items()
    }


def _agreement(
    first: np.ndarray | None = None, second: np.ndarray | None = None, *_: np.ndarray
) -> float | None:
    """How often the first two judges hear the same."""
    return None if first is None or second is None else float((first == second).mean())


def _samples(
    responder: Responder, posts: Sequence[str], replies: Replies, number: int
) -> list[Sample]:
    config = responder.model.config
    emotional = config.use_emb or config.use_imemory or config.use_ememory
    emotions = range(responder.categories if emotional else 1)
    places = np.linspace(0, len(posts) - 1, min(number, len(posts)), dtype=int).tolist()

    words = responder.text.assets.response_words

    def reply(place: int, emotion: int) -> Reply:
        ids = replies.ids[place, emotion, : replies.lengths[place, emotion]]
        return Reply(
            text=replies.texts[place][emotion],
            score=float(replies.scores[place, emotion]),
            emotion=responder.emotions[emotion].name,
            words=tuple(words[id_] for id_ in ids),
        )

    batches = BatchResponder(responder)
    return [
        Sample(
            posts[place],
            batches.explanations(
                [posts[place]] * len(emotions), emotions, [reply(place, e) for e in emotions]
            ),
        )
        for place in places
    ]


def _in_words(
    responder: Responder, responses: Sequence[tuple[int, int, str]]
) -> list[tuple[int, int, list[str]]]:
    words = responder.text.tokenize(tf.constant([text for _, _, text in responses])).to_list()
    return [
        (post, emotion, [word.decode() for word in row])
        for (post, emotion, _), row in zip(responses, words, strict=True)
    ]
