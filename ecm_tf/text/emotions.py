"""Emotion categories: ids, English and Chinese names, and aliases."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Self, overload

import msgspec

from ecm_tf.core.errors import InputError
from ecm_tf.core.files import read_json

AUTO = "auto"
"""The value to request if the model is to choose the emotion."""
AUTO_ID = -1
"""The id that stands for `AUTO`; no category has it."""


@dataclass(frozen=True)
class Emotion:
    """An emotion category. Its id is its position in `Emotions`.

    Aliases are further names for it in data and requests: categories are equal without them.
    """

    name: str
    chinese: str
    aliases: tuple[str, ...] = field(default=(), compare=False)


class Emotions(Sequence[Emotion]):
    """The ordered categories of a dataset or model.

    Args:
        categories: at least one; names, Chinese names and aliases must be unique.
        numbered: how many of them, the first ones, are also named by their ids; None: all.

    Raises:
        InputError: two categories share a name, or there are no categories.
    """

    def __init__(self, categories: Sequence[Emotion], numbered: int | None = None) -> None:
        if not categories:
            raise InputError("emotions: expected at least one category, got none.")
        self._categories = tuple(categories)
        self._ids: dict[str, int] = {}
        self._numbers = list(map(str, range(len(self._categories))))[:numbered]
        for id_, emotion in enumerate(self._categories):
            number = self._numbers[id_ : id_ + 1]
            for text in (emotion.name, emotion.chinese, *number, *emotion.aliases):
                key = text.strip().lower()
                if self._ids.setdefault(key, id_) != id_:
                    raise InputError(f"emotions: {text!r} names two categories.")

    @overload
    def __getitem__(self, index: int) -> Emotion: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Emotion]: ...

    def __getitem__(self, index: int | slice) -> Emotion | Sequence[Emotion]:
        return self._categories[index]

    def __len__(self) -> int:
        return len(self._categories)

    def __iter__(self) -> Iterator[Emotion]:
        return iter(self._categories)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Emotions) and self._categories == other._categories

    def __hash__(self) -> int:
        return hash(self._categories)

    @property
    def names(self) -> list[str]:
        """English names in id order."""
        return [emotion.name for emotion in self]

    @property
    def ids_by_text(self) -> dict[str, int]:
        """The id of every name, Chinese name, alias and accepted number, by its lower-case text."""
        return dict(self._ids)

    @property
    def allowed(self) -> str:
        """A list of the categories for error messages: `0 other 其他, 1 like 喜欢, …`."""
        texts = [f"{emotion.name} {emotion.chinese}" for emotion in self]
        texts[: len(self._numbers)] = map(" ".join, zip(self._numbers, texts, strict=False))
        return ", ".join(texts)

    def id_of(self, value: str | int) -> int:
        """Returns the id of the category with this name, alias or number.

        Raises:
            InputError: there is no such category; the message lists those that exist.
        """
        key = str(value).strip().lower()
        if isinstance(value, bool) or key not in self._ids:
            raise InputError(f"unknown emotion {value!r}; expected one of: {self.allowed}.")
        return self._ids[key]

    def save(self, path: Path) -> None:
        """Writes the categories as JSON."""
        rows = [asdict(emotion) for emotion in self]
        path.write_text(json.dumps(rows, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads `[{"name": …, "chinese": …, "aliases": […]}, …]`.

        `chinese` defaults to the name, `aliases` to none.

        Raises:
            InputError: the file is missing, or is not such a list.
        """
        expected = 'a JSON list of {"name": …, "chinese": …, "aliases": […]} objects'
        content = read_json(path, expected)
        try:
            rows = msgspec.convert(content, list[_Row])
            for row in rows:
                "".join([row.name, row.chinese or "", *row.aliases]).encode()
            return cls([Emotion(r.name, r.chinese or r.name, tuple(r.aliases)) for r in rows])
        except UnicodeEncodeError as error:
            raise InputError(f"{path}: expected {expected} in UTF-8; {error.reason}.") from error
        except (msgspec.ValidationError, InputError) as error:
            reason = str(error).removesuffix(".")
            raise InputError(f"{path}: expected {expected}; {reason}.") from error


_Name = Annotated[str, msgspec.Meta(pattern=r"\S")]


class _Row(msgspec.Struct, forbid_unknown_fields=True):
    """An object of the file of categories."""

    name: _Name
    chinese: _Name | None = None
    aliases: list[_Name] = []


DEFAULT = Emotions(
    [
        Emotion("other", "其他", ("neutral", "其它", "中性")),
        Emotion("like", "喜欢", ("liking", "喜好", "喜爱")),
        Emotion("sad", "悲伤", ("sadness", "难过")),
        Emotion("disgust", "厌恶", ("disgusted", "讨厌")),
        Emotion("angry", "愤怒", ("anger", "生气")),
        Emotion("happy", "高兴", ("happiness", "快乐", "开心")),
    ]
)
"""The six categories of the paper and of NLPCC 2017, with the ids of the original program."""
