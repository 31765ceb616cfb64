"""Assembles the page of a dataset report."""

from pathlib import Path

import numpy as np

from data_prep.corpus.splits import SPLITS
from data_prep.report import sections
from data_prep.report.pictures import emotions_picture, interaction_picture, lengths_picture
from data_prep.report.repetition import repetition
from data_prep.report.statistics import read_split, texts_at
from ecm_tf.data.directory import DatasetDirectory
from ecm_tf.report import Picture, render

TEMPLATE = Path(__file__).with_name("report.html")
FREQUENT_RESPONSES = 10
EXAMPLES_SEED = 0


def dataset_page(dataset: DatasetDirectory, examples: int) -> tuple[str, list[Picture]]:
    """Reads a dataset and makes its page.

    Args:
        dataset: the dataset.
        examples: number of example pairs per emotion.

    Returns:
        The HTML, and the pictures that are embedded in it.
    """
    emotions = dataset.assets.emotions
    splits = {split: read_split(dataset, split) for split in SPLITS}
    train = splits["train"]
    repeated = repetition(train, FREQUENT_RESPONSES)
    sampled = sample_examples(train.emotions, len(emotions), examples)
    positions = [*(p for positions in sampled for p in positions), *repeated.frequent]
    texts = texts_at(dataset, "train", positions)

    pictures = {
        "lengths": lengths_picture(train),
        "emotions": emotions_picture(
            {split: s.emotion_shares for split, s in splits.items() if s.pairs}, emotions
        ),
    }
    if train.interaction.any():
        pictures["interaction"] = interaction_picture(train.interaction, emotions)
    html = render(
        TEMPLATE,
        name=dataset.directory.resolve().name,
        manifest=dataset.manifest,
        pictures=pictures,
        lengths=sections.lengths(splits),
        emotions=sections.emotions(emotions, splits),
        interaction=sections.interaction(train),
        words=sections.words(train, dataset.assets.response_words),
        memory=sections.memory(train, dataset.assets),
        repetition=sections.repetition(train, repeated, texts),
        shared=sections.shared(splits),
        examples=[[texts[p] for p in positions] for positions in sampled],
    )
    return html, list(pictures.values())


def sample_examples(emotions: np.ndarray, categories: int, examples: int) -> list[list[int]]:
    """Samples the positions of some pairs of each category, with a fixed seed.

    Args:
        emotions: int `(pairs,)`, category ids.
        categories: number of categories.
        examples: number of pairs per category, or all if it has fewer.

    Returns:
        The sorted positions for each category.
    """
    random = np.random.default_rng(EXAMPLES_SEED)
    sampled = []
    for category in range(categories):
        positions = np.flatnonzero(emotions == category)
        chosen = random.choice(positions, min(examples, len(positions)), replace=False)
        sampled.append(sorted(chosen.tolist()))
    return sampled
