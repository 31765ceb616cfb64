"""The site of a tiny model."""

import pytest

from export.web.writing import write_site


@pytest.fixture(scope="session")
def site(model_dir, tmp_path_factory):
    """A site with float32 weights, which tests must not change."""
    return write_site(model_dir, tmp_path_factory.mktemp("web") / "site", "none")
