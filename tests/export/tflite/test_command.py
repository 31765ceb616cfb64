"""The command: replies of a directory of files, and the comparison with the model."""

import re
import shutil
import sys

import pytest
from markdown_rows import table_rows

from ecm_tf.core.errors import InputError
from ecm_tf.text.emotions import DEFAULT
from export.tflite.__main__ import main
from export.tflite.conversion import convert
from export.tflite.files import IDS, TEXT

pytestmark = pytest.mark.xdist_group("tflite")


def test_run_prints_replies_of_either_file(converted, greedy_replies, capsys):
    posts = ["我的猫会握手", "今天天气真好"]
    _, texts = greedy_replies(posts)
    expected = []
    for number, post in enumerate(posts):
        pairs = zip(DEFAULT.names, texts[6 * number : 6 * number + 6], strict=True)
        expected += [post, *(f"{name}: {text.decode()}" for name, text in pairs)]
    for file in (converted["none"], converted["none"] / TEXT, converted["none"] / IDS):
        main(["run", str(file), *posts])
        assert capsys.readouterr().out.splitlines() == expected
    main(["run", str(converted["none"]), posts[0], "--emotion", "喜欢"])
    assert capsys.readouterr().out.splitlines() == [expected[0], expected[2]]


def test_run_requires_a_directory_of_convert(converted, tmp_path):
    unfinished = tmp_path / "unfinished"
    unfinished.mkdir()
    for name in (TEXT, IDS):
        (unfinished / name).write_bytes(b"half")
    for path, message in {
        tmp_path / "nothing": "no such file",
        converted["none"] / "config.json": "expected a directory of export.tflite",
        unfinished: "expected a finished tflite directory",
    }.items():
        with pytest.raises(InputError, match=message):
            main(["run", str(path), "你好"])
    with pytest.raises(InputError, match="unknown emotion 'joyful'"):
        main(["run", str(converted["none"]), "你好", "--emotion", "joyful"])


def test_changed_file_is_refused(converted, tmp_path):
    changed = shutil.copytree(converted["none"], tmp_path / "changed")
    (changed / TEXT).write_bytes(b"half")
    with pytest.raises(InputError, match="changed since its manifest was written"):
        main(["run", str(changed), "你好"])


def test_missing_package_is_reported_with_its_extra(converted, monkeypatch):
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    message = r"ai_edge_litert.* not installed.* `tflite` extra: pip install '\.\[tflite\]'"
    with pytest.raises(InputError, match=message):
        main(["run", str(converted["none"]), "你好"])


def test_compare_prints_one_row_per_file(converted, wide_dir, dataset, monkeypatch, capsys):
    def copy(train_dir, output, scheme, *, files, shape):
        if shape:
            return convert(train_dir, output, scheme, files=files, shape=shape)
        return shutil.copytree(converted[scheme], output)

    monkeypatch.setattr("export.tflite.comparison.SCHEMES", {"none": ""})
    monkeypatch.setattr("export.tflite.comparison.convert", copy)
    main(["compare", "--train_dir", str(wide_dir), "--dataset", str(dataset), "--posts", "3"])
    rows = table_rows(capsys.readouterr().out)
    names = ["none, ids", "none, text", "none, ids, fixed shapes"]
    assert [row[0] for row in rows] == ["file", *names]
    for row in rows[1:]:
        figures = r"[\d.]+ MB, \d+ ms, [\d.]+ ms, \d+ MB, 100.00%"
        assert re.fullmatch(figures, ", ".join(row[1:]))


def test_compare_requires_a_positive_number_of_posts(model_dir, dataset, capsys):
    flags = ["--train_dir", str(model_dir), "--dataset", str(dataset), "--posts", "0"]
    with pytest.raises(SystemExit):
        main(["compare", *flags])
    assert "--posts: expected an integer of at least 1, got '0'" in capsys.readouterr().err
