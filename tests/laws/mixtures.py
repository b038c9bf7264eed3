"""Data of every kind for the laws of mixtures of experts, drawn by hypothesis."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from w2s_stats.mixture import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor

FAMILIES = ("gaussian", "poisson", "bernoulli", "multinomial")
GATES = ("constant", "softmax", "gaussian")
ALL_GATES = (*GATES, "gaussian-joint")


class Data(NamedTuple):
    """What goes into ``fit``."""

    X: np.ndarray
    y: np.ndarray
    sample_weight: np.ndarray | None


@st.composite
def data(draw: st.DrawFn, family: str, *, clean: bool = False) -> Data:
    """Rows of one to three features; unless `clean`, also ugly ones.

    Ugly: units far from one, collinear or constant columns, repeated rows, missing labels, weights
    of zero, labels that have nothing to do with x.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, d = draw(st.integers(40 if clean else 15, 80)), draw(st.integers(1, 3))
    X = rng.normal(size=(n, d))
    eta = X[:, 0] * np.where(rng.random(n) < 0.6, 2.0, -1.5) + 0.3 * rng.normal(size=n)
    if clean and family in ("bernoulli", "multinomial"):
        eta = eta + rng.logistic(size=n)  # no line tells the classes apart
    ugly = set() if clean else draw(st.sets(st.sampled_from(_UGLY), max_size=3))
    if "noise" in ugly:
        eta = rng.standard_cauchy(n)
    if family == "gaussian":
        y = eta
        if "units" in ugly:
            shift = draw(st.sampled_from([0.0, 1e3, -1e6]))  # in units of y's own spread
            y = (y + shift) * 10.0 ** draw(st.integers(-6, 6))
    elif family == "poisson":
        y = rng.poisson(np.exp(np.clip(eta, -5, 5))).astype(float)
    else:
        classes = 2 if family == "bernoulli" else 3
        y = np.clip(np.floor(eta + 1), 0, classes - 1)
        y[:classes] = np.arange(classes)
    if "units" in ugly:
        X = (X + rng.choice([0.0, 3.0, -30.0])) * 10.0 ** rng.integers(-4, 5, size=d)
    if "columns" in ugly:
        X = np.column_stack([X, X[:, 0], np.full(n, 3.0)])
    if "repeats" in ugly:
        X[n // 2 :], y[n // 2 :] = X[: n - n // 2], y[: n - n // 2]
    if "missing" in ugly:
        y[3:][rng.random(n - 3) < 0.3] = np.nan
    weight = None
    if "weights" in ugly:
        weight = rng.integers(0, 4, size=n) * 0.5
        weight[:3] = 1.0
    return Data(X, y, weight)


_UGLY = ("units", "columns", "repeats", "missing", "weights", "noise")


def assert_same_mixture(one: Any, two: Any, X: np.ndarray) -> None:
    """Same objective, same gate, same predictions: what coefficients mean, not their digits.

    A coefficient that the rows hardly determine turns rounding into digits of its own.
    """
    np.testing.assert_allclose(two.lower_bound_, one.lower_bound_, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(two.weights_, one.weights_, atol=1e-6)
    np.testing.assert_allclose(two.gate_proba(X), one.gate_proba(X), atol=1e-5)
    name = "predict_proba" if hasattr(one, "predict_proba") else "predict"
    mine, other = getattr(one, name)(X), getattr(two, name)(X)
    np.testing.assert_allclose(other, mine, rtol=1e-5, atol=1e-5 * np.abs(mine).max())


def estimator(
    family: str, gate: str, n_experts: int, **settings: object
) -> MixtureOfExpertsRegressor | MixtureOfExpertsClassifier:
    """An estimator that is not fitted yet."""
    regression = family in ("gaussian", "poisson")
    kind = MixtureOfExpertsRegressor if regression else MixtureOfExpertsClassifier
    return kind(n_experts, expert=family, gate=gate, **{"random_state": 0, **settings})
