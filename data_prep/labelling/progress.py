"""How far a labelling run is, on disk: it can be interrupted at any time, and goes on.

The output grows in `OUTPUT.partial`, the list of bad records in `OUTPUT.rejected.partial`. After
every batch `OUTPUT.progress.json` says how many of their bytes are good; what comes after those is
cut off when the run goes on.
"""

import os
from pathlib import Path
from typing import BinaryIO

import msgspec

from ecm_tf.core.errors import InputError


class Counts(msgspec.Struct):
    """What was labelled.

    Attributes:
        responses: pairs written, by the response's category.
        posts: labelled posts among them, by category.
        response_confidence: sum of the probabilities of the responses' emotions.
        post_confidence: likewise of the posts'.
        left_out: pairs whose response's emotion was not probable enough.
        rejected: bad records.
        sentences: texts of pairs that were read, as often as they came.
        seconds: how long that took.
    """

    responses: list[int]
    posts: list[int]
    response_confidence: float = 0.0
    post_confidence: float = 0.0
    left_out: int = 0
    rejected: int = 0
    sentences: int = 0
    seconds: float = 0.0

    @property
    def pairs(self) -> int:
        """All good pairs that were read."""
        return sum(self.responses) + self.left_out


class Run(msgspec.Struct, frozen=True):
    """What the bytes of the output depend on; only a run with the same may go on with them."""

    sources: list[tuple[str, str]]
    classifier: str
    min_confidence: float
    label_posts: bool
    format: str | None


class State(msgspec.Struct):
    """How far a run is: records read, bytes written to each file, what was counted."""

    run: Run
    counts: Counts
    records: int = 0
    labelled_bytes: int = 0
    rejected_bytes: int = 0


class Files:
    """The output's files: what they are called when finished and until then.

    Args:
        output: the labelled pairs.
    """

    def __init__(self, output: Path) -> None:
        self.output = output
        self.rejected = _beside(output, ".rejected.jsonl")
        self.partial = _beside(output, ".partial")
        self.rejected_partial = _beside(output, ".rejected.partial")
        self.progress = _beside(output, ".progress.json")

    def state(self, run: Run, categories: int) -> State:
        """Where to go on: at the beginning, or where an unfinished run of the same was.

        Raises:
            InputError: what lies there is the progress of another run, or no progress.
        """
        if not self.progress.exists():
            return State(run, Counts([0] * categories, [0] * categories))
        anew = f"remove {self.partial} and {self.progress} to start anew."
        try:
            state = msgspec.json.decode(self.progress.read_bytes(), type=State)
        except msgspec.DecodeError as error:
            raise InputError(
                f"{self.progress}: expected how far a run is; {error}; {anew}"
            ) from error
        fields = Run.__struct_fields__
        other = [name for name in fields if getattr(state.run, name) != getattr(run, name)]
        if other:
            raise InputError(
                f"{self.progress}: expected an unfinished run with the same sources, classifier "
                f"and settings, got one with another {', '.join(other)}; {anew}"
            )
        sizes = {self.partial: state.labelled_bytes, self.rejected_partial: state.rejected_bytes}
        for path, size in sizes.items():
            came = path.stat().st_size if path.exists() else 0
            if came < size:
                raise InputError(f"{path}: expected at least {size} bytes, got {came}; {anew}")
        return state

    def finish(self, *, keep_rejected: bool) -> None:
        """Gives the files their names."""
        os.replace(self.partial, self.output)
        if keep_rejected:
            os.replace(self.rejected_partial, self.rejected)
        else:
            self.rejected_partial.unlink()
            self.rejected.unlink(missing_ok=True)
        self.progress.unlink()

    def remove(self) -> None:
        """Removes what is unfinished."""
        for path in (self.partial, self.rejected_partial, self.progress):
            path.unlink(missing_ok=True)


def continued(path: Path, size: int) -> BinaryIO:
    """Opens a file to write on after its first `size` bytes; the rest is cut off."""
    try:
        file = path.open("r+b" if path.exists() else "w+b")
    except OSError as error:
        raise InputError(f"{path}: expected a place for a new file; {error}.") from error
    file.truncate(size)
    file.seek(size)
    return file


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)
