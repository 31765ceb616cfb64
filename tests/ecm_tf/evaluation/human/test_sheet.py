"""Annotation sheets: blinding, round trips through CSV, and what is refused."""

import csv
import io

import pytest

from ecm_tf.core.errors import InputError
from ecm_tf.evaluation.human.key import Key, blind
from ecm_tf.evaluation.human.sheet import (
    COLUMNS,
    Scores,
    protect,
    read_sheet,
    unprotect,
    write_sheet,
)

POSTS = ["今天天气真好", "=1+1", 'a "quoted", post']
REPLIES = {
    "model-ecm": [["真好", "-难过"], ["@you", "+1"], ["same", "'quoted'"]],
    "model-seq2seq": [["是啊", "是啊"], ["3.0", "3-4"], ["same", ""]],
}


@pytest.fixture
def key():
    return blind(REPLIES, POSTS, ["like", "sad"], seed=0)


@pytest.fixture
def filled(key, tmp_path):
    """`filled(change)`: the path of a filled sheet, whose rows `change` may edit in place."""

    def fill(change=lambda rows: None, name="filled.csv", delimiter=","):
        write_sheet(tmp_path / "blank.csv", key)
        text = (tmp_path / "blank.csv").read_text(encoding="utf-8-sig")
        rows = list(csv.reader(io.StringIO(text)))
        for number, row in enumerate(rows[1:]):
            row[4:] = [str(number % 3), str(number % 2)]
        change(rows)
        with (tmp_path / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter=delimiter).writerows(rows)
        return tmp_path / name

    return fill


def test_every_system_has_a_row_for_each_post_and_emotion(key):
    found = {
        (key.systems[system], row.post, row.emotion): row.reply
        for row in key.rows
        for system in row.systems
    }
    assert found == {
        (system, post, emotion): reply
        for system, texts in REPLIES.items()
        for post, replies in enumerate(texts)
        for emotion, reply in enumerate(replies)
    }
    assert len(key.rows) == 11, "the systems share one reply"


def test_the_order_is_random_and_seeded(key):
    places = [(row.post, row.emotion, row.reply) for row in key.rows]
    assert places != sorted(places)
    assert blind(REPLIES, POSTS, ["like", "sad"], seed=0) == key
    assert blind(REPLIES, POSTS, ["like", "sad"], seed=1).rows != key.rows
    reversed_systems = dict(reversed(REPLIES.items()))
    other = blind(reversed_systems, POSTS, ["like", "sad"], seed=0)
    assert [row.reply for row in other.rows] == [row.reply for row in key.rows]


def test_the_sheet_is_blind_and_opens_in_excel(key, tmp_path):
    write_sheet(tmp_path / "sheet.csv", key)
    content = (tmp_path / "sheet.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfid,post,emotion,reply,content,emotion_score\r\n")
    assert b"ecm" not in content and b"seq2seq" not in content
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert all(cell[:1] not in ("=", "+", "-", "@") for row in rows for cell in row)
    assert [row[4:] for row in rows[1:]] == [["", ""]] * 11


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-难过", "@you", "＝1", "'a", "''", "3.0", "3-4", "1/2", "\t=1", " =1"]
)
def test_texts_that_a_spreadsheet_interprets_are_protected(text):
    assert protect(text) == f"'{text}"
    assert unprotect(protect(text)) == text


@pytest.mark.parametrize("text", ["", "今天=1", "3比0", "a 'b'", "真好-"])
def test_other_texts_are_not_changed(text):
    assert protect(text) == unprotect(protect(text)) == text


def test_filled_sheets_are_read_in_the_order_of_the_key(key, filled):
    expected = [Scores(number % 3, number % 2) for number in range(11)]
    assert read_sheet(filled(), key) == expected
    assert read_sheet(filled(lambda rows: rows.insert(1, rows.pop())), key) == expected


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_what_spreadsheets_change_is_accepted(key, filled, delimiter):
    def change(rows):
        rows[1][4:] = [" ２ ", "１"]
        for row in rows[1:]:
            row[3] = row[3].upper() + " "
        rows.append([""] * 6)

    path = filled(change, delimiter=delimiter)
    assert read_sheet(path, key)[0] == Scores(2, 1)


def set_cell(row, column, value):
    def change(rows):
        rows[row][COLUMNS.index(column)] = value

    return change


def swap_replies(rows):
    replies = [row[3] for row in rows]
    first, second = replies.index("真好"), replies.index("是啊")
    rows[first][3], rows[second][3] = rows[second][3], rows[first][3]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_cell(0, "content", "note"), "filled.csv, line 1: expected a column 'content', found"),
        (set_cell(2, "content", "3"), "filled.csv, line 3: content: expected 0, 1 or 2, got '3'"),
        (set_cell(2, "content", "-1"), "line 3: content: expected 0, 1 or 2, got '-1'"),
        (set_cell(2, "content", "²"), "line 3: content: expected 0, 1 or 2, got '²'"),
        (set_cell(5, "content", ""), "line 6: content: expected 0, 1 or 2, got 'nothing'"),
        (set_cell(5, "emotion_score", "2"), "line 6: emotion_score: expected 0 or 1, got '2'"),
        (set_cell(3, "id", "r7"), "line 4: expected a row of the sheet RUN, got 'r7'"),
        (set_cell(3, "id", "0123abcd-0001"), "line 4: .* it belongs to the sheet 0123abcd"),
        (lambda rows: rows.append(rows[1]), "line 13: expected each row once, got RUN-0001 again"),
        (lambda rows: rows.pop(4), "filled.csv: expected 11 rows, found no row RUN-0004"),
        (lambda rows: rows.clear(), "filled.csv, line 1: expected a column 'id', found none"),
        (swap_replies, "was one column sorted without the others"),
    ],
)
def test_wrong_sheets_are_refused(key, filled, change, message):
    with pytest.raises(InputError, match=message.replace("RUN", key.run)):
        read_sheet(filled(change), key)


def test_files_that_are_no_sheets_are_refused(key, tmp_path):
    with pytest.raises(InputError, match="no such file; expected a filled annotation sheet"):
        read_sheet(tmp_path / "none.csv", key)
    (tmp_path / "gbk.csv").write_bytes("今天".encode("gbk"))
    with pytest.raises(InputError, match="got invalid UTF-8"):
        read_sheet(tmp_path / "gbk.csv", key)


def test_keys_are_read_back(key, tmp_path):
    key.save(tmp_path / "key.json")
    assert Key.load(tmp_path / "key.json") == key
    assert key.ids[0] == f"{key.run}-0001"


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('"systems"', '"models"', "key.json: expected a key, written by .*systems"),
        ("human evaluation key", "model", "key.json: expected a key, written by "),
        ("真好", "真坏", "key.json: expected the unmodified key RUN, got changed content"),
        ("{", "", "key.json: expected a key"),
    ],
)
def test_wrong_keys_are_refused(key, tmp_path, before, after, message):
    key.save(tmp_path / "key.json")
    text = (tmp_path / "key.json").read_text(encoding="utf-8")
    (tmp_path / "key.json").write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(InputError, match=message.replace("RUN", key.run)):
        Key.load(tmp_path / "key.json")
