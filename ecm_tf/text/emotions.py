"""Emotion categories: their ids, names in English and Chinese, and every text that means them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ecm_tf.core.errors import InputError


@dataclass(frozen=True)
class Emotion:
    """One category. Its id is its position in `Emotions`."""

    name: str
    chinese: str
    aliases: tuple[str, ...] = ()


class Emotions(Sequence[Emotion]):
    """The ordered categories of a dataset or model.

    Args:
        categories: at least one; no two may share a name, a Chinese name or an alias.

    Raises:
        InputError: two categories answer to the same text, or there is none.
    """

    def __init__(self, categories: Sequence[Emotion]) -> None:
        if not categories:
            raise InputError("emotions: expected at least one category, got none.")
        self._categories = tuple(categories)
        self._ids: dict[str, int] = {}
        for id_, emotion in enumerate(self._categories):
            for text in (emotion.name, emotion.chinese, str(id_), *emotion.aliases):
                key = text.strip().lower()
                if self._ids.setdefault(key, id_) != id_:
                    raise InputError(f"emotions: {text!r} means two categories.")

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
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
        """Every accepted text (lower case) and the id it means."""
        return dict(self._ids)

    @property
    def allowed(self) -> str:
        """What may be written, for error messages: `0 other 其他, 1 like 喜欢, …`."""
        return ", ".join(f"{id_} {e.name} {e.chinese}" for id_, e in enumerate(self))

    def id_of(self, value: str | int) -> int:
        """The id that a name, alias or number means.

        Raises:
            InputError: no category answers to `value`; the message lists those that exist.
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
    def load(cls, path: Path) -> "Emotions":
        """Reads `[{"name": …, "chinese": …, "aliases": [...]}, …]`; aliases may be absent.

        Raises:
            InputError: the file is missing, or is not such a list.
        """
        try:
            rows = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                [
                    Emotion(
                        row["name"], row.get("chinese", row["name"]), tuple(row.get("aliases", ()))
                    )
                    for row in rows
                ]
            )
        except FileNotFoundError as error:
            raise InputError(f"{path}: no such file; expected a JSON list of emotions.") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f'{path}: expected a JSON list of {{"name": …, "chinese": …}} objects; {error}.'
            ) from error


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
"""The six categories of the paper (and of NLPCC 2017), in the original program's numbering."""
