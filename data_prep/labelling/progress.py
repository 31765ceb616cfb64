"""The progress of a labelling run on disk, so that it can be interrupted at any time and resumed.

The output is written to `OUTPUT.partial`, the list of bad records to `OUTPUT.rejected.partial`.
After every piece of output, `OUTPUT.progress.json` records how many of their bytes are valid; a
resumed run truncates the files to these lengths. `OUTPUT.parts` has the labels of sources that are
labelled in parallel, until they are appended. `.OUTPUT.lock` keeps a second run from writing the
same files.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from operator import add
from pathlib import Path
from typing import BinaryIO, Self

import msgspec

from ecm_tf.core.errors import InputError
from ecm_tf.core.lock import locked
from ecm_tf.core.manifest import write_atomically


class Counts(msgspec.Struct):
    """Counts of a run.

    Attributes:
        responses: pairs written, by category of the response.
        posts: labelled posts of these pairs, by category.
        response_confidence: sum of the probabilities of the responses' emotions.
        post_confidence: sum of the probabilities of the posts' emotions.
        left_out: pairs dropped because the emotion of the response was below the minimum
            confidence.
        rejected: bad records.
        sentences: texts of all pairs, including repeated ones.
        seconds: duration in seconds.
    """

    responses: list[int]
    posts: list[int]
    response_confidence: float = 0.0
    post_confidence: float = 0.0
    left_out: int = 0
    rejected: int = 0
    sentences: int = 0
    seconds: float = 0.0

    @classmethod
    def zero(cls, categories: int) -> Self:
        """Returns the counts of no records."""
        return cls([0] * categories, [0] * categories)

    @property
    def pairs(self) -> int:
        """Number of valid pairs."""
        return sum(self.responses) + self.left_out

    def add(self, other: "Counts") -> None:
        """Adds the counts of other records."""
        for name in self.__struct_fields__:
            ours, theirs = getattr(self, name), getattr(other, name)
            lists = isinstance(ours, list)
            setattr(self, name, list(map(add, ours, theirs)) if lists else ours + theirs)


class Run(msgspec.Struct, frozen=True):
    """Everything on which the output depends; a run is resumed only if all of it is the same."""

    sources: list[tuple[str, str]]
    classifier: str
    min_confidence: float
    label_posts: bool
    format: str | None


class State(msgspec.Struct):
    """State of a run.

    Attributes:
        run: what the output depends on.
        counts: the counts so far.
        sources: number of sources that are complete.
        records: number of records of the next source that are labelled.
        labelled_bytes: bytes written to the output.
        rejected_bytes: bytes written to the list of bad records.
    """

    run: Run
    counts: Counts
    sources: int
    records: int
    labelled_bytes: int = 0
    rejected_bytes: int = 0

    @property
    def complete(self) -> bool:
        """Whether all sources are labelled."""
        return self.sources == len(self.run.sources)


class OutputFiles:
    """The files of a run, with their temporary and final names.

    Args:
        output: the file of labelled pairs.
    """

    def __init__(self, output: Path) -> None:
        self.output = output
        self.rejected = _sibling(output, ".rejected.jsonl")
        self.partial = _sibling(output, ".partial")
        self.rejected_partial = _sibling(output, ".rejected.partial")
        self.progress = _sibling(output, ".progress.json")
        self.parts = _sibling(output, ".parts")
        self._lock = output.with_name(f".{output.name}.lock")

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Makes other runs with the same output fail while the `with` block runs.

        Raises:
            InputError: another run writes the output, or the lock file cannot be created.
        """
        refusal = (
            f"{self.output}: expected an output that no other run writes, but one is in progress; "
            "wait until it has finished, or choose another --output."
        )
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(locked(self._lock, refusal, remove=True))
            except OSError as error:
                raise cannot_create(self.output, error) from error
            yield

    @property
    def finishing(self) -> bool:
        """Whether a run was interrupted after it moved the output to its final name."""
        return self.progress.exists() and not self.partial.exists()

    def load_state(self, run: Run, categories: int) -> State:
        """Returns the state of an unfinished run, or the initial state if there is none.

        The files of a complete run may have their final names already.

        Raises:
            InputError: the progress file is invalid or belongs to a different run.
        """
        if not self.progress.exists():
            return State(run, Counts.zero(categories), sources=0, records=0)
        advice = f"remove {self.partial} and {self.progress} to start again."
        try:
            state = msgspec.json.decode(self.progress.read_bytes(), type=State)
        except msgspec.DecodeError as error:
            raise InputError(
                f"{self.progress}: expected the progress of a run; {error}; {advice}"
            ) from error
        fields = Run.__struct_fields__
        different = [name for name in fields if getattr(state.run, name) != getattr(run, name)]
        if different:
            raise InputError(
                f"{self.progress}: expected an unfinished run with the same sources, classifier "
                f"and settings, got one with different {', '.join(different)}; {advice}"
            )
        for path, final, size in (
            (self.partial, self.output, state.labelled_bytes),
            (self.rejected_partial, self.rejected, state.rejected_bytes),
        ):
            moved = state.complete and not path.exists() and _size(final) == size
            if not moved and (actual := _size(path)) < size:
                raise InputError(f"{path}: expected at least {size} bytes, got {actual}; {advice}")
        return state

    def save_state(self, state: State) -> None:
        """Writes the progress file."""
        write_atomically(self.progress, msgspec.json.encode(state).decode())

    def finish(self, *, keep_rejected: bool) -> None:
        """Moves the files of a complete run to their final names and removes all others.

        The output appears after the list of bad records, so that a run that has an output is
        complete. The steps that an interrupted call has taken are skipped.
        """
        if not keep_rejected:
            self.rejected_partial.unlink(missing_ok=True)
            self.rejected.unlink(missing_ok=True)
        elif self.rejected_partial.exists():
            os.replace(self.rejected_partial, self.rejected)
        if self.partial.exists():
            os.replace(self.partial, self.output)
        self.remove()

    def first_rejected(self) -> str:
        """Returns the first bad record of an unfinished run, with its file and the reason."""
        with self.rejected_partial.open("rb") as file:
            row = msgspec.json.decode(file.readline())
        return f"{row['file']}: record {row['record']}: {row['reason']}"

    def remove(self) -> None:
        """Removes the files of an unfinished run."""
        shutil.rmtree(self.parts, ignore_errors=True)
        # Without the progress file, the next run begins again, whatever else is left.
        for path in (self.partial, self.progress, self.rejected_partial):
            path.unlink(missing_ok=True)


def open_at(path: Path, size: int) -> BinaryIO:
    """Opens a file for writing after its first `size` bytes and truncates the rest."""
    try:
        file = path.open("r+b" if path.exists() else "w+b")
    except OSError as error:
        raise cannot_create(path, error) from error
    file.truncate(size)
    file.seek(size)
    return file


def cannot_create(path: Path, error: OSError) -> InputError:
    """Returns the error of an output path where no file can be created."""
    return InputError(f"{path}: expected a path where a file can be created; {error}.")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _sibling(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)
