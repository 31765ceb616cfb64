"""Readers of labelled sentences, the data on which emotion classifiers are trained and evaluated.

Formats: a table (`csv`, `tsv`), JSON Lines (`jsonl`) or a JSON list of objects (`json`) with one
column for the text and one for the emotion, or the XML of NLPCC's shared tasks on emotions in Weibo
posts (`xml`). As in `data_prep.corpus`, a `BadRecord` is yielded in place of a sentence that cannot
be used.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from data_prep.classifier.sentence_readers.json_objects import read_json_lines, read_json_list
from data_prep.classifier.sentence_readers.nlpcc_xml import UTF16_BOMS, read_nlpcc_xml
from data_prep.classifier.sentence_readers.sentence import (
    Columns,
    Item,
    Sentence,
    UnmappedSentence,
)
from data_prep.classifier.sentence_readers.tables import read_csv, read_tsv
from data_prep.corpus.files import read_head
from ecm_tf.core.errors import InputError
from ecm_tf.text.emotions import Emotions

__all__ = ["SENTENCE_FORMATS", "Columns", "Item", "Sentence", "UnmappedSentence", "read_sentences"]

_READERS: dict[str, Callable[[Path, Emotions, Columns], Iterator[Item]]] = {
    "csv": read_csv,
    "tsv": read_tsv,
    "jsonl": read_json_lines,
    "json": read_json_list,
    "xml": lambda path, emotions, _: read_nlpcc_xml(path, emotions),
}
SENTENCE_FORMATS = tuple(_READERS)
"""The names of all formats."""


def read_sentences(
    path: Path, emotions: Emotions, format: str | None = None, columns: Columns | None = None
) -> Iterator[Item]:
    """Reads labelled sentences, plain or gzipped; every format but `json` is streamed.

    Args:
        path: the file.
        emotions: the categories.
        format: one of `SENTENCE_FORMATS`; `None` detects it from the content.
        columns: the columns of text and emotion in every format but `xml`; `None` for those of
            `Columns()`.

    Raises:
        InputError: the file is missing, or it does not have the given (or any known) format.
    """
    return _READERS[format or _detect_format(path)](path, emotions, columns or Columns())


def _detect_format(path: Path) -> str:
    start = read_head(path)
    if start.startswith((b"<", *UTF16_BOMS)):
        return "xml"
    if start.startswith(b"{"):
        return "jsonl"
    if start.startswith(b"["):
        return "json"
    if not start:
        raise InputError(
            f"{path}: expected sentences in one of the formats {', '.join(SENTENCE_FORMATS)}, "
            "got an empty file."
        )
    return "tsv" if b"\t" in start.splitlines()[0] else "csv"
