"""The HTML page on which an annotator fills a sheet."""

from pathlib import Path

from ecm_tf.core.manifest import write_atomically
from ecm_tf.evaluation.human.key import Key
from ecm_tf.evaluation.human.sheet import COLUMNS, blank_rows
from ecm_tf.report import render

TEMPLATE = Path(__file__).with_name("sheet.html")


def write_page(path: Path, key: Key, chinese: dict[str, str]) -> None:
    """Writes the page of a sheet, which loads no other file and sends nothing.

    It shows one reply at a time, keeps the scores in the browser's local storage, and exports the
    CSV file that `ecm_tf.evaluation.human.sheet.read_sheet` reads.

    Args:
        path: the HTML file.
        key: the key of the sheet; the page contains nothing of its systems.
        chinese: the Chinese name of each emotion.
    """
    rows = [
        {
            "cells": cells,
            "post": key.posts[row.post],
            "reply": row.reply,
            "emotion": key.emotions[row.emotion],
            "chinese": chinese[key.emotions[row.emotion]],
        }
        for cells, row in zip(blank_rows(key), key.rows, strict=True)
    ]
    write_atomically(path, render(TEMPLATE, run=key.run, columns=COLUMNS, rows=rows))
