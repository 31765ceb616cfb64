"""The `build` command: corpus files in, a finished dataset directory out.

Passes stream over the pairs: sources → spools → words (jieba) → token counts → records. Nothing
that grows with the number of pairs stays in memory.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

from data_prep.build.agreement import agreement
from data_prep.build.external_memory import ExternalMemory, restrict
from data_prep.build.record_writer import SplitCounts, write_split
from data_prep.build.settings import BuildSettings
from data_prep.build.token_counts import count_tokens, learn_tokenizer
from data_prep.corpus.files import BadRecord, source_digests
from data_prep.corpus.readers import Labelling, Pair, read_pairs
from data_prep.corpus.staging import SPLITS, Rejections, Spools, stop
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import write_manifest
from ecm_tf.core.output import check_output, finished_directory
from ecm_tf.data.directory import ASSETS
from ecm_tf.text.assets import TextAssets
from ecm_tf.text.emotion_words import read_emotion_words
from ecm_tf.text.emotions import DEFAULT, Emotions
from ecm_tf.text.normalization import normalize
from ecm_tf.text.processor import TextProcessor
from ecm_tf.text.tokenizers import UnigramTokenizer, WhitespaceTokenizer
from ecm_tf.text.vocabulary import build_vocabulary

AGREEMENT_TEXTS = 2000
REJECTED, SPOOL = "rejected.jsonl", "spool"


@dataclass(frozen=True)
class Sources:
    """The files that a dataset is made from.

    Attributes:
        corpus: the files given for `train`, and for `dev` and `test` if those are given.
        ememory: the external memory, in the original's format.
        emotions: a file with the categories; `None` means the paper's six.
    """

    corpus: Mapping[str, Sequence[Path]]
    ememory: Path | None = None
    emotions: Path | None = None

    def categories(self) -> Emotions:
        """Reads the categories.

        Raises:
            InputError: `emotions` is not a file of categories.
        """
        return Emotions.load(self.emotions) if self.emotions else DEFAULT

    @property
    def paths(self) -> list[Path]:
        """All files."""
        corpus = [path for paths in self.corpus.values() for path in paths]
        return corpus + [path for path in (self.ememory, self.emotions) if path]


def build(
    sources: Sources,
    settings: BuildSettings,
    output: Path,
    *,
    overwrite: bool = False,
    workers: int = 2,
) -> dict[str, Any]:
    """Makes a dataset directory.

    Args:
        sources: the files to make it from.
        settings: how.
        output: the directory; it appears when everything is done.
        overwrite: whether a finished dataset in `output` may be replaced.
        workers: processes that segment; the dataset does not depend on it.

    Returns:
        The manifest's `counts`.

    Raises:
        InputError: a source, a setting or the output is at fault; `output` is as it was.
    """
    if workers < 1:
        raise InputError(f"--workers: expected at least 1, got {workers}.")
    check_output(output, "dataset", overwrite=overwrite)
    digests = source_digests(sources.paths, output)
    categories = sources.categories()
    words = (
        read_emotion_words(sources.ememory, categories)
        if sources.ememory
        else [[] for _ in categories]
    )
    with finished_directory(output) as directory:
        spools, rejected = _spool(sources, settings, categories, directory)
        assets, memory = _learn(spools, settings, categories, words, workers)
        files = [f"{ASSETS}/{name}" for name in assets.save(directory / ASSETS)]
        processor = TextProcessor(assets)
        splits = {}
        for split in SPLITS:
            splits[split], shards = write_split(
                spools, split, directory, processor, settings.pairs_per_shard
            )
            files += shards
        counts = _counts(spools, splits, assets, memory, rejected)
        if settings.segmenter == "jieba":
            counts["tokenizer_agreement"] = _agreement(spools, processor)
        shutil.rmtree(directory / SPOOL)
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


def _spool(
    sources: Sources, settings: BuildSettings, emotions: Emotions, directory: Path
) -> tuple[Spools, int]:
    """Reads all sources; returns the spools and the number of bad records left out."""
    labelling = Labelling(emotions, _default_emotion(settings, emotions))

    def pairs(paths: Sequence[Path]) -> Iterator[Pair | BadRecord]:
        for path in paths:
            yield from read_pairs(path, labelling, settings.format)

    fractions = {"dev": settings.dev_fraction, "test": settings.test_fraction}
    drawn = {split: share for split, share in fractions.items() if split not in sources.corpus}
    (directory / SPOOL).mkdir()
    spools = Spools(directory / SPOOL)
    given = {split: pairs(paths) for split, paths in sources.corpus.items()}
    with ExitStack() as stack:
        if not settings.skip_bad_records:
            spools.fill(given, drawn, stop)
            rejected, first = 0, None
        else:
            rejections = stack.enter_context(Rejections(directory / REJECTED))
            spools.fill(given, drawn, rejections)
            rejected, first = rejections.count, rejections.first
    if not spools.pairs["train"]:
        reason = f"{rejected} bad records, the first: {first}" if first else "the files hold none."
        raise InputError(f"--train: expected at least one training pair, got none; {reason}")
    return spools, rejected


def _default_emotion(settings: BuildSettings, emotions: Emotions) -> int | None:
    if settings.default_emotion is None:
        return None
    try:
        return emotions.id_of(settings.default_emotion)
    except InputError as error:
        raise InputError(f"--default_emotion: {error}") from error


def _learn(
    spools: Spools,
    settings: BuildSettings,
    emotions: Emotions,
    lexicon: list[list[str]],
    workers: int,
) -> tuple[TextAssets, ExternalMemory]:
    """Tokenizer, vocabularies and external memory of the training texts."""
    post_size, response_size = settings.post_vocabulary_size, settings.response_vocabulary_size
    digits = settings.normalize_digits
    model = None
    if settings.segmenter == "jieba":
        size = max(post_size, response_size)
        model = learn_tokenizer(spools, size=size, normalize_digits=digits, workers=workers)
    tokenizer = WhitespaceTokenizer() if model is None else UnigramTokenizer(model)
    counts = count_tokens(spools, tokenizer, normalize_digits=digits)
    response_words = build_vocabulary(counts["response"], response_size)
    memory = restrict(lexicon, response_words, normalize_digits=digits)
    assets = TextAssets(
        post_words=build_vocabulary(counts["post"], post_size),
        response_words=response_words,
        emotions=emotions,
        external_memory=memory.words,
        normalize_digits=digits,
        tokenizer_model=model,
    )
    return assets, memory


def _counts(
    spools: Spools,
    splits: Mapping[str, SplitCounts],
    assets: TextAssets,
    memory: ExternalMemory,
    rejected: int,
) -> dict[str, Any]:
    return {
        "pairs": spools.pairs,
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


def _agreement(spools: Spools, processor: TextProcessor) -> dict[str, Any]:
    texts = tf.constant(spools.texts("train", AGREEMENT_TEXTS))
    tokens = processor.tokenize(texts).to_list()
    normal = normalize(texts, digits=processor.assets.normalize_digits).numpy().tolist()
    return agreement(
        [text.decode() for text in normal], [[token.decode() for token in row] for row in tokens]
    )
