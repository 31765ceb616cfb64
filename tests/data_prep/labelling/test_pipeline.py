"""`label_corpus`: its output, and how an interrupted run is resumed."""

import contextlib
import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from lock_holder import lock_holder

from data_prep.__main__ import main
from data_prep.corpus.readers import LabelOptions, Pair, read_pairs
from data_prep.labelling import source_labels
from data_prep.labelling.pipeline import label_corpus, summary
from data_prep.labelling.progress import OutputFiles
from data_prep.labelling.settings import LabelSettings
from ecm_tf.core.errors import InputError
from ecm_tf.text.emotions import DEFAULT


class FakeClassifier:
    """Predicts the emotion and probability written in a text, `"3 0.75 …"`.

    It raises `KeyboardInterrupt` after `calls` calls.
    """

    emotions = DEFAULT

    def __init__(self, calls: int | None = None) -> None:
        self.seen: list[str] = []
        self._calls = calls

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        if self._calls == 0:
            raise KeyboardInterrupt
        if self._calls is not None:
            self._calls -= 1
        self.seen += texts
        rows = np.zeros([len(texts), 6], np.float32)
        for row, text in zip(rows, texts, strict=True):
            emotion, probability = text.split()[:2]
            row[:] = (1 - float(probability)) / 5
            row[int(emotion)] = float(probability)
        return rows


ROWS = [
    {"post": "0 0.5 问", "response": "5 0.98766 答", "emotion": "sad", "post_emotion": "nonsense"},
    {"post": "5 0.98766 答", "response": "2 0.75 再答"},
    {"post": "2 0.75 再答", "response": "4 0.25 又答", "emotion": 17},
]
BAD = {"post": " ", "response": "0 0.5 a"}


def run(source: Path, output: Path, classifier: FakeClassifier | None = None, **settings):
    overwrite, digest = settings.pop("overwrite", False), settings.pop("digest", "c")
    return label_corpus(
        lambda: classifier or FakeClassifier(),
        DEFAULT,
        [source],
        output,
        LabelSettings(**settings),
        classifier_digest=digest,
        overwrite=overwrite,
    )


def rows_of(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def output(tmp_path) -> Path:
    return tmp_path / "made" / "for it" / "labelled.jsonl"


def test_output_is_a_corpus_with_probabilities(write_jsonl, output):
    classifier = FakeClassifier()
    counts = run(write_jsonl(ROWS), output, classifier)
    assert rows_of(output)[0] == {
        "post": "0 0.5 问",
        "response": "5 0.98766 答",
        "emotion": "happy",
        "emotion_probability": 0.9877,
        "post_emotion": "other",
        "post_emotion_probability": 0.5,
    }
    assert "问" in output.read_text(encoding="utf-8")
    assert list(read_pairs(output, LabelOptions(DEFAULT))) == [
        Pair("0 0.5 问", "5 0.98766 答", 5, 0),
        Pair("5 0.98766 答", "2 0.75 再答", 2, 5),
        Pair("2 0.75 再答", "4 0.25 又答", 4, 2),
    ]
    assert (counts.responses, counts.posts) == ([0, 0, 1, 0, 1, 1], [1, 0, 1, 0, 0, 1])
    assert sorted(classifier.seen) == sorted(
        {row[side] for row in ROWS for side in row if side in ("post", "response")}
    )
    assert [path.name for path in output.parent.iterdir()] == ["labelled.jsonl"]


def test_minimum_confidence_of_responses_and_posts(write_jsonl, output):
    counts = run(write_jsonl(ROWS), output, min_confidence=0.6)
    first, second = rows_of(output)
    assert first.keys() == {"post", "response", "emotion", "emotion_probability"}
    assert second["post_emotion"] == "happy"
    assert (counts.left_out, counts.pairs) == (1, 3)
    table = summary(counts, DEFAULT)
    assert "pairs dropped for low confidence: 1 (33.33 %)" in table
    assert "  2 sad                      1   50.00 %           0    0.00 %" in table
    assert "mean confidence         0.8688                0.9877" in table


def test_posts_without_labels(write_jsonl, output):
    classifier = FakeClassifier()
    counts = run(write_jsonl(ROWS), output, classifier, label_posts=False)
    assert [row.keys() for row in rows_of(output)] == [
        {"post", "response", "emotion", "emotion_probability"}
    ] * 3
    assert len(classifier.seen) == 3
    assert sum(counts.posts) == 0
    assert summary(counts, DEFAULT).count("-") == 7


def test_no_pair_above_the_minimum_confidence(write_jsonl, output):
    counts = run(write_jsonl(ROWS), output, min_confidence=0.99)
    assert output.read_bytes() == b""
    assert "mean confidence              -" in summary(counts, DEFAULT)


CORPUS = [
    BAD if i % 7 == 3 else {"post": f"{i % 6} 0.{i}", "response": f"{(i + 1) % 6} 0.{99 - i}"}
    for i in range(10, 60)
]


@pytest.mark.parametrize("corpus", [CORPUS, [row for row in CORPUS if row is not BAD]])
@pytest.mark.parametrize("interruptions", [[0], [1], [3, 0, 2]])
def test_resumed_run_gives_the_same_bytes(
    tmp_path, write_jsonl, monkeypatch, caplog, corpus, interruptions
):
    caplog.set_level(logging.INFO, "data_prep")
    monkeypatch.setattr(source_labels, "PAIRS_PER_BATCH", 8)
    source = write_jsonl(corpus)
    settings = {"min_confidence": 0.3, "skip_bad_records": True}
    once, again = tmp_path / "once.jsonl", tmp_path / "again.jsonl"
    expected = run(source, once, **settings)
    done = 0
    for calls in interruptions:
        with pytest.raises(KeyboardInterrupt):
            run(source, again, FakeClassifier(calls), **settings)
        assert not again.exists()
        # A resumed run truncates what was written after the last complete batch.
        for ending in (".partial", ".rejected.partial"):
            with (tmp_path / f"again.jsonl{ending}").open("ab") as file:
                file.write(b"half a li")
        done += calls
    classifier = FakeClassifier()
    counts = run(source, again, classifier, **settings)
    assert again.read_bytes() == once.read_bytes()
    assert (tmp_path / "again.jsonl.rejected.jsonl").read_bytes() == (
        tmp_path / "once.jsonl.rejected.jsonl"
    ).read_bytes()
    assert len(rows_of(tmp_path / "again.jsonl.rejected.jsonl")) == corpus.count(BAD)
    expected.seconds = counts.seconds
    assert counts == expected
    assert {path.name for path in tmp_path.iterdir()} == {
        source.name,
        *(f"{name}.jsonl{end}" for name in ("once", "again") for end in ("", ".rejected.jsonl")),
    }
    assert ("resuming after" in caplog.text) == (done > 0)
    assert len(classifier.seen) < 2 * (len(corpus) - 8 * done) + 1


def test_run_stopped_by_a_bad_record_can_be_resumed_without_it(
    tmp_path, write_jsonl, monkeypatch, caplog
):
    caplog.set_level(logging.INFO, "data_prep")
    monkeypatch.setattr(source_labels, "PAIRS_PER_BATCH", 2)
    source, output = write_jsonl([*ROWS, BAD]), tmp_path / "out.jsonl"
    with pytest.raises(InputError, match=r"line 4: expected a post with visible .*--skip_bad_rec"):
        run(source, output)
    assert not output.exists()
    counts = run(source, output, skip_bad_records=True)
    assert caplog.messages == ["resuming after 2 pairs"]
    assert (counts.rejected, len(rows_of(output))) == (1, 3)
    (rejected,) = rows_of(tmp_path / "out.jsonl.rejected.jsonl")
    assert rejected == {
        "file": "pairs.jsonl",
        "record": 4,
        "reason": "expected a post with visible characters, got ''",
        "raw": json.dumps(BAD),
    }


CHANGES = [
    ({"min_confidence": 0.5}, "min_confidence"),
    ({"label_posts": False}, "label_posts"),
    ({"format": "jsonl"}, "format"),
    ({"digest": "d"}, "classifier"),
]


@pytest.mark.parametrize(("change", "name"), CHANGES)
def test_run_with_other_settings_is_not_resumed(tmp_path, write_jsonl, monkeypatch, change, name):
    monkeypatch.setattr(source_labels, "PAIRS_PER_BATCH", 1)
    source, output = write_jsonl(ROWS), tmp_path / "out.jsonl"
    with pytest.raises(KeyboardInterrupt):
        run(source, output, FakeClassifier(1))
    with pytest.raises(
        InputError, match=rf"got one with different {name}; remove .*out\.jsonl\.par"
    ):
        run(source, output, **change)
    run(source, output)
    run(source, output, **change, overwrite=True)


def test_other_sources_and_damaged_progress_are_rejected(tmp_path, write_jsonl, monkeypatch):
    monkeypatch.setattr(source_labels, "PAIRS_PER_BATCH", 1)
    source, output = write_jsonl(ROWS), tmp_path / "out.jsonl"
    with pytest.raises(KeyboardInterrupt):
        run(source, output, FakeClassifier(1))
    with pytest.raises(InputError, match="different sources; remove"):
        run(write_jsonl(ROWS[:1], "other.jsonl"), output)
    (tmp_path / "out.jsonl.partial").write_bytes(b"{")
    with pytest.raises(InputError, match=r"partial: expected at least \d+ bytes, got 1; remove"):
        run(source, output)
    (tmp_path / "out.jsonl.progress.json").write_bytes(b"{")
    with pytest.raises(
        InputError, match=r"progress\.json: expected the progress of a run; .*; remove"
    ):
        run(source, output)


def test_finished_output_is_overwritten_only_on_request(tmp_path, write_jsonl):
    source, output = write_jsonl([*ROWS, BAD]), tmp_path / "out.jsonl"
    run(source, output, skip_bad_records=True)
    with pytest.raises(InputError, match="the file exists already; --overwrite replaces it"):
        run(source, output)
    run(write_jsonl(ROWS[:1]), output, overwrite=True)
    assert len(rows_of(output)) == 1
    assert not (tmp_path / "out.jsonl.rejected.jsonl").exists()


def test_a_second_run_on_the_same_output_is_refused(tmp_path, write_jsonl):
    source, output = write_jsonl(ROWS), tmp_path / "out.jsonl"

    class Impatient(FakeClassifier):
        """Starts a second run while the first one labels."""

        def probabilities(self, texts):
            with pytest.raises(InputError, match=r"expected an output that no other run writes, "):
                run(source, output, overwrite=True)
            return super().probabilities(texts)

    run(source, output, Impatient())
    assert len(rows_of(output)) == 3
    assert {path.name for path in tmp_path.iterdir()} == {"out.jsonl", "pairs.jsonl"}


def test_a_killed_run_does_not_keep_the_lock(tmp_path, write_jsonl):
    source, output = write_jsonl(ROWS), tmp_path / "out.jsonl"
    held = lock_holder("data_prep.labelling.progress", "module.OutputFiles(path).locked()", output)
    with held, pytest.raises(InputError, match="expected an output that no other run writes"):
        run(source, output)
    run(source, output)
    assert {path.name for path in tmp_path.iterdir()} == {"out.jsonl", "pairs.jsonl"}


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize(
    ("rows", "name"),
    [
        (rows, name)
        for rows in (ROWS, [*ROWS, BAD])
        for name in ("out.jsonl", "out.jsonl.rejected.jsonl", "out.jsonl.progress.json")
    ],
)
def test_a_run_that_was_killed_while_it_moved_its_files_is_finished(
    tmp_path, write_jsonl, monkeypatch, rows, name, overwrite
):
    source, output = write_jsonl(rows), tmp_path / "out.jsonl"
    settings = {"skip_bad_records": rows is not ROWS}
    expected = run(source, tmp_path / "expected.jsonl", **settings)
    replace, unlink = os.replace, Path.unlink
    with monkeypatch.context() as patch:

        def replace_or_die(source, target):
            # The progress file is also written during the run.
            if target == tmp_path / name and not name.endswith("progress.json"):
                raise KeyboardInterrupt
            replace(source, target)

        def unlink_or_die(path, **options):
            if path == tmp_path / name:
                raise KeyboardInterrupt
            unlink(path, **options)

        patch.setattr(os, "replace", replace_or_die)
        patch.setattr(Path, "unlink", unlink_or_die)
        with pytest.raises(KeyboardInterrupt):
            run(source, output, **settings)
    # Scripts take a run with an output for complete.
    assert output.exists() == name.endswith("progress.json")
    counts = run(source, output, FakeClassifier(0), overwrite=overwrite, **settings)
    expected.seconds = counts.seconds
    assert counts == expected
    ends = ["", ".rejected.jsonl"] if settings["skip_bad_records"] else [""]
    for end in ends:
        made, same = (tmp_path / f"{stem}.jsonl{end}" for stem in ("out", "expected"))
        assert made.read_bytes() == same.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {
        source.name,
        *(f"{stem}.jsonl{end}" for stem in ("out", "expected") for end in ends),
    }


def test_an_output_that_changed_before_the_run_was_finished_is_kept(
    tmp_path, write_jsonl, monkeypatch
):
    source, output = write_jsonl(ROWS), tmp_path / "out.jsonl"
    progress = tmp_path / "out.jsonl.progress.json"
    with monkeypatch.context() as patch:
        patch.setattr(OutputFiles, "finish", lambda *_, **__: None)
        run(source, output)
    (tmp_path / "out.jsonl.partial").unlink()
    output.write_text("mine")
    with pytest.raises(InputError, match=r"partial: expected at least \d+ bytes, got 0; remove"):
        run(source, output)
    assert output.read_text() == "mine"
    progress.unlink()
    with pytest.raises(InputError, match="the file exists already"):
        run(source, output)


@pytest.mark.parametrize("rows", [ROWS, [BAD]])
def test_the_parts_of_a_killed_run_on_ray_are_removed(tmp_path, write_jsonl, rows):
    source, output = write_jsonl(rows), tmp_path / "out.jsonl"
    parts = tmp_path / "out.jsonl.parts"
    parts.mkdir()
    (parts / "00000.jsonl").touch()
    with contextlib.nullcontext() if rows is ROWS else pytest.raises(InputError):
        run(source, output, skip_bad_records=True)
    assert not parts.exists()


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("out.jsonl.gz", "expected a name without .gz"),
        (".", "expected a file to write, got a directory"),
        ("pairs.jsonl", "expected an output that is not also an input"),
        ("pairs.jsonl/out.jsonl", "expected a path where a file can be created"),
    ],
)
def test_invalid_outputs(tmp_path, write_jsonl, name, problem):
    with pytest.raises(InputError, match=problem):
        run(write_jsonl(ROWS), tmp_path / name, overwrite=True)


def test_inputs_without_pairs(tmp_path, write_jsonl):
    output = tmp_path / "out.jsonl"
    problem = r"got none and 1 bad records; the first: pairs\.jsonl: record 1: expected"
    with pytest.raises(InputError, match=problem):
        run(write_jsonl([BAD]), output, skip_bad_records=True)
    with pytest.raises(InputError, match="no such file; expected a readable source file"):
        run(tmp_path / "nothing", output)
    assert [path.name for path in tmp_path.iterdir()] == ["pairs.jsonl"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--min_confidence", "1"], r"min_confidence: expected a number in \[0, 1\), got 1"),
        (["--min_confidence", "nan"], r"min_confidence: expected a number in \[0, 1\), got nan"),
        ([], "classifier: no such directory; expected a classifier directory"),
    ],
)
def test_command_rejects_invalid_input(tmp_path, write_jsonl, arguments, problem):
    source, classifier = write_jsonl(ROWS), tmp_path / "classifier"
    files = ["--input", source, "--classifier", classifier, "--output", tmp_path / "out.jsonl"]
    with pytest.raises(InputError, match=problem):
        main(["label", *map(str, files), *arguments])


def test_command_labels_and_prints_a_table(tmp_path, write_jsonl, monkeypatch, capsys):
    classifier = tmp_path / "classifier"
    classifier.mkdir()
    (classifier / "manifest.json").write_text("{}")
    monkeypatch.setattr(
        "ecm_tf.text.emotion_classifier.EmotionClassifier", lambda _: FakeClassifier()
    )
    output = tmp_path / "out.jsonl"
    files = ["--input", write_jsonl(ROWS), "--classifier", classifier, "--output", output]
    main(["label", *map(str, files)])
    printed = capsys.readouterr().out
    assert printed.splitlines()[1].split() == ["labelled", "3", "3"]
    assert printed.endswith(f"sentences/s\nlabelled pairs: {output}\n")
    assert len(rows_of(output)) == 3
