"""The list of sources of a corpus, a TOML file with a table for each source."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from data_prep.corpus.digests import source_digest
from data_prep.corpus.formats import Format
from data_prep.corpus.shards import matching_files
from data_prep.corpus.splits import SPLITS
from ecm_tf.config import Config
from ecm_tf.core.errors import InputError
from ecm_tf.core.fields import PositiveFloat
from ecm_tf.core.files import read_toml

_Paths = Annotated[tuple[str, ...], Meta(description="a list of paths or glob patterns")]
_Fraction = Annotated[float, Meta(ge=0, lt=1)]
_EXPECTED = "a TOML file with a table [sources.NAME] for each source"


@dataclass(frozen=True)
class Source(Config):
    """A source, as the TOML file describes it.

    A source with only `train` paths and no fractions is used for training only.

    Attributes:
        train: paths or glob patterns of the pairs for training.
        dev: the same for the dev split.
        test: the same for the test split.
        dev_fraction: fraction of the posts of `train` that go to dev, with all their responses.
        test_fraction: the same for test.
        weight: how often a training pair is written; the fractional part is the probability of one
            more copy.
        terms: the licence or terms of use.
        url: where to get the source.
        format: format of its files; detected if absent.
    """

    train: _Paths = ()
    dev: _Paths = ()
    test: _Paths = ()
    dev_fraction: _Fraction = 0.0
    test_fraction: _Fraction = 0.0
    weight: PositiveFloat = 1.0
    terms: str = ""
    url: str = ""
    format: Format | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require(
            any((self.train, self.dev, self.test)), "train", "paths of train, dev or test"
        )
        self._require(
            self.dev_fraction + self.test_fraction < 1,
            "test_fraction",
            f"a number whose sum with dev_fraction ({self.dev_fraction}) is below 1",
        )

    @property
    def fractions(self) -> dict[str, float]:
        """The fractions of training posts that go to other splits."""
        return {"dev": self.dev_fraction, "test": self.test_fraction}

    def supplies(self, split: str) -> bool:
        """Tells whether the source is meant to have pairs in a split."""
        return bool(getattr(self, split)) or bool(self.train and self.fractions.get(split))


@dataclass(frozen=True)
class SourceList:
    """The sources of a corpus.

    Attributes:
        path: the TOML file.
        sources: the sources by name; of equal pairs, the pair of the first source is kept.
        files: the files of each source and split.
        digests: SHA-256 of the TOML file and of every file, by path below the data directory.
    """

    path: Path
    sources: Mapping[str, Source]
    files: Mapping[str, Mapping[str, list[Path]]]
    digests: Mapping[str, str]

    @property
    def paths(self) -> Iterator[Path]:
        """All files of all sources."""
        for splits in self.files.values():
            yield from chain.from_iterable(splits.values())

    @classmethod
    def load(cls, path: Path, data: Path | None = None) -> "SourceList":
        """Reads the list and finds the files.

        Args:
            path: the TOML file.
            data: the directory that paths are relative to; `None`: that of the TOML file.

        Raises:
            InputError: the list is invalid, a source has no terms although they are required, or a
                file is missing or occurs twice.
        """
        sources = read_sources(path)
        root = path.parent if data is None else data
        files: dict[str, dict[str, list[Path]]] = {}
        digests = {path.name: source_digest(path)}
        for name, source in sources.items():
            files[name] = {split: [] for split in SPLITS}
            for split in SPLITS:
                for pattern in getattr(source, split):
                    found = matching_files(pattern, root)
                    if not found:
                        raise InputError(
                            f"{path}: source {name}: {split}: expected at least one file "
                            f"{root / pattern}, got none."
                        )
                    files[name][split] += found
            for file in chain.from_iterable(files[name].values()):
                key = _shown(file, root)
                if key in digests:
                    raise InputError(f"{path}: source {name}: {file} is listed twice.")
                digests[key] = source_digest(file)
        return cls(path, sources, files, digests)


def read_sources(path: Path) -> dict[str, Source]:
    """Reads the sources of a TOML file without looking for their files.

    Raises:
        InputError: the file is missing or invalid, or a source has no terms although they are
            required.
    """
    table = read_toml(path, _EXPECTED)
    unknown = sorted(table.keys() - {"require_terms", "sources"})
    if unknown:
        raise InputError(f"{path}: expected the keys require_terms and sources, got {unknown}.")
    require_terms = table.get("require_terms", True)
    if not isinstance(require_terms, bool):
        raise InputError(f"{path}: require_terms: expected true or false, got {require_terms!r}.")
    tables = table.get("sources")
    if not (isinstance(tables, dict) and tables):
        raise InputError(f"{path}: expected at least one table [sources.NAME], got none.")
    sources = {name: _source(path, name, values) for name, values in tables.items()}
    for name, source in sources.items():
        if require_terms and not source.terms.strip():
            raise InputError(
                f"{path}: source {name}: expected terms, the licence or terms of use, got none; "
                "require_terms = false at the top of the file allows sources without terms."
            )
    return sources


def _source(path: Path, name: str, values: Any) -> Source:
    if not re.fullmatch(r"[\w-]+", name):
        raise InputError(
            f"{path}: source {name!r}: expected a name of letters, digits, _ and -, because files "
            "are named after it."
        )
    if not isinstance(values, dict):
        raise InputError(f"{path}: source {name}: expected a table, got {values!r}.")
    return Source.from_dict(values, f"{path}: source {name}")


def _shown(file: Path, root: Path) -> str:
    inside = file.is_relative_to(root)
    return (file.relative_to(root) if inside else file).as_posix()
