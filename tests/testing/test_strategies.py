"""What the strategies draw is legal, varied, and shrinks."""

from functools import partial

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from w2s_stats.bounds import GainCertificate
from w2s_stats.divergences import KL, Squared
from w2s_stats.testing.strategies import (
    convex_classes,
    hull_triples,
    latent_concept_problems,
    linear_classes,
    linear_triples,
    model_triples,
    probability_rows,
    real_rows,
)

quiet = settings(max_examples=2000, database=None, derandomize=True)
smallest = partial(find, settings=quiet)
found = partial(find, settings=settings(quiet, phases=[Phase.generate]))


@given(st.data())
def test_probability_rows(data):
    n, k = data.draw(st.integers(1, 6)), data.draw(st.integers(2, 5))
    floor = data.draw(st.floats(0, 1)) / k
    rows = data.draw(probability_rows(n, k, floor=floor))
    assert rows.shape == (n, k) and rows.dtype == np.float64
    np.testing.assert_allclose(rows.sum(axis=1), 1.0, rtol=1e-12)
    assert rows.min() >= floor * (1 - 1e-12)
    assert KL().check(rows, rows)


def test_probability_rows_reach_the_border_and_shrink_to_the_uniform():
    assert (smallest(probability_rows(), lambda p: True) == 0.5).all()
    assert smallest(probability_rows(), lambda p: (p == 0).any()).shape == (1, 2)
    assert smallest(probability_rows(n_classes=3), lambda p: (p == 1).any()).shape == (1, 3)
    assert smallest(probability_rows(), lambda p: 0 < p.min() < 1e-4).size == 2
    low = smallest(probability_rows(floor=0.1), lambda p: p.min() < 0.1 + 1e-12)
    assert low == pytest.approx(np.array([[0.1, 0.9]])) or low == pytest.approx([[0.9, 0.1]])


@given(real_rows(st.just(3), 2, low=-0.5, high=8.0))
def test_real_rows(rows):
    assert rows.shape == (3, 2)
    assert (rows >= -0.5).all() and (rows <= 8.0).all()
    assert not ((rows != 0) & (np.abs(rows) < 1e-9)).any()


@given(model_triples(), model_triples(real_rows, n_rows=2))
def test_model_triples(case, real):
    assert case.weak.shape == case.student.shape == case.truth.shape
    for rows in case[:3]:
        np.testing.assert_allclose(rows.sum(axis=1), 1.0, rtol=1e-12)
    assert min(case.weak.min(), case.student.min()) >= 1e-6 * (1 - 1e-9)
    assert case.truth.min() >= 0
    assert np.isfinite(KL().mean(case.truth, case.student))
    assert real.truth.shape[0] == 2 and np.abs(real.truth).max() <= 100.0
    assert case.ceiling is case.neighbors is case.function_class is None


@pytest.mark.parametrize(
    "kind",
    [
        lambda m: np.array_equal(m.weak, m.student),
        lambda m: 0 < np.abs(m.weak - m.student).max() < 1e-8,
        lambda m: np.abs(m.weak - m.student).max() > 0.9,
        lambda m: np.array_equal(m.truth, m.student),
        lambda m: 0 < np.abs(m.truth - m.student).max() < 1e-8,
        lambda m: len(m.truth) > 2 and (m.truth.max(axis=1) == 1).all(),
        lambda m: len(m.truth) > 2 and (m.truth[:, 0] == 1).any() and (m.truth[:, 0] == 0).any(),
        lambda m: len(m.truth) > 5 and m.truth.min() > 0 and m.truth.max() < 1,
    ],
    ids=["equal", "close", "far", "right", "nearly right", "certain", "labels", "uncertain"],
)
def test_model_triples_of_every_kind(kind):
    found(model_triples(), kind)


@given(convex_classes(real_rows, n_rows=4), linear_classes(n_rows=5, n_features=3))
def test_classes(hull, ball):
    assert 1 <= len(hull.heads) <= 4 and len({h.shape for h in hull.heads}) == 1
    assert max(np.abs(head).max() for head in hull.heads) <= 100.0
    assert all(len(head) == 4 for head in hull.heads)
    direction = hull.heads[-1]
    farthest = max(np.vdot(direction, head) for head in hull.heads)
    assert np.vdot(direction, hull.maximizer(direction)) == pytest.approx(farthest)
    assert ball.features.shape == (5, 3) and np.abs(ball.features).max() <= 10.0
    assert 0.1 <= ball.radius <= 10.0
    reach = ball.radius * np.linalg.norm(ball.features, axis=1)
    assert (np.abs(ball.maximizer(np.arange(5.0))) <= reach * (1 + 1e-12)).all()


def test_classes_of_every_kind():
    hulls, balls = convex_classes(real_rows, n_rows=4), linear_classes(n_rows=5, n_features=3)
    found(hulls, lambda h: len(h.heads) == 4 and not np.array_equal(h.heads[0], h.heads[1]))
    found(hulls, lambda h: len(h.heads) > 1 and np.array_equal(h.heads[0], h.heads[1]))
    found(balls, lambda b: b.radius > 5.0 and np.linalg.matrix_rank(b.features) == 3)
    found(balls, lambda b: b.radius < 0.5 and np.linalg.matrix_rank(b.features) < 3)


@settings(max_examples=25, phases=[Phase.generate])
@given(hull_triples(n_heads=3), linear_triples())
def test_students_are_projections_and_truths_are_members(of_hull, of_ball):
    """As the certificate sees it: the least gain of a member is the misfit."""
    for case, divergence in ((of_hull, KL()), (of_ball, Squared())):
        bound = GainCertificate(case.function_class, divergence, n_resamples=10)
        bound.fit(case.weak, case.student, case.truth)
        misfit = divergence.mean(case.student, case.weak)
        assert bound.lower_ == pytest.approx(misfit, rel=1e-6, abs=1e-6)
        assert bound.estimate_ >= misfit - 1e-6
        assert case.ceiling is case.truth
    assert len(of_hull.function_class.heads) == 3
    assert of_ball.truth.ndim == 1


def test_projections_move():
    found(hull_triples(), lambda m: np.abs(m.student - m.weak).max() > 0.1)
    found(linear_triples(), lambda m: np.abs(m.student).max() > 1)
    found(hull_triples(), lambda m: np.abs(m.truth - m.student).max() > 0.1)


@settings(max_examples=25)
@given(
    latent_concept_problems(), latent_concept_problems(expert="poisson", n_experts=2, n_source=9)
)
def test_latent_concept_problems(data, poisson):
    np.testing.assert_allclose(data.target_gate.sum(axis=1), 1.0, rtol=1e-12)
    assert 20 <= (data.sample_domain > 0).sum() <= 100
    assert poisson.expert == "poisson" and poisson.target_gate.shape[1] == 2
    assert (poisson.sample_domain > 0).sum() == 9


def test_latent_concept_problems_of_every_kind():
    for expert in ("gaussian", "poisson", "bernoulli", "multinomial"):
        for gate in ("constant", "softmax", "gaussian"):
            found(
                latent_concept_problems(n_source=5, n_target=5),
                lambda data, expert=expert, gate=gate: (data.expert, data.gate) == (expert, gate),
            )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: probability_rows(3, 2, floor=0.6), "floor must lie from 0 to 1 / n_classes"),
        (lambda: probability_rows(3, 2, floor=-0.1), "found -0.1 with 2 classes"),
        (lambda: probability_rows(0, 2), "n_rows must be an integer of at least 1"),
        (lambda: probability_rows(3, 1), "number of columns must be an integer of at least 2"),
        (lambda: probability_rows(2.5), "found 2.5"),
        (lambda: real_rows(low=1.0, high=1.0), "low must be below high"),
        (lambda: real_rows(high=np.inf), "both finite; found low=-100.0 and high=inf"),
        (lambda: found(probability_rows(1, st.just(4), floor=0.3), bool), "with 4 classes"),
        (lambda: found(convex_classes(n_heads=0), bool), "n_heads must be an integer"),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_no_such_argument():
    with pytest.raises(TypeError, match=r"found 'n_rows': choose from n_source, n_target, "):
        latent_concept_problems(n_rows=3)
