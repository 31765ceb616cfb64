"""The tutorial notebook runs, and is stored with the outputs of such a run."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from ecm_tf.text.emotions import DEFAULT

NOTEBOOK = Path(__file__).parents[2] / "docs/tutorial.ipynb"


@pytest.fixture(scope="module")
def stored():
    return nbformat.read(NOTEBOOK, as_version=4)


def printed(cell):
    """Returns what a code cell wrote to stdout."""
    return "".join(
        output["text"]
        for output in cell["outputs"]
        if output["output_type"] == "stream" and output["name"] == "stdout"
    )


def check(notebook):
    """Asserts that model and SavedModel give a reply in each emotion, and that training helps."""
    texts = [printed(cell) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    shown = []
    for text in texts:
        replies = re.findall(r"^(\w+): (\S+)(?: +\(-?[\d.]+ nats\))?$", text, re.MULTILINE)
        if [emotion for emotion, _ in replies] == list(DEFAULT.names):
            shown.append(replies)
    from_model, from_saved_model = shown
    assert from_model == from_saved_model
    before, after = map(
        float,
        re.search(r"dev perplexity ([\d.]+) before training, ([\d.]+)", "".join(texts)).groups(),
    )
    assert before > 500
    assert after < before / 50


def test_stored_outputs_are_of_one_complete_run(stored):
    counts = [cell["execution_count"] for cell in stored["cells"] if cell["cell_type"] == "code"]
    assert counts == list(range(1, len(counts) + 1))
    check(stored)


@pytest.mark.slow
def test_runs(stored, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    notebook = nbformat.from_dict(stored)
    (training,) = (cell for cell in notebook["cells"] if "epochs=10" in cell["source"])
    # Fewer epochs than the stored run: the test checks that the code runs, not how well it learns.
    training["source"] = training["source"].replace("epochs=10", "epochs=3")
    NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    ).execute()
    check(notebook)
