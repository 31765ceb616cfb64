"""Rows of tables: quoted cells as spreadsheets write them, and single quotation marks."""

import pytest

from data_prep.corpus.formats import RecordError
from data_prep.corpus.tables import MAX_LINES, csv_rows, tsv_rows
from ecm_tf.core.errors import InputError

HEADER = "post\tresponse\temotion\n"


def rows(tmp_path, text):
    """Returns the line and the cells of each row after the header."""
    path = tmp_path / "table"
    path.write_text(HEADER + text, encoding="utf-8")
    return [(row.number, row.cells) for row in tsv_rows(path)][1:]


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ('"好"\tb\t"1"', ["好", "b", "1"]),
        ('"a ""x"" b"\tb\t1', ['a "x" b', "b", "1"]),
        ('"a\tb"\tc\t1', ["a\tb", "c", "1"]),
        ('""\t""""\t1', ["", '"', "1"]),
        # Not quoted: the quotation marks are part of the text.
        ('"好" 他说\tb\t1', ['"好" 他说', "b", "1"]),
        ('他说"好"\tb\t1', ['他说"好"', "b", "1"]),
        ('"a"b"\tb\t1', ['"a"b"', "b", "1"]),
        ('"好\tb\t1', ['"好', "b", "1"]),
        ('"\tb\t1', ['"', "b", "1"]),
    ],
)
def test_cells_of_a_line(tmp_path, line, cells):
    assert rows(tmp_path, f"{line}\n") == [(2, cells)]


@pytest.mark.parametrize("column", [0, 1, 2])
def test_quoted_cell_with_line_breaks(tmp_path, column):
    cells = ["a", "b", "c"]
    cells[column] = 'first\n"" second\tx\nthird'
    line = "\t".join(f'"{cell}"' if "\n" in cell else cell for cell in cells)
    cells[column] = cells[column].replace('""', '"')
    assert rows(tmp_path, f"{line}\nd\te\tf\n") == [(2, cells), (5, ["d", "e", "f"])]


@pytest.mark.parametrize("line", ['"好\tb\t1', 'a\t"好\t1', 'a\tb\t"1', '"x\ty'])
@pytest.mark.parametrize("following", ["c\td\t2", '"c"\td\t2', '"c\td\t2', 'c"\td\t2x'])
def test_single_quotation_mark_does_not_swallow_lines(tmp_path, line, following):
    expected = [(2, line.split("\t")), (3, following.replace('"c"', "c").split("\t"))]
    if line == '"x\ty' and following == 'c"\td\t2x':
        # This is what a quoted cell with a line break looks like.
        expected = [(2, ["x\ty\nc", "d", "2x"])]
    assert rows(tmp_path, f"{line}\n{following}\n") == expected


def test_single_quotation_mark_before_a_cell_of_several_lines(tmp_path):
    text = '"好\tb\t1\n"m\nn"\tb\t1\n'
    assert rows(tmp_path, text) == [(2, ['"好', "b", "1"]), (3, ["m\nn", "b", "1"])]


def test_row_of_too_many_lines(tmp_path):
    text = '"a\n' + "x\n" * MAX_LINES + 'b"\tc\t1\n'
    assert len(rows(tmp_path, text)) == MAX_LINES + 2


def test_csv_rows(tmp_path):
    path = tmp_path / "table"
    path.write_text('\ufeffpost,response\n"a, ""b""","c\nd"\n\ne,f\n', encoding="utf-8")
    assert [(row.number, row.cells) for row in csv_rows(path)] == [
        (1, ["post", "response"]),
        (2, ['a, "b"', "c\nd"]),
        (5, ["e", "f"]),
    ]


def test_a_badly_quoted_csv_row_does_not_hide_the_next(tmp_path):
    path = tmp_path / "table"
    path.write_text('post,response\n你好,"他说"好"。"\n"c\nd",e\n', encoding="utf-8")
    _, bad, good = csv_rows(path)
    assert (bad.number, bad.raw.decode()) == (2, '你好,"他说"好"。"')
    with pytest.raises(RecordError, match="expected doubled quotation marks inside quoted cells; "):
        _ = bad.cells
    assert (good.number, good.cells) == (3, ["c\nd", "e"])


def test_an_open_quote_does_not_swallow_csv_rows(tmp_path):
    """It ends at the first quotation mark of a later row, in the middle of that."""
    path = tmp_path / "table"
    path.write_text('post,response\na,"x\nc,d\ne,f\nb,"y"\n', encoding="utf-8")
    with pytest.raises(InputError, match="line 2: expected a table with closed quotes"):
        list(csv_rows(path))


def test_files_of_pandas(tmp_path):
    pandas = pytest.importorskip("pandas")
    texts = ["好", 'a "b" c', "a\tb", "a\nb", "a,b", '"', '"x', 'x"', '"x"', "", "\n"]
    frame = pandas.DataFrame({"post": texts, "response": texts[::-1], "emotion": 1})
    expected = frame.astype(str).to_numpy().tolist()
    for separator, reader in (("\t", tsv_rows), (",", csv_rows)):
        for quoting in (0, 1):
            path = tmp_path / f"table_{ord(separator)}_{quoting}"
            frame.to_csv(path, sep=separator, index=False, quoting=quoting)
            assert [row.cells for row in reader(path)][1:] == expected
