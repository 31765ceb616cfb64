"""`experiments.overlap`, on a corpus of a few pairs."""

import json

import pytest
from markdown_rows import table_rows

from ecm_tf.core.errors import InputError
from experiments.overlap import main


def write(path, *pairs):
    lines = [json.dumps({"post": post, "response": response}) for post, response in pairs]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_counts_neighbours_of_held_out_pairs(tmp_path, capsys):
    write(tmp_path / "train.jsonl", ("a", "b"), ("c", "d"), ("e", "f"))
    write(
        tmp_path / "test-talk.jsonl",
        ("B!", "x"),  # compared without case and punctuation
        ("x", "c"),
        ("d", "e"),
        ("x", "d"),
    )
    main([str(tmp_path)])
    _, row = table_rows(capsys.readouterr().out)
    assert row == ["test-talk", "4", "50.00 %", "50.00 %", "75.00 %"]


def test_a_directory_without_held_out_pairs_is_refused(tmp_path):
    write(tmp_path / "train.jsonl", ("a", "b"))
    with pytest.raises(InputError, match="expected a corpus with dev or test pairs, got none"):
        main([str(tmp_path)])
