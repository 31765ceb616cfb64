"""Weights as numbers of copies."""

import pytest

from data_prep.merge.sampling import copies


@pytest.mark.parametrize(
    ("weight", "position", "expected"),
    [(1, 0, 1), (1, 2**64 - 1, 1), (3, 0, 3), (0.5, 2**63 - 1, 1), (0.5, 2**63, 0), (1.5, 0, 2)],
)
def test_copies(weight, position, expected):
    assert copies(weight, position) == expected
