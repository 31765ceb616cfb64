"""Markdown tables, read back."""


def table_rows(text):
    """Returns the cells of each row of the Markdown tables in a text, without delimiter rows."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in rows if set("".join(row)) - set("-:")]
