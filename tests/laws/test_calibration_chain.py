"""Calibration moves no more than its measure's constant times what the models differ by."""

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.sparse import eye_array, kron
from sklearn.base import clone

from tests.laws.model_pairs import floored, pair, truth
from w2s_stats.bounds import CalibrationShift

CASES = 1000


def by_name(bound):
    return {row.name: row.value for row in reversed(bound.table_)}


@pytest.mark.parametrize(
    ("measure", "classes"), [("smooth", None), ("same-information", None), ("smooth-vector", 2)]
)
def test_shift_is_within_the_observed_distance_and_that_within_both_tiers(measure, classes):
    rng = np.random.default_rng(0)
    for case in range(CASES):
        weak, student = pair(rng, n=int(rng.integers(1, 40)), k=classes)
        if case % 4 == 1:
            weak, student = floored(weak, 1e-3), floored(student, 1e-3)
        n, k = weak.shape
        if k == 2 and case % 3:
            weak, student = weak[:, 1], student[:, 1]
        weight = rng.integers(1, 4, size=n) if case % 5 == 0 else None
        n_bins = int(rng.integers(1, 12))
        bound = CalibrationShift(measure=measure, n_bins=n_bins)
        bound.fit(weak, student, truth(rng, n, k), sample_weight=weight)
        assert abs(bound.estimate_) <= bound.upper_ * (1 + 1e-9) + 1e-12
        assert bound.lower_ == -bound.upper_ and bound.holds_
        tiers = [
            value for name, value in by_name(bound).items() if name.startswith(("Pin", "Bret"))
        ]
        assert len(tiers) == 4
        assert bound.upper_ <= min(tiers) * (1 + 1e-7) + 1e-13


def test_constants_of_the_measures_against_the_distance():
    rng = np.random.default_rng(1)
    for _ in range(CASES):
        weak, student = pair(rng)
        distance = np.abs(weak - student).sum(axis=1).mean()
        limits = {
            measure: CalibrationShift(measure=measure).fit(weak, student).upper_
            for measure in ("same-information", "smooth", "smooth-vector")
        }
        assert list(limits.values()) == pytest.approx(
            np.minimum([distance, 2 * distance, 3 * distance], 2.0).tolist()
        )
        binary = CalibrationShift(measure="distance").fit(weak[:, 1], student[:, 1])
        assert binary.upper_ == pytest.approx(np.abs(weak[:, 1] - student[:, 1]).mean())


def smooth_vector_errors(y, F):
    """sup over w, 1-Lipschitz from l1 to l_inf with |w_j| <= 1, of mean <w(F), y - F>, by LP.

    For problems of one shape (n_problems, n, k), side by side in one linear programme.
    """
    n_problems, n, k = F.shape
    first, second = np.triu_indices(n, 1)
    gaps = np.abs(F[:, first] - F[:, second]).sum(axis=2)
    pairs = np.eye(n)[first] - np.eye(n)[second]
    differences = np.kron(pairs, np.eye(k))  # w_j of the first row less that of the second
    limits = np.repeat(gaps, k, axis=1)
    score = (y - F).reshape(n_problems, -1) / n
    found = linprog(
        -score.ravel(),
        A_ub=kron(eye_array(n_problems), np.vstack([differences, -differences]), format="csr"),
        b_ub=np.hstack([limits, limits]).ravel(),
        bounds=(-1, 1),
        method="highs",
    )
    return (score * found.x.reshape(score.shape)).sum(axis=1)


@pytest.mark.parametrize(("n", "k"), [(3, 3), (4, 2), (5, 3)])
def test_smooth_vector_error_is_within_its_limit(n, k):
    """By a linear programme; of more than two classes the estimator computes the limit only."""
    rng = np.random.default_rng(2)
    weak, student = np.array([pair(rng, n=n, k=k) for _ in range(CASES)]).swapaxes(0, 1)
    y = np.eye(k)[rng.integers(k, size=(CASES, n))]
    bound = CalibrationShift(measure="smooth-vector")
    fits = [vars(clone(bound).fit(*rows)) for rows in zip(weak, student, y, strict=True)]
    limit, estimate = (np.array([fit[name] for fit in fits]) for name in ("upper_", "estimate_"))
    shift = smooth_vector_errors(y, student) - smooth_vector_errors(y, weak)
    np.testing.assert_allclose(estimate, shift if k == 2 else np.nan, atol=1e-6)
    assert (np.abs(shift) <= limit + 1e-7).all()
    assert np.max(np.abs(shift) / np.maximum(limit, 1e-9)) > 0.3  # not by a wide margin


def marginal_error(y, F):
    """sum_j E |F_j - P(y_j = 1 | F_j)| of forecasts that take few values."""
    total = 0.0
    for j in range(F.shape[1]):
        for value in np.unique(F[:, j]):
            at = F[:, j] == value
            total += at.mean() * abs(value - y[at, j].mean())
    return total


@pytest.mark.parametrize("e", [0.001, 0.01, 0.1])
def test_printed_limit_is_false_for_the_marginal_error(e):
    """Theory 4.2: [Y25] Theorem 2 as printed fails for the error it is printed for."""
    y = np.tile([0, 1], 500)
    weak = np.full(1000, 0.5)
    student = 0.5 + np.where(y == 1, e, -e)
    rows = [np.column_stack([1 - f, f]) for f in (weak, student)]
    truth = np.eye(2)[y]
    shift = marginal_error(truth, rows[1]) - marginal_error(truth, rows[0])
    assert shift == pytest.approx(2 * (0.5 - e))
    bound = CalibrationShift(measure="same-information").fit(*rows, truth)
    printed = by_name(bound)["Bretagnolle-Huber, KL(weak || student): +-"]
    d = by_name(bound)["KL(weak || student)"]
    assert printed == pytest.approx(2 * np.sqrt(1 - np.exp(-d)))
    assert printed == pytest.approx(2.83 * e, rel=0.02)
    assert shift > printed
    # The measures that the limit is true for have moved within it.
    assert bound.holds_ and CalibrationShift().fit(*rows, truth).holds_
