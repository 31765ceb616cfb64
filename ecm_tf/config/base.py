"""The base class of all configurations: checked fields, conversion to and from JSON."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from ecm_tf.core.errors import InputError
from ecm_tf.core.fields import check_fields
from ecm_tf.core.files import read_json


@dataclass(frozen=True)
class Config:
    """Base class of configurations.

    A subclass is a frozen dataclass whose annotations declare types, choices and ranges; they are
    checked however an instance is made. Rules about several fields go into `__post_init__`, after
    `super().__post_init__()`.
    """

    def __post_init__(self) -> None:
        check_fields(self)

    def to_dict(self) -> dict[str, Any]:
        """Returns the fields as JSON values, by name."""
        return json.loads(json.dumps(dataclasses.asdict(self)))

    def save(self, path: Path) -> None:
        """Writes the fields as a JSON object."""
        path.write_text(json.dumps(self.to_dict(), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def from_dict(cls, values: dict[str, Any], source: str = "configuration") -> Self:
        """Returns the configuration with the given field values.

        Args:
            values: JSON values by field name, as `to_dict` returns them.
            source: where they come from, for error messages.

        Raises:
            InputError: a field is unknown or missing, or its value is of the wrong type or out of
                range.
        """
        fields = dataclasses.fields(cls)
        unknown = sorted(set(values) - {field.name for field in fields})
        if unknown:
            raise InputError(f"{source}: unknown settings {unknown}.")
        required = [
            field.name
            for field in fields
            if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        ]
        missing = [name for name in required if name not in values]
        if missing:
            raise InputError(f"{source}: missing settings {missing}.")
        try:
            return cls(**values)
        except InputError as error:
            raise InputError(f"{source}: {error}") from error

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads a file that `save` wrote.

        Raises:
            InputError: the file is missing, is not JSON, or does not hold these settings.
        """
        values = read_json(path, f"a JSON object ({cls.__name__})")
        if not isinstance(values, dict):
            raise InputError(f"{path}: expected a JSON object, got {type(values).__name__}.")
        return cls.from_dict(values, str(path))

    def _require(self, condition: bool, name: str, expected: str) -> None:
        """Raises an `InputError` about the field `name` unless the condition holds."""
        if not condition:
            raise InputError(f"{name}: expected {expected}, got {getattr(self, name)!r}.")
