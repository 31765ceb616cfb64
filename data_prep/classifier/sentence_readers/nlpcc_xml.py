"""Labelled sentences in the XML of NLPCC's shared tasks on emotions in Weibo posts.

A sentence is `<sentence opinionated="Y" emotion-1-type="…">text</sentence>` within `<weibo …>`;
the sample of 2013 calls the first attribute `emotion_tag`. A sentence with the value `N` has no
emotion. The second emotion (`emotion-2-type`) and the emotion of the whole post are ignored.
"""

import codecs
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast
from xml.parsers import expat

from data_prep.classifier.sentence_readers.sentence import Item, Sentence, UnmappedSentence
from data_prep.corpus.bad_records import BadRecord
from data_prep.corpus.files import clean_text, open_corpus
from data_prep.corpus.formats import RecordError, shorten
from ecm_tf.core.errors import InputError
from ecm_tf.text.emotions import Emotions

UTF16_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CHUNK_CHARACTERS = 1 << 16

_NLPCC_EMOTIONS = {
    "无": "none",
    "喜好": "like",
    "高兴": "happiness",
    "悲伤": "sadness",
    "愤怒": "anger",
    "厌恶": "disgust",
    "恐惧": "fear",
    "惊讶": "surprise",
}
"""Values of `emotion-1-type`: Chinese in the test set of 2013, English in all other files."""


def read_nlpcc_xml(path: Path, emotions: Emotions) -> Iterator[Item]:
    """Reads an NLPCC file in the encoding that it declares."""
    parser = _NlpccParser(path, emotions)
    with open_corpus(path) as file:
        for chunk in _chunks(path, file, parser):
            parser.feed(chunk)
            yield from parser.take_items()
        parser.close()
        yield from parser.take_items()


def _chunks(path: Path, file: IO[bytes], parser: "_NlpccParser") -> Iterator[str]:
    """Yields the text of an XML file, decoded according to its byte order mark or declaration."""
    encoding = _xml_encoding(cast(io.BufferedReader, file).peek(1024)[:1024])
    try:
        with io.TextIOWrapper(cast(io.BufferedReader, file), encoding) as text:
            while chunk := text.read(_CHUNK_CHARACTERS):
                yield chunk
    except LookupError as error:
        raise InputError(f"{path}: expected an encoding that Python supports; {error}.") from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: after line {parser.line}: expected text in {encoding}, the encoding of the "
            f"file, got invalid bytes ({error.reason})."
        ) from error


def _xml_encoding(start: bytes) -> str:
    if start.startswith(UTF16_BOMS):
        return "utf-16"
    declared = re.match(rb"""(?:\xef\xbb\xbf)?\s*<\?xml[^>]*\sencoding=["']([\w.:-]+)""", start)
    name = declared[1].decode().lower() if declared else "utf-8"
    # GB18030 is a superset of GB2312 and GBK, and files that declare those use its characters.
    # A declaration that matches as ASCII bytes is not UTF-16: the file was converted to UTF-8.
    supersets = {"gb2312": "gb18030", "gbk": "gb18030", "utf-8": "utf-8-sig", "utf-16": "utf-8-sig"}
    return supersets.get(name, name)


class _NlpccParser:
    """Incremental parser that collects sentences.

    Args:
        path: the file's path, for messages.
        emotions: the categories.
    """

    def __init__(self, path: Path, emotions: Emotions) -> None:
        self._path = path
        self._ids = _category_ids(emotions)
        self._items: list[Item] = []
        self._has_sentences = False
        self._attributes: dict[str, str] | None = None
        self._start_line = 0
        self._text: list[str] = []
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._parser.StartElementHandler = self._start_element
        self._parser.CharacterDataHandler = self._character_data
        self._parser.EndElementHandler = self._end_element

    @property
    def line(self) -> int:
        """The current line, from 1."""
        return self._parser.CurrentLineNumber

    def feed(self, text: str) -> None:
        """Parses a chunk.

        Raises:
            InputError: the text is not well-formed XML, or it has a DOCTYPE.
        """
        self._parse(text, False)

    def close(self) -> None:
        """Ends the parsing.

        Raises:
            InputError: the file is incomplete or has no sentences.
        """
        self._parse("", True)
        if not self._has_sentences:
            raise InputError(
                f"{self._path}: expected NLPCC's XML with sentence elements, got none."
            )

    def take_items(self) -> list[Item]:
        """Returns the items collected since the last call."""
        items, self._items = self._items, []
        return items

    def _parse(self, text: str, final: bool) -> None:
        try:
            self._parser.Parse(text, final)
        except expat.ExpatError as error:
            raise InputError(
                f"{self._path}: line {error.lineno}: expected well-formed XML, got "
                f"{expat.ErrorString(error.code)} at column {error.offset + 1} (in a text, & is "
                "written &amp; and < is written &lt;)."
            ) from error

    def _refuse_doctype(self, *_: object) -> None:
        raise InputError(
            f"{self._path}: line {self.line}: expected XML without a DOCTYPE, got one."
        )

    def _start_element(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "sentence":
            self._has_sentences = True
            self._attributes, self._start_line, self._text = attributes, self.line, []

    def _character_data(self, text: str) -> None:
        if self._attributes is not None:
            self._text.append(text)

    def _end_element(self, tag: str) -> None:
        if tag == "sentence" and self._attributes is not None:
            text = "".join(self._text)
            try:
                self._items.append(self._item(text, self._attributes))
            except RecordError as error:
                raw = shorten({**self._attributes, "text": text}, 200)
                bad = BadRecord(self._path, "line", self._start_line, str(error), raw)
                self._items.append(bad)
            self._attributes = None

    def _item(self, text: str, attributes: dict[str, str]) -> Item:
        text, emotion = clean_text("sentence", text), _first_emotion(attributes)
        if emotion not in self._ids:
            return UnmappedSentence(self._path, self._start_line, emotion)
        return Sentence(text, self._ids[emotion])


def _category_ids(emotions: Emotions) -> dict[str, int]:
    """Returns the category id of each NLPCC emotion that is one of the categories."""
    ids = emotions.ids_by_text
    names = {english: (english, chinese) for chinese, english in _NLPCC_EMOTIONS.items()}
    names["none"] = ("other", "其他")
    return {emotion: ids[name] for emotion, both in names.items() for name in both if name in ids}


def _first_emotion(attributes: dict[str, str]) -> str:
    """Returns the English name of a sentence's first emotion; `"none"` if it has none."""
    flag = attributes.get("opinionated", attributes.get("emotion_tag", "")).strip()
    if flag == "N":
        return "none"
    if flag != "Y":
        raise RecordError(
            f"expected opinionated (or emotion_tag) Y or N, got {shorten(flag) or 'none'}"
        )
    label = attributes.get("emotion-1-type", "").strip()
    emotion = _NLPCC_EMOTIONS.get(label, label.lower())
    if emotion not in _NLPCC_EMOTIONS.values():
        raise RecordError(
            f"expected an emotion-1-type out of {', '.join(_NLPCC_EMOTIONS.values())}, "
            f"got {shorten(label) or 'none'}"
        )
    return emotion
