"""Text assets: the files of a dataset or model that define text processing."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ecm_tf.core.errors import InputError
from ecm_tf.core.files import read_json, reading
from ecm_tf.text import vocabulary
from ecm_tf.text.characters import NORMALIZATIONS, Normalization
from ecm_tf.text.emotion_words import read_emotion_words
from ecm_tf.text.emotions import Emotions
from ecm_tf.text.segmenters import SEGMENTERS, Segmenter

TEXT_JSON, TOKENIZER_MODEL, EMOTIONS_JSON = "text.json", "tokenizer.model", "emotions.json"
POST_VOCABULARY, RESPONSE_VOCABULARY = "post_vocabulary.txt", "response_vocabulary.txt"
EXTERNAL_MEMORY_JSON = "external_memory.json"


@dataclass(frozen=True)
class TextAssets:
    """Everything that text processing depends on: vocabularies, tokenizer and emotions.

    On disk: `text.json` (settings), `post_vocabulary.txt`, `response_vocabulary.txt`,
    `emotions.json`, `external_memory.json` (a list of emotion words for each category) and, for the
    jieba segmenter, `tokenizer.model`.
    """

    post_words: Sequence[str]
    response_words: Sequence[str]
    emotions: Emotions
    external_memory: Sequence[Sequence[str]]
    normalize_digits: bool
    tokenizer_model: bytes | None
    """A unigram model for the segmenter jieba, otherwise `None`."""
    normalization: Normalization | None = None
    """See `ecm_tf.text.characters`; `None` if the files do not record it."""
    segmenter: Segmenter = "whitespace"

    def __post_init__(self) -> None:
        if (self.segmenter == "jieba") != (self.tokenizer_model is not None):
            raise ValueError("expected a tokenizer model for the segmenter jieba, and for no other")

    def save(self, directory: Path) -> list[str]:
        """Writes the files and returns their names."""
        directory.mkdir(parents=True, exist_ok=True)
        settings: dict[str, object] = {
            "segmenter": self.segmenter,
            "normalize_digits": self.normalize_digits,
        }
        if self.normalization is not None:
            settings["normalization"] = self.normalization
        (directory / TEXT_JSON).write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
        vocabulary.save_vocabulary(self.post_words, directory / POST_VOCABULARY)
        vocabulary.save_vocabulary(self.response_words, directory / RESPONSE_VOCABULARY)
        self.emotions.save(directory / EMOTIONS_JSON)
        memory = json.dumps([list(words) for words in self.external_memory], ensure_ascii=False)
        (directory / EXTERNAL_MEMORY_JSON).write_text(memory + "\n", encoding="utf-8")
        names = [
            TEXT_JSON, POST_VOCABULARY, RESPONSE_VOCABULARY, EMOTIONS_JSON, EXTERNAL_MEMORY_JSON
        ]  # fmt: skip
        if self.tokenizer_model is not None:
            (directory / TOKENIZER_MODEL).write_bytes(self.tokenizer_model)
            names.append(TOKENIZER_MODEL)
        return names

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Reads what `save` wrote.

        Raises:
            InputError: a file is missing or malformed.
        """
        settings = read_json(directory / TEXT_JSON, "text settings")
        try:
            segmenter, digits = settings["segmenter"], settings["normalize_digits"]
            normalization = settings.get("normalization")
        except (KeyError, TypeError) as error:
            raise InputError(f"{directory / TEXT_JSON}: expected text settings; {error!r}.") from (
                error
            )
        if segmenter not in SEGMENTERS:
            raise InputError(
                f"{directory / TEXT_JSON}: segmenter: expected one of {', '.join(SEGMENTERS)}, got "
                f"{segmenter!r}."
            )
        if not isinstance(digits, bool):
            raise InputError(
                f"{directory / TEXT_JSON}: normalize_digits: expected true or false, got "
                f"{digits!r}."
            )
        if normalization is not None and normalization not in NORMALIZATIONS:
            raise InputError(
                f"{directory / TEXT_JSON}: expected a normalization out of "
                f"{', '.join(NORMALIZATIONS)}, got {normalization!r}."
            )
        model = None
        if segmenter == "jieba":
            with reading(directory / TOKENIZER_MODEL, "a SentencePiece model"):
                model = (directory / TOKENIZER_MODEL).read_bytes()
        emotions = Emotions.load(directory / EMOTIONS_JSON)
        return cls(
            post_words=vocabulary.load_vocabulary(directory / POST_VOCABULARY),
            response_words=vocabulary.load_vocabulary(directory / RESPONSE_VOCABULARY),
            emotions=emotions,
            external_memory=read_emotion_words(directory / EXTERNAL_MEMORY_JSON, emotions),
            normalize_digits=digits,
            tokenizer_model=model,
            normalization=normalization,
            segmenter=segmenter,
        )

    @property
    def external_memory_mask(self) -> list[list[bool]]:
        """Whether each response word is an emotion word: `[categories][response words]`."""
        by_category = [frozenset(words) for words in self.external_memory]
        return [[word in words for word in self.response_words] for words in by_category]


def check_vocabularies(name: str, assets: TextAssets, other_name: str, other: TextAssets) -> None:
    """Checks that the token ids of two directories stand for the same words.

    Args:
        name, other_name: the directories, for the message.
        assets, other: their text assets.

    Raises:
        InputError: a vocabulary differs.
    """
    for side in ("post", "response"):
        if getattr(assets, f"{side}_words") != getattr(other, f"{side}_words"):
            raise InputError(
                f"{name}: expected the vocabularies of {other_name}, but the {side} words differ."
            )
