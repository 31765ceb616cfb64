"""Fixtures of the data preparation tests: small and real corpora."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def write_jsonl(tmp_path: Path) -> Callable[..., Path]:
    """Writes rows as JSON Lines; bytes are written unchanged."""

    def write(rows: list[object], name: str = "pairs.jsonl") -> Path:
        lines = [
            row if isinstance(row, bytes) else json.dumps(row, ensure_ascii=False).encode()
            for row in rows
        ]
        path = tmp_path / name
        path.write_bytes(b"".join(line + b"\n" for line in lines))
        return path

    return write


@pytest.fixture
def real_data() -> Path:
    """The directory of real corpora next to the project; skips the test if it does not exist."""
    path = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    if not path.is_dir():
        pytest.skip("no real corpora beside the project (../shared/data)")
    return path
