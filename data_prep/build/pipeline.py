"""The `build` command: makes a dataset directory from corpus files.

The passes go over the pairs: sources → staging files → word counts (jieba) → token counts →
records. Each pass is a task that an executor maps over the source files, the staging files or the
record files, on this machine or on a cluster; the results are merged here, in order. Memory does
not grow with the number of pairs, and the dataset does not depend on the executor.
"""

import shutil
from collections.abc import Collection, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import tensorflow as tf

from data_prep.build.agreement import compare_with_jieba
from data_prep.build.external_memory import ExternalMemory, restrict_to_vocabulary
from data_prep.build.record_writer import SplitCounts, write_records
from data_prep.build.settings import BuildSettings
from data_prep.build.sources import DatasetSources, decided_settings
from data_prep.build.token_counts import count_tokens, learn_tokenizer
from data_prep.corpus.digests import digests_of, source_digests
from data_prep.corpus.readers import LabelOptions
from data_prep.corpus.staging import Source, SourceReader, StagingFiles
from data_prep.execution.executor import Executor, SingleMachine
from data_prep.execution.progress import progress_bar
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import sha256, write_manifest
from ecm_tf.core.output import check_output, finished_directory
from ecm_tf.core.replacement import MANIFEST
from ecm_tf.data.directory import ASSETS
from ecm_tf.text.assets import TextAssets
from ecm_tf.text.emotion_words import read_emotion_words
from ecm_tf.text.emotions import Emotions
from ecm_tf.text.normalization import normalize
from ecm_tf.text.processor import TextProcessor
from ecm_tf.text.vocabulary import build_vocabulary

AGREEMENT_TEXTS = 2000
"""Number of training texts on which the tokenizer is compared with jieba."""
REJECTED, STAGING = "rejected.jsonl", "staging"


def build_dataset(
    sources: DatasetSources,
    settings: BuildSettings,
    output: Path,
    *,
    given: Collection[str] | None = None,
    overwrite: bool = False,
    executor: Executor | None = None,
) -> dict[str, Any]:
    """Makes a dataset directory.

    Args:
        sources: the files from which to make it.
        settings: the settings.
        output: the directory to make; it appears only when it is complete.
        given: names of the settings that must not contradict the sources (see
            `data_prep.build.sources`); by default, those that are not defaults.
        overwrite: whether to replace a finished dataset in `output`.
        executor: runs the passes; this process by default. The machines of a cluster must share the
            file system of the sources and of the output.

    Returns:
        The manifest's `counts`.

    Raises:
        InputError: a source, a setting or the output is invalid; `output` is unchanged.
    """
    executor = executor or SingleMachine()
    check_output(output, "dataset", overwrite=overwrite)
    loaded = sources.load_assets()
    decided = decided_settings(sources, loaded, settings, given)
    categories = loaded.emotions if loaded else sources.categories()
    digests = source_digests(sources.paths, output, partial(digests_of, executor=executor))
    if sources.assets:
        digests["assets"] = sha256(sources.assets / MANIFEST)
    emotion_words = (
        read_emotion_words(sources.ememory, categories)
        if sources.ememory
        else [[] for _ in categories]
    )
    with finished_directory(output, "dataset", overwrite=overwrite) as directory:
        staging = _write_staging_files(sources, settings, categories, directory, executor)
        if loaded:
            assets = loaded
            memory = ExternalMemory.of(assets.external_memory, assets.response_words)
        else:
            assets, memory = _learn_assets(staging, settings, categories, emotion_words, executor)
        files = [f"{ASSETS}/{name}" for name in assets.save(directory / ASSETS)]
        splits, records = write_records(
            staging,
            directory,
            assets,
            settings.pairs_per_shard,
            temporary_directory=directory / STAGING,
            executor=executor,
        )
        counts = _counts(staging, splits, assets, memory)
        if assets.segmenter == "jieba":
            counts["tokenizer_agreement"] = _tokenizer_agreement(staging, TextProcessor(assets))
        if settings.skip_bad_records:
            _write_rejected(staging, directory / REJECTED)
            files.append(REJECTED)
        shutil.rmtree(directory / STAGING)
        write_manifest(
            directory,
            "dataset",
            files=files,
            digests=records,
            settings=asdict(settings) | decided,
            counts=counts,
            sources=digests,
        )
    return counts


def _write_staging_files(
    sources: DatasetSources,
    settings: BuildSettings,
    emotions: Emotions,
    directory: Path,
    executor: Executor,
) -> StagingFiles:
    """Reads all sources into staging files."""
    labels = LabelOptions(emotions, _default_emotion(settings, emotions))
    fractions = {"dev": settings.dev_fraction, "test": settings.test_fraction}
    sampled = {
        split: fraction for split, fraction in fractions.items() if split not in sources.corpus
    }
    (directory / STAGING).mkdir()
    read = SourceReader(
        directory / STAGING,
        labels,
        sampled,
        format=settings.format,
        skip_bad_records=settings.skip_bad_records,
    )
    given = [(split, path) for split, paths in sources.corpus.items() for path in paths]
    shards = [Source(number, split, path) for number, (split, path) in enumerate(given)]
    with progress_bar("reading") as bar:
        staging = StagingFiles(list(executor.map(lambda: read, shards, bar.update)))
    if not staging.pairs["train"]:
        first = staging.first_rejected
        reason = (
            f"{staging.rejected_count} bad records, the first: {first}"
            if first
            else "the files are empty."
        )
        raise InputError(f"--train: expected at least one training pair, got none; {reason}")
    return staging


def _write_rejected(staging: StagingFiles, path: Path) -> None:
    """Writes the bad records of all sources to one file."""
    with path.open("wb") as file:
        for rejected in staging.rejected:
            with rejected.open("rb") as part:
                shutil.copyfileobj(part, file)


def _default_emotion(settings: BuildSettings, emotions: Emotions) -> int | None:
    if settings.default_emotion is None:
        return None
    try:
        return emotions.id_of(settings.default_emotion)
    except InputError as error:
        raise InputError(f"--default_emotion: {error}") from error


def _learn_assets(
    staging: StagingFiles,
    settings: BuildSettings,
    emotions: Emotions,
    lexicon: list[list[str]],
    executor: Executor,
) -> tuple[TextAssets, ExternalMemory]:
    """Learns tokenizer, vocabularies and external memory from the training texts."""
    post_size, response_size = settings.post_vocabulary_size, settings.response_vocabulary_size
    digits, characters = settings.normalize_digits, settings.normalization
    normalized = partial(normalize, digits=digits, characters=characters)
    model = None
    if settings.segmenter == "jieba":
        size = max(post_size, response_size)
        model = learn_tokenizer(staging, normalized, size=size, executor=executor)
    counts = count_tokens(
        staging, normalized, segmenter=settings.segmenter, model=model, executor=executor
    )
    response_words = build_vocabulary(counts["response"], response_size)
    memory = restrict_to_vocabulary(
        lexicon,
        response_words,
        normalize_digits=digits,
        normalization=characters,
        segmenter=settings.segmenter,
    )
    assets = TextAssets(
        post_words=build_vocabulary(counts["post"], post_size),
        response_words=response_words,
        emotions=emotions,
        external_memory=memory.words,
        normalize_digits=digits,
        tokenizer_model=model,
        normalization=characters,
        segmenter=settings.segmenter,
    )
    return assets, memory


def _counts(
    staging: StagingFiles,
    splits: Mapping[str, SplitCounts],
    assets: TextAssets,
    memory: ExternalMemory,
) -> dict[str, Any]:
    return {
        "pairs": staging.pairs,
        "emotions": {split: counts.emotions.tolist() for split, counts in splits.items()},
        "rejected": staging.rejected_count,
        "tokens": {split: counts.tokens for split, counts in splits.items()},
        "coverage": {split: counts.coverage for split, counts in splits.items()},
        "vocabulary": {"post": len(assets.post_words), "response": len(assets.response_words)},
        "external_memory": {
            "given": memory.given,
            "in_vocabulary": [len(words) for words in memory.words],
        },
    }


def _tokenizer_agreement(staging: StagingFiles, processor: TextProcessor) -> dict[str, Any]:
    texts = tf.constant(staging.texts("train", AGREEMENT_TEXTS))
    tokens = processor.tokenize(texts).to_list()
    normalized = processor.normalize(texts).numpy().tolist()
    return compare_with_jieba(
        [text.decode() for text in normalized],
        [[token.decode() for token in row] for row in tokens],
    )
