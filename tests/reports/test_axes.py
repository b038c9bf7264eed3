"""Labels beside lines do not overlap."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from w2s_stats.reports._axes import spread


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=12), st.floats(0, 2))
def test_spread_keeps_the_order_and_the_distance(positions, gap):
    positions = np.array(positions)
    moved = spread(positions, gap)
    order = np.argsort(positions, kind="stable")
    assert (np.diff(moved[order]) >= gap - 1e-9).all()
    assert abs(moved.mean() - positions.mean()) < 1e-9


def test_what_is_far_enough_stays():
    positions = np.array([3.0, 0.0, 1.5])
    np.testing.assert_allclose(spread(positions, 1.0), positions)
