"""EM never lowers the objective: not at any step, whatever the data, the experts and the gate."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.laws.mixtures import ALL_GATES, FAMILIES, GATES, data, estimator


@pytest.mark.parametrize("gate", ALL_GATES)
@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=4)
@given(draw=st.data())
def test_lower_bounds_never_fall(family, gate, draw):
    X, y, weight = draw.draw(data(family))
    options = {
        "n_experts": draw.draw(st.integers(1, 4), label="n_experts"),
        "fit_intercept": draw.draw(st.booleans(), label="fit_intercept"),
        "gate_penalty": draw.draw(st.sampled_from([0.0, 0.1]), label="gate_penalty"),
        "init": draw.draw(st.sampled_from(["random", "kmeans"]), label="init"),
    }
    mixture = estimator(family, gate, n_init=1, max_iter=40, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mixture.fit(X, y, sample_weight=weight)  # raises LikelihoodFellError itself
    bounds = mixture.lower_bounds_
    assert np.isfinite(bounds).all()
    assert np.all(np.diff(bounds) >= -1e-10 * (1 + np.abs(bounds[1:])))
    assert mixture.lower_bound_ == bounds[-1]
    assert mixture.lower_bound_ in mixture.start_lower_bounds_


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=4)
@given(draw=st.data())
def test_lower_bound_is_the_mean_log_likelihood(family, gate, draw):
    X, y, weight = draw.draw(data(family))
    mixture = estimator(family, gate, 2, n_init=1, max_iter=40)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mixture.fit(X, y, sample_weight=weight)
    known = ~np.isnan(np.asarray(y, dtype=float))  # rows without a label have no likelihood
    n_rows = known.sum() if weight is None else weight[known].sum()
    mean = mixture.log_likelihood(X, y, weight) / n_rows
    # At its floor, a scale is a thousandth of y's: the labels' own digits count.
    tolerance = 1e-4 if mixture.degenerate_experts_.size else 1e-7
    assert mixture.lower_bound_ == pytest.approx(mean, rel=tolerance, abs=tolerance)
