"""`experiments.average`, on models of random weights."""

import numpy as np
import pytest
from random_weights import randomize

from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import read_manifest
from ecm_tf.model.directory import load_model, save_model
from experiments.average import average


def test_weights_are_averaged(model_dir, tmp_path):
    model, assets = load_model(model_dir)
    directories = [model_dir]
    for seed in (1, 2):
        save_model(
            tmp_path / f"{seed}",
            randomize(model, seed=seed),
            assets,
            settings={"seed": seed},
            counts={"step": seed},
            sources={"dataset": "0"},
        )
        directories.append(tmp_path / f"{seed}")
    average(directories, tmp_path / "average")
    weights = [load_model(directory)[0].get_weights() for directory in directories]
    averaged = load_model(tmp_path / "average")[0].get_weights()
    for arrays, result in zip(zip(*weights, strict=True), averaged, strict=True):
        np.testing.assert_allclose(result, sum(arrays) / 3, rtol=1e-5, atol=1e-6)
    manifest = read_manifest(tmp_path / "average", "model")
    assert manifest["counts"]["step"][1:] == [1, 2]
    assert {"dataset", "model 0", "model 1", "model 2"} == manifest["sources"].keys()
    average([tmp_path / "1", tmp_path / "average"], tmp_path / "again")
    steps = read_manifest(tmp_path / "again", "model")["counts"]["step"]
    assert steps == [1, *manifest["counts"]["step"]], "an average is of several steps"


def test_models_of_other_runs_are_refused(model_dir, auto_model_dir, tmp_path):
    with pytest.raises(InputError, match="expected the configuration and text assets of"):
        average([model_dir, auto_model_dir], tmp_path / "average")
    assert not (tmp_path / "average").exists()
