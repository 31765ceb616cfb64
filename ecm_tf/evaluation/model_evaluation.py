"""Evaluation of one model on one split, with one or several searches."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from ecm_tf.core.errors import InputError
from ecm_tf.data.batches import evaluation_batches
from ecm_tf.data.directory import DatasetDirectory
from ecm_tf.decoding.search import Search
from ecm_tf.evaluation.generation import GeneratedReplies, generate_replies
from ecm_tf.evaluation.likelihood import likelihoods
from ecm_tf.evaluation.pairs import EvaluationPairs
from ecm_tf.evaluation.relevance import CandidateSet, Relevance, candidate_scores, relevance
from ecm_tf.evaluation.results import Evaluation, Measurement, Sample
from ecm_tf.evaluation.scores import emotion_scores, reply_scores
from ecm_tf.inference.batch_responder import BatchResponder
from ecm_tf.inference.responder import Responder
from ecm_tf.model import ECM
from ecm_tf.model.directory import load_model
from ecm_tf.model.perplexity import PerplexityMeter
from ecm_tf.text.emotion_classifier import EmotionClassifier


def evaluate_model(
    directory: Path,
    dataset: DatasetDirectory,
    split: str,
    pairs: EvaluationPairs,
    judges: Mapping[str, EmotionClassifier],
    searches: Mapping[str, Search],
    *,
    name: str | None = None,
    candidates: CandidateSet | None = None,
    batch_size: int = 128,
    samples: int = 0,
) -> list[Measurement]:
    """Measures the perplexity and relevance of a model and the quality of its replies.

    Args:
        directory: model directory, which `compatibility.check_model` accepts.
        dataset: the dataset.
        split: `"train"`, `"dev"` or `"test"`; it has at least one pair.
        pairs: posts to reply to, with their responses; without posts no replies are
            generated.
        judges: emotion classifiers by name.
        searches: searches by name; at least one.
        name: name of the model in tables; that of the directory by default.
        candidates: responses to rank; `None` measures no relevance.
        batch_size: number of pairs in a batch when perplexities and relevance are measured.
        samples: number of posts whose replies are explained, at equal distances among the posts.

    Returns:
        One measurement per search; a single one without posts.
    """
    model, assets = load_model(directory)
    name = name or directory.resolve().name
    of_model = _without_replies(model, name, dataset, split, candidates, batch_size)
    if not pairs.posts:
        return [Measurement(of_model, [])]
    responder = Responder(model, assets)
    references = _tokenized_references(responder, pairs.responses)
    memory = np.array(assets.external_memory_mask)
    measurements = []
    for search_name, search in searches.items():
        label = name if len(searches) == 1 else f"{name}, {search_name}"
        replies = generate_replies(responder, pairs.posts, search, progress=f"{label}: replies")
        predicted = _predicted_emotions(judges, replies)
        evaluation = Evaluation(
            **{
                **vars(of_model),
                "label": label,
                "search": search.config.name,
                "judges": {judge: emotion_scores(ids) for judge, ids in predicted.items()},
                "agreement": _agreement(*predicted.values()),
                "replies": reply_scores(replies, memory, references, assets.response_words),
                "replies_per_second": replies.number / replies.seconds,
            }
        )
        explained = _samples(responder, pairs.posts, replies, samples)
        measurements.append(Measurement(evaluation, explained))
    return measurements


def _without_replies(
    model: ECM,
    name: str,
    dataset: DatasetDirectory,
    split: str,
    candidates: CandidateSet | None,
    batch_size: int,
) -> Evaluation:
    """Returns perplexities and relevance, which need no generated replies."""
    meter = PerplexityMeter(model)
    batches = evaluation_batches(dataset.directory, split, model.config, batch_size)
    results = likelihoods(meter, batches, progress=f"{name}: perplexity")
    unusable = np.count_nonzero(~np.isfinite(results.nll))
    if unusable:
        raise InputError(
            f"{name}: expected finite log-likelihoods of the responses, but {unusable} of "
            f"{len(results.nll)} are not; the model's training may have diverged."
        )
    emotions = range(len(dataset.assets.emotions))
    return Evaluation(
        label=name,
        model=name,
        variant=model.config.variant,
        weights=model.count_trainable_params(),
        token_perplexity=results.token_perplexity(),
        sentence_perplexity=results.perplexity().sentence,
        perplexity_by_emotion=[
            results.perplexity(emotion).token if emotion in results.emotions else None
            for emotion in emotions
        ],
        relevance=_relevance(meter, model, candidates, batch_size, f"{name}: relevance"),
    )


def _relevance(
    meter: PerplexityMeter,
    model: ECM,
    candidates: CandidateSet | None,
    batch_size: int,
    progress: str,
) -> Relevance | None:
    if candidates is None:
        return None
    scores = candidate_scores(meter, candidates, model.config, batch_size, progress)
    return relevance(scores, candidates.left_out)


def _predicted_emotions(
    judges: Mapping[str, EmotionClassifier], replies: GeneratedReplies
) -> dict[str, np.ndarray]:
    """Returns the emotion that each judge predicts for each reply, int `(posts, emotions)`."""
    flat = [text for texts in replies.texts for text in texts]
    return {
        name: judge.probabilities(flat).argmax(1).reshape(replies.lengths.shape)
        for name, judge in judges.items()
    }


def _agreement(
    first: np.ndarray | None = None, second: np.ndarray | None = None, *_: np.ndarray
) -> float | None:
    """Returns the fraction of replies for which the first two judges agree."""
    return None if first is None or second is None else float((first == second).mean())


def _samples(
    responder: Responder, posts: Sequence[str], replies: GeneratedReplies, number: int
) -> list[Sample]:
    config = responder.model.config
    uses_emotions = config.use_emb or config.use_imemory or config.use_ememory
    emotion_ids = range(responder.categories if uses_emotions else 1)
    words = responder.text.assets.response_words
    batches = BatchResponder(responder)
    return [
        Sample(
            posts[index],
            [replies.texts[index][id_] for id_ in emotion_ids],
            batches.explanations(
                [posts[index]] * len(emotion_ids),
                emotion_ids,
                [replies.reply(index, id_, responder.emotions, words) for id_ in emotion_ids],
            ),
        )
        for index in np.linspace(0, len(posts) - 1, min(number, len(posts)), dtype=int).tolist()
    ]


def _tokenized_references(
    responder: Responder, responses: Sequence[tuple[int, int, str]]
) -> list[tuple[int, int, list[str]]]:
    tokens = responder.text.tokenize(tf.constant([text for _, _, text in responses])).to_list()
    return [
        (post, emotion, [token.decode() for token in row])
        for (post, emotion, _), row in zip(responses, tokens, strict=True)
    ]
