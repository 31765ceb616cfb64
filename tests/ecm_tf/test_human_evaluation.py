"""`python -m ecm_tf.evaluate sheet` and `… agree`."""

import csv
import io
import json

import pytest
from markdown_rows import table_rows

from ecm_tf import cli
from ecm_tf.core.errors import InputError
from ecm_tf.data.directory import DatasetDirectory
from ecm_tf.decoding.search import Search
from ecm_tf.evaluate import main
from ecm_tf.evaluation.human.key import Key
from ecm_tf.evaluation.human.systems import sample_posts, system_replies

SEARCHES = '[greedy]\n\n[drawn]\ndecoder = "sample"\nseed = 1\n'


@pytest.fixture(scope="module")
def written(model_dir, dataset, tmp_path_factory):
    """The directory in which `sheet` wrote `human/` and `human-key.json`."""
    directory = tmp_path_factory.mktemp("evaluation")
    (directory / "searches.toml").write_text(SEARCHES)
    cli.main(
        [
            *("evaluate", "sheet", "--train_dir", str(model_dir), "--dataset", str(dataset)),
            *("--posts", "3", "--emotions", "sad", "1", "--output", str(directory / "human")),
            *("--searches", str(directory / "searches.toml")),
        ]
    )
    return directory


def test_the_sheet_has_the_replies_of_the_systems(written, model_dir, dataset):
    key = Key.load(written / "human-key.json")
    opened = DatasetDirectory(dataset)
    posts = sample_posts(opened, "test", 3, seed=0)
    assert key.systems == ["model, greedy", "model, drawn"]
    assert (key.posts, key.emotions) == (posts, ["sad", "like"])
    replies = system_replies({"model": model_dir}, {"greedy": Search()}, opened, posts, [2, 1])
    for row in key.rows:
        if 0 in row.systems:
            assert row.reply == replies["model"][row.post][row.emotion]
    assert sum(len(row.systems) for row in key.rows) == 2 * 3 * 2
    assert {path.name for path in (written / "human").iterdir()} == {"sheet.csv", "sheet.html"}
    for name in ("sheet.csv", "sheet.html"):
        text = (written / "human" / name).read_text(encoding="utf-8-sig")
        assert "greedy" not in text and "drawn" not in text
    sheet = (written / "human" / "sheet.csv").read_text(encoding="utf-8-sig")
    assert all(post in sheet for post in posts)


def test_posts_are_drawn_with_the_seed(dataset):
    opened = DatasetDirectory(dataset)
    assert sample_posts(opened, "test", 3, 0) == sample_posts(opened, "test", 5, 0)[:3]
    assert sample_posts(opened, "test", 100, 0) != sample_posts(opened, "test", 100, 1)
    assert len(set(sample_posts(opened, "test", 100, 0))) == 10


def fill(written, path, greedy, drawn):
    """Writes a sheet on which the replies of each search alone have one pair of scores."""
    key = Key.load(written / "human-key.json")
    systems = {id_: row.systems for id_, row in zip(key.ids, key.rows, strict=True)}
    text = (written / "human" / "sheet.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    for row in rows:
        row["content"], row["emotion_score"] = drawn if systems[row["id"]] == [1] else greedy
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


def test_filled_sheets_are_analysed(written, tmp_path, capsys):
    key = Key.load(written / "human-key.json")
    shared = sum(row.systems == [0, 1] for row in key.rows)
    sheets = [
        fill(written, tmp_path / "ann.csv", greedy=(2, 1), drawn=(1, 0)),
        fill(written, tmp_path / "ben.csv", greedy=(2, 1), drawn=(0, 0)),
    ]
    output = tmp_path / "out"
    flags = ["--key", str(written / "human-key.json"), "--output", str(output)]
    main(["agree", *sheets, *flags])
    printed = capsys.readouterr().out
    assert printed == (output / "tables.md").read_text(encoding="utf-8")
    figures = json.loads((output / "agreement.json").read_text(encoding="utf-8"))
    greedy, drawn = figures["systems"]
    assert (greedy["content"]["value"], greedy["emotion"]["value"]) == (2, 1)
    assert drawn["emotion"]["value"] == pytest.approx(shared / 6)
    assert drawn["content"]["value"] == pytest.approx((2 * shared + 0.5 * (6 - shared)) / 6)
    (comparison,) = figures["comparisons"]
    assert comparison["tie"] == pytest.approx(shared / 6)
    assert (comparison["win"], comparison["loss"]) == (pytest.approx(1 - shared / 6), 0)
    assert shared < 6, "the searches differ"
    assert "model, greedy – model, drawn" in [row[0] for row in table_rows(printed)]


def test_sheets_of_another_evaluation_are_refused(written, model_dir, dataset, tmp_path):
    data = ["--train_dir", str(model_dir), "--dataset", str(dataset), "--posts", "1"]
    main(["sheet", *data, "--output", str(tmp_path / "other"), "--sheet_seed", "5"])
    other = Key.load(tmp_path / "other-key.json")
    sheet = fill(written, tmp_path / "ann.csv", (2, 1), (1, 0))
    with pytest.raises(InputError, match=f"line 2: expected a row of the sheet {other.run}, got"):
        main(["agree", sheet, "--key", str(tmp_path / "other-key.json")])


def test_a_sheet_given_twice_is_refused(written, tmp_path):
    sheet = fill(written, tmp_path / "ann.csv", (2, 1), (1, 0))
    with pytest.raises(InputError, match=r"ann.csv: expected each sheet once, got it twice"):
        main(["agree", sheet, sheet, "--key", str(written / "human-key.json")])


def test_sheets_are_not_overwritten_and_the_key_stays_apart(written, model_dir, dataset, tmp_path):
    data = ["sheet", "--train_dir", str(model_dir), "--dataset", str(dataset)]
    with pytest.raises(InputError, match=r"sheet.csv: expected a new file, because annotators"):
        main([*data, "--output", str(written / "human")])
    inside = ["--output", str(tmp_path / "new"), "--key", str(tmp_path / "new/key.json")]
    with pytest.raises(InputError, match="--key: expected a file outside of "):
        main([*data, *inside])
    with pytest.raises(InputError, match="unknown emotion 'hungry'"):
        main([*data, "--output", str(tmp_path / "new"), "--emotions", "hungry"])
    assert list(tmp_path.iterdir()) == []


def test_completion_knows_the_subcommands(capsys):
    cli.main(["--print-completion", "bash"])
    script = capsys.readouterr().out
    for text in ("evaluate_sheet", "evaluate_agree", "--sheet_seed", "--relevance_pairs"):
        assert text in script
