"""Settings of `build`."""

import pytest

from data_prep.build.settings import BuildSettings
from ecm_tf.core.errors import InputError


@pytest.mark.parametrize(
    "settings",
    [
        {"dev_fraction": -0.1},
        {"dev_fraction": 0.5, "test_fraction": 0.5},
        {"post_vocabulary_size": 4},
        {"pairs_per_shard": 0},
    ],
)
def test_settings_out_of_range(settings):
    with pytest.raises(InputError, match="expected"):
        BuildSettings(**settings)
