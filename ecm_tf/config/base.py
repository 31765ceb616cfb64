"""What every configuration has: conversion to and from JSON, checks with one-sentence errors."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import msgspec

from ecm_tf.core.errors import InputError


@dataclass(frozen=True)
class Config:
    """What every configuration can: to and from JSON, checks in one sentence."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, by field name."""
        return msgspec.json.decode(msgspec.json.encode(dataclasses.asdict(self)))

    def save(self, path: Path) -> None:
        """Writes the fields as a JSON object."""
        path.write_text(json.dumps(self.to_dict(), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def from_dict(cls, values: dict[str, Any], source: str = "configuration") -> Self:
        """Checks names, types and ranges.

        Args:
            values: as `to_dict` gives them.
            source: what error messages call the place they come from.

        Raises:
            InputError: an unknown or missing field, a value of the wrong type or out of range.
        """
        unknown = sorted(set(values) - {field.name for field in dataclasses.fields(cls)})
        if unknown:
            raise InputError(f"{source}: unknown settings {unknown}.")
        try:
            return msgspec.convert(values, cls)
        except (InputError, msgspec.ValidationError) as error:
            said = str(error).rstrip(".")
            raise InputError(f"{source}: {said}.") from error

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads what `save` wrote.

        Raises:
            InputError: no such file, not JSON, or not these settings.
        """
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise InputError(f"{path}: no such file; expected {cls.__name__} as JSON.") from error
        except ValueError as error:
            raise InputError(f"{path}: expected a JSON object; {error}.") from error
        if not isinstance(values, dict):
            raise InputError(f"{path}: expected a JSON object, got {type(values).__name__}.")
        return cls.from_dict(values, str(path))

    def _require(self, condition: bool, name: str, expected: str) -> None:
        if not condition:
            raise InputError(f"{name}: expected {expected}, got {getattr(self, name)!r}.")
