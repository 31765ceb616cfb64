"""A labelled sentence, and how a text and a label become one."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from data_prep.corpus.bad_records import BadRecord
from data_prep.corpus.files import clean_text
from data_prep.corpus.formats import RecordError, label_text, shorten
from ecm_tf.core.errors import InputError
from ecm_tf.text.emotions import Emotions


@dataclass(frozen=True)
class Columns:
    """The names that the column of the text, and that of the emotion, may have.

    A table must have exactly one column of each.
    """

    text: tuple[str, ...] = ("text", "sentence", "content")
    emotion: tuple[str, ...] = ("emotion", "label", "labels")

    def find(self, names: Collection[str]) -> tuple[str, str]:
        """Returns the names of the text column and of the emotion column among a table's names.

        Raises:
            RecordError: there is not exactly one of each.
        """
        text, emotion = (
            [name for name in names if name in known] for known in (self.text, self.emotion)
        )
        if len(text) != 1 or len(emotion) != 1:
            raise RecordError(
                f"expected one of the columns {', '.join(self.text)} and one of "
                f"{', '.join(self.emotion)}, got {shorten(', '.join(names))}"
            )
        return text[0], emotion[0]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text with its label.

    Attributes:
        text: contains no white space but single spaces, and at least one visible character.
        label: id of the label in the `emotions` that the reader is given. These may be more than
            the categories of a classifier: a source's further labels follow them (see
            `sources.Source`).
    """

    text: str
    label: int


@dataclass(frozen=True, slots=True)
class UnmappedSentence:
    """A valid sentence whose emotion is not one of the categories; yielded in its place.

    Attributes:
        file: path of the file.
        record: line of the sentence, or its number in a JSON list, from 1.
        emotion: NLPCC's English name of its emotion: `"fear"`, `"surprise"`, ….
    """

    file: Path
    record: int
    emotion: str


Item = Sentence | UnmappedSentence | BadRecord


def make_sentence(text: str, emotion: str | int | float, emotions: Emotions) -> Sentence:
    """Checks a text and looks up its emotion, a name or an id.

    Raises:
        RecordError: the text is not usable, or the emotion is missing or unknown.
    """
    if not str(emotion).strip():
        raise RecordError("expected an emotion, got none")
    try:
        return Sentence(clean_text("sentence", text), emotions.id_of(label_text(emotion)))
    except InputError as error:
        raise RecordError(shorten(str(error), 1000).rstrip(".")) from error
