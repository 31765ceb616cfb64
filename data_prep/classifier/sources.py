"""Sources of labelled sentences: files, a mapping from labels to categories, and a weight.

A source may have fewer categories than the classifier, and one of its labels may mean several of
them: the label `angry` of SMP2020-EWECT covers anger and disgust.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Annotated

import msgspec

from data_prep.classifier.sentence_readers import Columns
from ecm_tf.core.errors import InputError
from ecm_tf.core.files import read_toml
from ecm_tf.text.emotions import Emotion, Emotions

SUFFIX = ".toml"
EXPECTED = "a TOML file that describes a source of labelled sentences"


@dataclass(frozen=True)
class Source:
    """Labelled sentences of one origin.

    Attributes:
        files: the files of sentences.
        labels: the categories, followed by further labels of the files.
        meanings: for each label id, the ids of the categories one of which it stands for; an empty
            tuple leaves its sentences out.
        weight: factor of the loss of its sentences.
        columns: the columns of the text and of its label.
    """

    files: tuple[Path, ...]
    labels: Emotions
    meanings: Mapping[int, tuple[int, ...]]
    weight: float = 1.0
    columns: Columns = field(default_factory=Columns)

    @property
    def known(self) -> tuple[int, ...]:
        """The ids of the categories that the source distinguishes from each other or groups."""
        return tuple(sorted({id_ for ids in self.meanings.values() for id_ in ids}))


class _Description(msgspec.Struct, forbid_unknown_fields=True):
    """Content of the TOML file."""

    files: Annotated[list[str], msgspec.Meta(min_length=1)]
    categories: list[str] | None = None
    labels: dict[str, list[str]] = {}
    weight: Annotated[float, msgspec.Meta(ge=0.001, le=1000)] = 1.0
    text_column: str | None = None
    emotion_column: str | None = None


def plain_source(path: Path, emotions: Emotions) -> Source:
    """Returns the source that is a single file whose labels are the categories."""
    return Source((path,), emotions, {id_: (id_,) for id_ in range(len(emotions))})


def read_source(path: Path, emotions: Emotions, root: Path | None = None) -> Source:
    """Reads the description of a source.

    Its keys are `files`; `categories`, those that the annotators chose from (all by default);
    `[labels]`, the categories that a label stands for, if they are not those of its name;
    `weight`; and `text_column` and `emotion_column`, if the columns have other names than those of
    `Columns`, such as in a corpus of conversations.

    Args:
        path: the TOML file.
        emotions: the categories of the classifier.
        root: directory that the files are relative to; by default that of the TOML file.

    Raises:
        InputError: the file is missing or invalid, or names an unknown category.
    """
    try:
        described = msgspec.convert(read_toml(path, EXPECTED), _Description)
    except msgspec.ValidationError as error:
        raise InputError(f"{path}: expected {EXPECTED}; {error}.") from error
    try:
        chosen = (
            range(len(emotions))
            if described.categories is None
            else sorted({emotions.id_of(name) for name in described.categories})
        )
        meanings: dict[int, tuple[int, ...]] = {
            id_: (id_,) if id_ in chosen else () for id_ in range(len(emotions))
        }
        further: list[Emotion] = []
        for label, names in described.labels.items():
            ids = tuple(sorted({emotions.id_of(name) for name in names}))
            key = label.strip().lower()
            known = emotions.ids_by_text.get(key)
            if known is None:
                known = len(emotions) + len(further)
                further.append(Emotion(label, label))
            meanings[known] = ids
        labels = Emotions([*emotions, *further], numbered=len(emotions))
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    return Source(
        tuple((root or path.parent) / file for file in described.files),
        labels,
        meanings,
        described.weight,
        _columns(described),
    )


def _columns(described: _Description) -> Columns:
    names = {"text": described.text_column, "emotion": described.emotion_column}
    return Columns(**{side: (name,) for side, name in names.items() if name is not None})


def find_sources(
    paths: Sequence[Path], emotions: Emotions, root: Path | None = None
) -> list[Source]:
    """Returns the sources that a command line names: files of sentences, or TOML files.

    Raises:
        InputError: a TOML file is missing or invalid, or the same columns of a file are in two
            sources, or twice in one.
    """
    sources = [
        read_source(path, emotions, root) if path.suffix == SUFFIX else plain_source(path, emotions)
        for path in paths
    ]
    seen: set[tuple[Path, str, str]] = set()
    for source, file in [(each, file) for each in sources for file in each.files]:
        columns = set(product([file.resolve()], source.columns.text, source.columns.emotion))
        if columns & seen:
            raise InputError(f"--sentences: expected every file once, got {file} twice.")
        seen |= columns
    return sources
