"""GainCertificate and the classes of functions it asks: closed forms, links to other bounds."""

import numpy as np
import pytest

from tests.laws.members import positive
from w2s_stats.bounds import (
    ConvexHull,
    GainCertificate,
    KLSandwich,
    NormBall,
    PositiveHeads,
    project_least_squares,
    project_onto_hull,
)
from w2s_stats.divergences import KL, ItakuraSaito


class AllDistributions:
    """Every function to the simplex: the largest entry of each row."""

    def maximizer(self, direction, weight=None):
        return np.eye(direction.shape[1])[direction.argmax(axis=1)]


class Sums:
    """A class that forgets the columns."""

    def maximizer(self, direction, weight=None):
        return direction.sum(axis=1)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_closed_form_of_a_ball(rng):
    """Theory 9.1: sup = 2 (E s (s - w) + B ||E h (s - w)||)."""
    h, weak, student = rng.normal(size=(60, 3)), rng.normal(size=60), rng.normal(size=60)
    bound = GainCertificate(NormBall(h, 1.5)).fit(weak, student)
    move = student - weak
    gap = 2 * (np.mean(student * move) + 1.5 * np.linalg.norm(h.T @ move / 60))
    assert bound.lower_ == pytest.approx(np.mean(move**2) - gap)
    values = {row.name: row.value for row in bound.table_}
    assert values["misfit - lower limit"] == pytest.approx(gap)
    assert values["lower limit, new rows"] == pytest.approx(bound.lower_)


def test_ball_of_several_outputs(rng):
    """No member on the ball's sphere does better than the maximizer."""
    h, direction = rng.normal(size=(20, 3)), rng.normal(size=(20, 2))
    weight = rng.uniform(0, 1, size=20)
    ball = NormBall(h, 2.0)
    best = np.sum(weight[:, None] * ball.maximizer(direction, weight) * direction)
    theta = rng.normal(size=(500, 3, 2))
    theta *= 2.0 / np.linalg.norm(theta, axis=(1, 2), keepdims=True)
    others = np.einsum("i,tic,ic->t", weight, h @ theta, direction)
    assert others.max() <= best + 1e-12
    np.testing.assert_array_equal(ball.maximizer(np.zeros((20, 2))), np.zeros((20, 2)))


def test_vertices_of_positive_heads(rng):
    h = np.column_stack([np.ones(15), rng.normal(size=(15, 2))])
    heads, direction = PositiveHeads(h), rng.normal(size=15)
    best = heads.maximizer(direction)
    assert best.sum() == pytest.approx(1.0)
    assert best.min() >= -1e-12
    members = h @ np.column_stack([np.ones(500), rng.normal(size=(500, 2))]).T
    members = members[:, members.min(axis=0) > 0]
    assert members.shape[1] > 10
    assert (direction @ (members / members.sum(axis=0))).max() <= direction @ best + 1e-12


def test_whatever_the_truth_is_the_envelope(rng):
    """Over all distributions the certificate is the label-free envelope (theory 3.3)."""
    weak, student = rng.dirichlet(np.ones(4), size=(2, 30))
    bound = GainCertificate(AllDistributions(), KL()).fit(weak, student)
    envelope = KLSandwich().fit(weak, student)
    assert bound.lower_ == pytest.approx(envelope.lower_)
    assert bound.upper_ == pytest.approx(envelope.upper_)


def test_projection_is_worth_its_misfit(rng):
    heads, weak = [positive(rng, 30, 2) for _ in range(3)], positive(rng, 30, 2)
    found = project_onto_hull(heads, weak, ItakuraSaito())
    bound = GainCertificate(ConvexHull(heads), ItakuraSaito()).fit(weak, found.fitted)
    assert bound.lower_ == pytest.approx(found.misfit, rel=1e-9)


def test_single_precision_holds_at_the_worst_truth(rng):
    h, weak, student = (a.astype(np.float32) for a in rng.normal(size=(3, 50, 2)))
    ball = NormBall(h, 3.0)
    bound = GainCertificate(ball).fit(weak, student, ball.maximizer(weak - student))
    assert bound.estimate_ == pytest.approx(bound.lower_, rel=1e-4)
    assert bound.holds_


def test_interval_for_new_rows_covers(rng):
    """The lower end for new rows, of a ball of 5 features: seldom above the population's limit."""
    n, n_runs, theta, B = 100, 200, np.full(5, 0.4), 1.0
    # h ~ N(0, I), w = h'theta + noise, s = 0.6 h'theta: E h (s - w) = -0.4 theta.
    misfit = 0.16 * theta @ theta + 1.0
    limit = misfit - 2 * (-0.24 * theta @ theta + B * 0.4 * np.linalg.norm(theta))
    below = 0
    for seed in range(n_runs):
        h = rng.normal(size=(n, 5))
        truth = h @ theta
        weak = truth + rng.normal(size=n)
        bound = GainCertificate(NormBall(h, B), n_resamples=200, random_state=seed)
        row = next(
            r for r in bound.fit(weak, 0.6 * truth).table_ if r.name == "lower limit, new rows"
        )
        below += row.low <= limit
    assert below / n_runs >= 0.95


def test_unlabelled_rows_count_for_the_limits(rng):
    h = rng.normal(size=(300, 2))
    truth = h @ [1.0, 1.0]
    weak = truth + rng.normal(size=300)
    student = project_least_squares(h, weak).fitted
    bound = GainCertificate(NormBall(h, 2.0), random_state=0)
    whole = bound.fit(weak, student, truth)
    lower, estimate = whole.lower_, whole.estimate_
    some = bound.fit(weak, student, np.where(np.arange(300) < 60, truth, np.nan))
    assert some.lower_ == lower
    assert some.method_ == "prediction-powered, skew-widened"
    assert some.interval_[0] <= estimate <= some.interval_[1]
    assert "function_class" in str(some.summary())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: NormBall([[1.0]], 0.0), "radius must be positive"),
        (lambda: NormBall([[1.0]], np.inf), "radius must be positive and finite"),
        (lambda: NormBall([1.0], 1.0), "features must have two dimensions"),
        (lambda: ConvexHull([]), "heads must hold one head"),
        (lambda: ConvexHull([[np.nan]]), r"heads\[0\] must be finite"),
        (
            lambda: GainCertificate(NormBall([[1.0]], 1.0)).fit([1.0, 2.0], [1.0, 2.0]),
            "NormBall must have the rows of the predictions, 2; found 1",
        ),
        (
            lambda: GainCertificate(ConvexHull([[1.0]])).fit([[1.0, 2.0]], [[1.0, 2.0]]),
            r"ConvexHull must have heads of the predictions' shape, \(1, 2\)",
        ),
        (
            lambda: GainCertificate(Sums()).fit([[1.0, 2.0]], [[1.0, 2.0]]),
            r"function_class must have members of the predictions' shape, \(1, 2\)",
        ),
        (
            lambda: GainCertificate(AllDistributions(), KL()).fit([[0.5, 0.5]], [[1.0, 0.0]]),
            "y_weak and y_student must lie inside the domain of KL; found its border in row 0",
        ),
        (
            lambda: GainCertificate(NormBall([[1.0]], 1.0), confidence_level=0).fit([1.0], [1.0]),
            "confidence_level must",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("function_class", "text"),
    [
        (NormBall(np.ones((9, 2)), 1.5), "NormBall(features of 9 rows by 2, radius=1.5)"),
        (ConvexHull([np.zeros(4), np.ones(4)]), "ConvexHull(2 heads of 4 rows)"),
        (PositiveHeads(np.ones((5, 3))), "PositiveHeads(features of 5 rows by 3)"),
    ],
)
def test_classes_say_what_they_are(function_class, text):
    assert repr(function_class) == text
    assert text in repr(GainCertificate(function_class))
