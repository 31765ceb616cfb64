"""The figures of a dataset → one page."""

from pathlib import Path

import numpy as np

from data_prep.corpus.staging import SPLITS
from data_prep.report import sections
from data_prep.report.pictures import emotions_picture, interaction_picture, lengths_picture
from data_prep.report.repetition import repetition
from data_prep.report.statistics import read_split, texts_at
from ecm_tf.data.directory import DatasetDirectory
from ecm_tf.report import Picture, render

TEMPLATE = Path(__file__).with_name("report.html")
FREQUENT_RESPONSES = 10
DRAW_SEED = 0


def dataset_page(dataset: DatasetDirectory, examples: int) -> tuple[str, list[Picture]]:
    """Reads a dataset and makes its page.

    Args:
        dataset: what to show.
        examples: pairs to show of each emotion.

    Returns:
        The HTML, and the pictures that it has inside.
    """
    emotions = dataset.assets.emotions
    splits = {split: read_split(dataset, split) for split in SPLITS}
    train = splits["train"]
    repeated = repetition(train, FREQUENT_RESPONSES)
    drawn = draw_examples(train.emotions, len(emotions), examples)
    wanted = [*(place for places in drawn for place in places), *repeated.frequent]
    texts = texts_at(dataset, "train", wanted)

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
        examples=[[texts[place] for place in places] for places in drawn],
    )
    return html, list(pictures.values())


def draw_examples(emotions: np.ndarray, categories: int, examples: int) -> list[list[int]]:
    """Draws the places of some pairs of each category, the same at every call.

    Args:
        emotions: int `(pairs,)`.
        categories: how many there are.
        examples: how many pairs of each; a category with fewer gives all.
    """
    random = np.random.default_rng(DRAW_SEED)
    drawn = []
    for category in range(categories):
        places = np.flatnonzero(emotions == category)
        chosen = random.choice(places, min(examples, len(places)), replace=False)
        drawn.append(sorted(chosen.tolist()))
    return drawn
