"""Bad records, and what a command does with them: stop at the first, or list and skip them."""

import json
from dataclasses import dataclass
from pathlib import Path

from ecm_tf.core.errors import InputError


@dataclass(frozen=True)
class BadRecord:
    """A record that cannot be used; readers yield it in place of the record.

    Attributes:
        file: path of the file.
        unit: `"line"` for line formats, otherwise `"record"`.
        record: number of the record (or line) in its file, from 1.
        problem: what was expected and what was found.
        raw: the record, shortened.
    """

    file: Path
    unit: str
    record: int
    problem: str
    raw: str

    def __str__(self) -> str:
        """Returns one sentence with file, record number and problem."""
        return f"{self.file}: {self.unit} {self.record}: {self.problem}."

    def json_line(self) -> str:
        """Returns a JSON line with `file` (its name), `record`, `reason` and `raw`."""
        row = {
            "file": self.file.name,
            "record": self.record,
            "reason": self.problem,
            "raw": self.raw,
        }
        return json.dumps(row, ensure_ascii=False) + "\n"


def raise_bad_record(bad: BadRecord) -> None:
    """Stops the run at the first bad record.

    Raises:
        InputError: always.
    """
    raise InputError(f"{bad} (Use --skip_bad_records to skip such records.)")


class RejectedRecords:
    """Writes bad records to a file and lets the run continue.

    Args:
        path: JSON Lines file to write: `file` (its name), `record`, `reason`, `raw`.

    Attributes:
        count: number of bad records so far.
        first: the first bad record, if any.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")
        self.count = 0
        self.first: BadRecord | None = None

    def __call__(self, bad: BadRecord) -> None:
        """Writes one bad record."""
        self.count += 1
        self.first = self.first or bad
        self._file.write(bad.json_line())

    def __enter__(self) -> "RejectedRecords":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
