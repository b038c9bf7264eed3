"""Projections: against other solvers, and certificates that know when they are not the nearest."""

import numpy as np
import pytest
from scipy.optimize import minimize, nnls

from tests.laws.members import MEMBERS, problem
from w2s_stats.bounds import (
    ConvexHull,
    GainCertificate,
    project_least_squares,
    project_onto_hull,
    project_positive_heads,
)
from w2s_stats.divergences import KL, BinaryKL, Squared, output_kl_divergence


@pytest.fixture
def rng():
    return np.random.default_rng(0)


# ------------------------------------------------------------ least squares


def test_least_squares_are_lstsqs(rng):
    h, y = rng.normal(size=(50, 4)), rng.normal(size=(50, 3))
    found = project_least_squares(h, y)
    np.testing.assert_allclose(found.parameters, np.linalg.lstsq(h, y)[0], atol=1e-12)
    assert found.misfit == pytest.approx(((found.fitted - y) ** 2).sum(axis=1).mean())
    assert 0 <= found.gap < 1e-28


def test_collinear_features_take_the_least_norm(rng):
    h, y = rng.normal(size=(30, 3)), rng.normal(size=30)
    h[:, 2] = h[:, 0] - h[:, 1]
    found = project_least_squares(h, y)
    np.testing.assert_allclose(found.parameters, np.linalg.pinv(h) @ y, atol=1e-12)


@pytest.mark.parametrize("radius", [1e-3, 0.3, 1.0, 1e3])
def test_ball_is_what_slsqp_finds(rng, radius):
    h, y = rng.normal(size=(40, 3)), rng.normal(size=40) * 3
    found = project_least_squares(h, y, radius=radius)
    other = minimize(
        lambda t: np.mean((h @ t - y) ** 2),
        np.zeros(3),
        method="SLSQP",
        constraints={"type": "ineq", "fun": lambda t: radius**2 - t @ t},
        options={"ftol": 1e-15, "maxiter": 500},
    )
    assert found.misfit <= other.fun + 1e-9
    np.testing.assert_allclose(found.parameters, other.x, atol=1e-5)
    assert np.linalg.norm(found.parameters) <= radius * (1 + 1e-12)
    assert abs(found.gap) < 1e-12 * max(1, radius)


def test_weights_are_numbers_of_rows(rng):
    h, y, weight = rng.normal(size=(20, 3)), rng.normal(size=20), rng.integers(0, 4, size=20)
    rows = np.repeat(np.arange(20), weight)
    for radius in (None, 0.1):
        one = project_least_squares(h, y, radius=radius, sample_weight=weight)
        two = project_least_squares(h[rows], y[rows], radius=radius)
        np.testing.assert_allclose(one.parameters, two.parameters, atol=1e-12)
        assert one.misfit == pytest.approx(two.misfit)


def test_single_precision_stays(rng):
    h, y = rng.normal(size=(20, 3)).astype(np.float32), rng.normal(size=20).astype(np.float32)
    found = project_least_squares(h, y)
    assert found.fitted.dtype == np.float32
    exact = project_least_squares(h.astype(float), y.astype(float))
    np.testing.assert_allclose(found.fitted, exact.fitted, atol=1e-5)


# ------------------------------------------------------------ hulls


@pytest.mark.parametrize("name", MEMBERS)
def test_no_mixture_is_nearer(name, rng):
    for _ in range(20):
        divergence, weak, heads, _ = problem(name, rng)
        weight = rng.uniform(0.1, 1.0, size=len(weak))
        found = project_onto_hull(heads, weak, divergence, sample_weight=weight)
        assert found.parameters.min() >= 0
        assert found.parameters.sum() == pytest.approx(1.0)
        mixtures = [*np.eye(len(heads)), *rng.dirichlet(np.ones(len(heads)), size=20)]
        mixtures += [0.99 * found.parameters + 0.01 * a for a in mixtures]
        nearest = min(
            divergence.mean(np.tensordot(a, heads, axes=1), weak, sample_weight=weight)
            for a in mixtures
        )
        assert found.misfit <= nearest + 1e-9 * nearest
        assert abs(found.gap) < 1e-9 * (1 + found.misfit)
        # Without truth the certificate says the same.
        bound = GainCertificate(ConvexHull(heads), divergence, n_resamples=1)
        bound.fit(weak, found.fitted, sample_weight=weight)
        assert bound.lower_ == pytest.approx(found.misfit - found.gap, abs=1e-9 * (1 + nearest))


def test_squared_hull_is_non_negative_least_squares(rng):
    heads, weak = rng.normal(size=(6, 30)), rng.normal(size=30)
    # A heavy row holds the weights to a sum of one.
    a, _ = nnls(np.vstack([heads.T, 1e6 * np.ones(6)]), np.append(weak, 1e6))
    np.testing.assert_allclose(project_onto_hull(heads, weak, Squared()).parameters, a, atol=1e-8)


def test_alike_heads_and_one_head(rng):
    head, weak = rng.dirichlet(np.ones(3), size=(2, 8))
    for heads in ([head], [head, head, head], [weak, head, head]):
        found = project_onto_hull(heads, weak)
        assert abs(found.gap) < 1e-12
    np.testing.assert_allclose(found.parameters, [1.0, 0.0, 0.0], atol=1e-7)


def test_many_heads(rng):
    heads, weak = rng.dirichlet(np.ones(4), size=(40, 300)), rng.dirichlet(np.ones(4), size=300)
    assert abs(project_onto_hull(heads, weak, KL()).gap) < 1e-9


# ------------------------------------------------------------ positive heads


def test_positive_heads_are_what_slsqp_finds(rng):
    for _ in range(10):
        h = np.column_stack([np.ones(30), rng.normal(size=(30, 2))])
        weak = rng.gamma(2.0, size=30)
        found = project_positive_heads(h, weak)

        def loss(theta, h=h, weak=weak):
            f = np.maximum(h @ theta, 1e-300)
            return f @ np.log(f / weak * weak.sum())

        other = minimize(
            loss,
            [1 / 30, 0, 0],
            method="SLSQP",
            bounds=[(None, None)] * 3,
            constraints=[
                {"type": "eq", "fun": lambda t, h=h: (h @ t).sum() - 1},
                {"type": "ineq", "fun": lambda t, h=h: h @ t},
            ],
            options={"ftol": 1e-14, "maxiter": 300},
        )
        assert found.misfit <= other.fun + 1e-9
        assert found.misfit == pytest.approx(other.fun, abs=1e-4)
        assert abs(found.gap) < 1e-7
        assert found.misfit == pytest.approx(output_kl_divergence(found.fitted, weak))
        np.testing.assert_allclose(h @ found.parameters, found.fitted, atol=1e-12)


# ------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: project_least_squares([1.0], [1.0]), "features must have two dimensions"),
        (lambda: project_least_squares([[np.nan]], [1.0]), "features must be finite"),
        (lambda: project_least_squares([[1.0]], [1.0, 2.0]), "y_weak must have the 1 rows"),
        (lambda: project_least_squares([[1.0]], [1.0], radius=0), "radius must be positive"),
        (lambda: project_onto_hull([], [1.0]), "heads must hold one head"),
        (lambda: project_onto_hull([[1.0], [1.0, 2.0]], [1.0]), "heads must have one shape"),
        (lambda: project_onto_hull([[1.0]], [1.0, 2.0]), "y_weak must have the shape"),
        (lambda: project_onto_hull([[1.0]], [1.0], KL), r"divergence must be None .* as KL\(\)"),
        (lambda: project_onto_hull([[1.0]], [1.0], "kl"), "divergence must be None .* found 'kl'"),
        (
            lambda: project_onto_hull([[[0.5, 0.6]]], [[0.5, 0.5]]),
            r"The rows of heads\[0\] must sum to 1",
        ),
        (
            lambda: project_onto_hull([[[1.0, 0.0]]], [[0.5, 0.5]]),
            r"y_weak and heads\[0\] must lie inside the domain of KL",
        ),
        (
            lambda: project_onto_hull([[0.5]], [1.0], BinaryKL()),
            r"y_weak must lie in \(0, 1\) for BinaryKL",
        ),
        (lambda: project_positive_heads([[1.0]], [0.0]), "y_weak must be positive"),
        (lambda: project_positive_heads([[1.0], [-1.0]], [1.0, 1.0]), "positive in every row"),
        (lambda: project_positive_heads([[1.0]], [[1.0]]), r"y_weak must have shape \(1,\)"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_features_whose_squares_are_no_floats():
    # The ball cuts in; then the free solution, whose norm is exactly the radius.
    cut = project_least_squares([[1e-170]], [1.0], radius=1.0)
    np.testing.assert_allclose(cut.parameters, [1.0], rtol=1e-12)
    free = project_least_squares([[1e-170]], [1.0], radius=2e170)
    np.testing.assert_allclose(free.parameters, [1e170], rtol=1e-12)
