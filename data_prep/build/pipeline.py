"""The `build` command: makes a dataset directory from corpus files.

The passes stream over the pairs: sources → staging files → word counts (jieba) → token counts →
records. Memory does not grow with the number of pairs.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import tensorflow as tf

from data_prep.build.agreement import compare_with_jieba
from data_prep.build.external_memory import ExternalMemory, restrict_to_vocabulary
from data_prep.build.record_writer import SplitCounts, write_split
from data_prep.build.settings import BuildSettings
from data_prep.build.token_counts import count_tokens, learn_tokenizer
from data_prep.corpus.files import BadRecord, source_digests
from data_prep.corpus.readers import LabelOptions, Pair, read_pairs
from data_prep.corpus.staging import SPLITS, RejectedRecords, StagingFiles, raise_bad_record
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import write_manifest
from ecm_tf.core.output import check_output, finished_directory
from ecm_tf.data.directory import ASSETS
from ecm_tf.text.assets import TextAssets
from ecm_tf.text.emotion_words import read_emotion_words
from ecm_tf.text.emotions import DEFAULT, Emotions
from ecm_tf.text.normalization import normalize
from ecm_tf.text.processor import TextProcessor
from ecm_tf.text.tokenizers import make_tokenizer
from ecm_tf.text.vocabulary import build_vocabulary

AGREEMENT_TEXTS = 2000
"""Number of training texts on which the tokenizer is compared with jieba."""
REJECTED, STAGING = "rejected.jsonl", "staging"


@dataclass(frozen=True)
class DatasetSources:
    """The files from which a dataset is made.

    Attributes:
        corpus: corpus files by split; `train` is required, `dev` and `test` are optional.
        ememory: the emotion words, in the format of the original program.
        emotions: a file with the categories; `None` means the six of the paper.
    """

    corpus: Mapping[str, Sequence[Path]]
    ememory: Path | None = None
    emotions: Path | None = None

    def categories(self) -> Emotions:
        """Returns the categories.

        Raises:
            InputError: `emotions` is not a valid file of categories.
        """
        return Emotions.load(self.emotions) if self.emotions else DEFAULT

    @property
    def paths(self) -> list[Path]:
        """Paths of all files."""
        corpus = [path for paths in self.corpus.values() for path in paths]
        return corpus + [path for path in (self.ememory, self.emotions) if path]


def build_dataset(
    sources: DatasetSources,
    settings: BuildSettings,
    output: Path,
    *,
    overwrite: bool = False,
    workers: int = 2,
) -> dict[str, Any]:
    """Makes a dataset directory.

    Args:
        sources: the files from which to make it.
        settings: the settings.
        output: the directory to make; it appears only when it is complete.
        overwrite: whether to replace a finished dataset in `output`.
        workers: number of segmentation processes; the dataset does not depend on it.

    Returns:
        The manifest's `counts`.

    Raises:
        InputError: a source, a setting or the output is invalid; `output` is unchanged.
    """
    if workers < 1:
        raise InputError(f"--workers: expected at least 1, got {workers}.")
    check_output(output, "dataset", overwrite=overwrite)
    digests = source_digests(sources.paths, output)
    categories = sources.categories()
    emotion_words = (
        read_emotion_words(sources.ememory, categories)
        if sources.ememory
        else [[] for _ in categories]
    )
    with finished_directory(output) as directory:
        staging, rejected = _write_staging_files(sources, settings, categories, directory)
        assets, memory = _learn_assets(staging, settings, categories, emotion_words, workers)
        files = [f"{ASSETS}/{name}" for name in assets.save(directory / ASSETS)]
        processor = TextProcessor(assets)
        splits = {}
        for split in SPLITS:
            splits[split], shards = write_split(
                staging, split, directory, processor, settings.pairs_per_shard
            )
            files += shards
        counts = _counts(staging, splits, assets, memory, rejected)
        if settings.segmenter == "jieba":
            counts["tokenizer_agreement"] = _tokenizer_agreement(staging, processor)
        shutil.rmtree(directory / STAGING)
        if settings.skip_bad_records:
            files.append(REJECTED)
        write_manifest(
            directory,
            "dataset",
            files=files,
            settings=asdict(settings),
            counts=counts,
            sources=digests,
        )
    return counts


def _write_staging_files(
    sources: DatasetSources, settings: BuildSettings, emotions: Emotions, directory: Path
) -> tuple[StagingFiles, int]:
    """Reads all sources; returns the staging files and the number of skipped records."""
    labels = LabelOptions(emotions, _default_emotion(settings, emotions))

    def pairs(paths: Sequence[Path]) -> Iterator[Pair | BadRecord]:
        for path in paths:
            yield from read_pairs(path, labels, settings.format)

    fractions = {"dev": settings.dev_fraction, "test": settings.test_fraction}
    sampled = {
        split: fraction for split, fraction in fractions.items() if split not in sources.corpus
    }
    (directory / STAGING).mkdir()
    staging = StagingFiles(directory / STAGING)
    given = {split: pairs(paths) for split, paths in sources.corpus.items()}
    with ExitStack() as stack:
        if not settings.skip_bad_records:
            staging.fill(given, sampled, raise_bad_record)
            rejected, first = 0, None
        else:
            rejected_records = stack.enter_context(RejectedRecords(directory / REJECTED))
            staging.fill(given, sampled, rejected_records)
            rejected, first = rejected_records.count, rejected_records.first
    if not staging.pairs["train"]:
        reason = f"{rejected} bad records, the first: {first}" if first else "the files are empty."
        raise InputError(f"--train: expected at least one training pair, got none; {reason}")
    return staging, rejected


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
    workers: int,
) -> tuple[TextAssets, ExternalMemory]:
    """Learns tokenizer, vocabularies and external memory from the training texts."""
    post_size, response_size = settings.post_vocabulary_size, settings.response_vocabulary_size
    digits, characters = settings.normalize_digits, settings.normalization
    normalized = partial(normalize, digits=digits, characters=characters)
    model = None
    if settings.segmenter == "jieba":
        size = max(post_size, response_size)
        model = learn_tokenizer(staging, normalized, size=size, workers=workers)
    tokenizer = make_tokenizer(settings.segmenter, model)
    counts = count_tokens(staging, tokenizer, normalized)
    response_words = build_vocabulary(counts["response"], response_size)
    memory = restrict_to_vocabulary(
        lexicon, response_words, normalize_digits=digits, normalization=characters
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
    rejected: int,
) -> dict[str, Any]:
    return {
        "pairs": staging.pairs,
        "emotions": {split: counts.emotions.tolist() for split, counts in splits.items()},
        "rejected": rejected,
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
