"""The workers that Ray starts."""

import pytest

from ecm_tf.config import ClusterConfig
from ecm_tf.core.errors import InputError


@pytest.mark.parametrize(
    "given",
    [{"ray_address": "auto"}, {"cpus_per_worker": 2}, {"use_gpu": True}, {"max_failures": 0}],
)
def test_a_setting_of_workers_without_workers_is_refused(given):
    (name,) = given
    with pytest.raises(InputError, match=f"^--{name}: expected --workers with it, got none"):
        ClusterConfig(**given)
    assert ClusterConfig(workers=2, **given) != ClusterConfig(workers=2)
    assert ClusterConfig().workers is None
