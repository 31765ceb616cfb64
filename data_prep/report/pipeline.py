"""The `report` command: makes a directory with a page about a dataset."""

from pathlib import Path

from data_prep.report.page import dataset_page
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import MANIFEST, sha256, write_manifest
from ecm_tf.core.output import check_output, finished_directory
from ecm_tf.data.directory import DatasetDirectory

PAGE = "index.html"


def make_report(source: Path, output: Path, *, examples: int, overwrite: bool = False) -> Path:
    """Makes a report; the same dataset gives the same bytes.

    Args:
        source: a dataset directory.
        output: the directory to make, with the self-contained page `index.html`, its pictures as
            PNG files and a manifest.
        examples: number of example pairs per emotion, at least 1.
        overwrite: whether to replace a report in `output`.

    Returns:
        The path of the page.

    Raises:
        InputError: an argument is invalid; `output` is unchanged.
    """
    if examples < 1:
        raise InputError(f"--examples: expected at least 1, got {examples}.")
    check_output(output, "report", overwrite=overwrite)
    dataset = DatasetDirectory(source)
    html, pictures = dataset_page(dataset, examples)
    with finished_directory(output, "report", overwrite=overwrite) as directory:
        (directory / PAGE).write_text(html, encoding="utf-8")
        for picture in pictures:
            (directory / picture.name).write_bytes(picture.png)
        write_manifest(
            directory,
            "report",
            files=[PAGE, *(picture.name for picture in pictures)],
            settings={"examples": examples},
            counts={"pairs": dataset.manifest["counts"]["pairs"]},
            sources={MANIFEST: sha256(source / MANIFEST)},
        )
    return output / PAGE
