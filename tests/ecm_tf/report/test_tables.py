from markdown_rows import table_rows

from ecm_tf.report.tables import aligned, markdown_table, percent, share


def test_markdown_table():
    text = markdown_table(["model", "words"], [["ECM", "12.50"], ["喜欢", None], ["001", 3]])
    header, delimiter, *rows = text.splitlines()
    assert header.startswith("| model ")
    assert set(delimiter) == set("|:-")
    assert delimiter.endswith("-:|")
    assert len(rows) == 3
    assert table_rows(text) == [["model", "words"], ["ECM", "12.50"], ["喜欢", ""], ["001", "3"]]


def test_markdown_table_without_rows():
    assert table_rows(markdown_table(["model", "words"], [])) == [["model", "words"]]


def test_aligned():
    assert aligned([("", "train", "dev"), ("pairs", 12345, 6), ("  0 happy", 2, "10.00 %")]) == [
        "           train      dev",
        "pairs      12345        6",
        "  0 happy      2  10.00 %",
    ]


def test_percentages():
    assert (percent(0.12345), percent(None)) == ("12.35 %", "-")
    assert (share(1, 4), share(0, 0)) == ("25.00 %", "-")
