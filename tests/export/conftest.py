"""Exported models that the tests of several folders share, because an export takes seconds."""

import functools
from pathlib import Path

import pytest
import tensorflow as tf
import tensorflow_text  # noqa: F401  Registers operations that the SavedModel uses.
from exported import BEAM_SIZE, N_BEST
from shared_fixtures import shared_directory

from ecm_tf.config import SearchConfig
from export.saved_model.exporter import export_saved_model


@pytest.fixture(scope="session")
def exported_base(model_dir, tmp_path_factory):
    """A base directory with version 1, which tests must not change."""

    def make(base: Path) -> None:
        export_saved_model(model_dir, base, search=SearchConfig(beam_size=BEAM_SIZE), n_best=N_BEST)

    return shared_directory(tmp_path_factory, "exported", make)


@pytest.fixture(scope="session")
def load_signatures():
    """`load_signatures(version_directory)`: the signatures of a SavedModel, loaded only once."""
    # The loaded objects own the variables of the signatures.
    load = functools.cache(lambda path: tf.saved_model.load(str(path)))
    return lambda version_directory: load(version_directory).signatures
