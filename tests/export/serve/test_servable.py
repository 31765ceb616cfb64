"""A loaded version that another program may have exported: how its hypotheses are counted."""

import json
import shutil

import pytest
import tensorflow as tf

from ecm_tf.core.errors import InputError
from export.saved_model.model_info import MODEL_INFO, OLD_MODEL_INFO
from export.serve import servable
from export.serve.servable import DEFAULT_SIGNATURE, Servable

POSTS = {"post": [b"a", b"b"]}


class _Echo(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "post")], autograph=False)
    def __call__(self, post):
        return {"response": post}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A SavedModel without a description."""
    directory, echo = tmp_path_factory.mktemp("saved"), _Echo()
    tf.saved_model.save(echo, str(directory), signatures={DEFAULT_SIGNATURE: echo.__call__})
    return directory


@pytest.fixture
def load(saved, tmp_path, monkeypatch):
    """`load(name, content)`: a version with this file, and the warnings that loading it logs."""

    def load(name=None, content=""):
        version = shutil.copytree(saved, tmp_path / "1")
        if name:
            (version / name).parent.mkdir()
            (version / name).write_text(content, encoding="utf-8")
        warnings = []
        monkeypatch.setattr(servable.logger, "warning", warnings.append)
        return Servable(version, max_batch=4), warnings

    return load


@pytest.mark.parametrize("name", [MODEL_INFO, OLD_MODEL_INFO])
def test_hypotheses_are_those_of_the_description(load, name):
    loaded, warnings = load(name, json.dumps({"hypotheses_per_post": {DEFAULT_SIGNATURE: 6}}))
    assert loaded.hypotheses(DEFAULT_SIGNATURE, POSTS) == [6, 6]
    assert warnings == []


@pytest.mark.parametrize("name", [None, MODEL_INFO])
def test_without_their_number_a_warning_gives_the_consequence(load, name):
    loaded, warnings = load(name, "{}")
    assert loaded.hypotheses(DEFAULT_SIGNATURE, POSTS) == [1, 1]
    (warning,) = warnings
    assert "--max_hypotheses counts each post as one hypothesis" in warning


def test_a_damaged_description_is_an_error(load):
    with pytest.raises(InputError, match=r"model_info\.json: expected the description"):
        load(MODEL_INFO, "{")
