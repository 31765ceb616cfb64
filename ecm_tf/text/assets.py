"""Text assets: the files beside a dataset or model that say how text is read and written."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ecm_tf.core.errors import InputError
from ecm_tf.text import vocabulary
from ecm_tf.text.emotions import Emotions

TEXT_JSON, TOKENIZER_MODEL, EMOTIONS_JSON = "text.json", "tokenizer.model", "emotions.json"
POST_VOCABULARY, RESPONSE_VOCABULARY = "post_vocabulary.txt", "response_vocabulary.txt"
EXTERNAL_MEMORY_JSON = "external_memory.json"


@dataclass(frozen=True)
class TextAssets:
    """The files beside a dataset or model that say how text is read and written.

    `save` and `load` are the only places that know their names: `text.json` (settings),
    `post_vocabulary.txt`, `response_vocabulary.txt`, `emotions.json`, `external_memory.json` (a
    list of emotion words per category) and, for the jieba segmenter, `tokenizer.model`.
    """

    post_words: Sequence[str]
    response_words: Sequence[str]
    emotions: Emotions
    external_memory: Sequence[Sequence[str]]
    normalize_digits: bool
    tokenizer_model: bytes | None
    """A unigram model for raw text; `None` means that text comes split by spaces."""

    def save(self, directory: Path) -> list[str]:
        """Writes the files and returns their names."""
        directory.mkdir(parents=True, exist_ok=True)
        segmenter = "whitespace" if self.tokenizer_model is None else "jieba"
        settings = {"segmenter": segmenter, "normalize_digits": self.normalize_digits}
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
    def load(cls, directory: Path) -> "TextAssets":
        """Reads what `save` wrote.

        Raises:
            InputError: a file is missing or is not what it should be.
        """
        try:
            settings = json.loads((directory / TEXT_JSON).read_text(encoding="utf-8"))
            segmenter, digits = settings["segmenter"], settings["normalize_digits"]
            memory = json.loads((directory / EXTERNAL_MEMORY_JSON).read_text(encoding="utf-8"))
            model = (directory / TOKENIZER_MODEL).read_bytes() if segmenter == "jieba" else None
        except FileNotFoundError as error:
            raise InputError(f"{error.filename}: no such file; expected a text asset.") from error
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{directory}: expected text assets; {error!r}.") from error
        return cls(
            post_words=vocabulary.load_vocabulary(directory / POST_VOCABULARY),
            response_words=vocabulary.load_vocabulary(directory / RESPONSE_VOCABULARY),
            emotions=Emotions.load(directory / EMOTIONS_JSON),
            external_memory=memory,
            normalize_digits=digits,
            tokenizer_model=model,
        )

    @property
    def external_memory_mask(self) -> list[list[bool]]:
        """`[categories][response words]`: whether the word is an emotion word of the category."""
        by_category = [frozenset(words) for words in self.external_memory]
        return [[word in words for word in self.response_words] for words in by_category]
