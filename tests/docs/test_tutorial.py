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


def check(notebook, improvement):
    """Asserts that model and SavedModel reply alike in each emotion, and that training helps.

    Args:
        notebook: the executed notebook.
        improvement: how many times lower the dev perplexity must be after training.
    """
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
    assert after < before / improvement


def test_stored_outputs_are_of_one_complete_run(stored):
    counts = [cell["execution_count"] for cell in stored["cells"] if cell["cell_type"] == "code"]
    assert counts == list(range(1, len(counts) + 1))
    check(stored, improvement=50)


@pytest.mark.slow
def test_runs(stored, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    notebook = nbformat.from_dict(stored)
    # Less work than the stored run: the test checks that the code runs, not how well it learns.
    for there, here in {"epochs=10": "epochs=1", '"--posts", "60"': '"--posts", "6"'}.items():
        (cell,) = (cell for cell in notebook["cells"] if there in cell["source"])
        cell["source"] = cell["source"].replace(there, here)
    NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    ).execute()
    check(notebook, improvement=5)
