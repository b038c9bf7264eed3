"""Two models that disagree make errors, and some truth makes no more than the floor."""

import numpy as np
import pytest

from tests.laws.model_pairs import as_rows, mean_kl, pair, probability_rows, truth
from w2s_stats.bounds import ErrorFloor

CASES = 1000


def cross_entropy(y, rows):
    with np.errstate(divide="ignore"):
        return -np.log(rows[np.arange(len(y)), y]).mean()


def at_least(error, floor):
    return error >= floor - 1e-12 * (1 + abs(floor))


def test_kl():
    rng = np.random.default_rng(0)
    for _ in range(CASES):
        weak, student = pair(rng)
        F = as_rows(truth(rng, *weak.shape), weak.shape[1])
        bound = ErrorFloor().fit(weak, student, F)
        error = mean_kl(F, weak) + mean_kl(F, student)
        assert bound.estimate_ == pytest.approx(error, rel=1e-10, abs=1e-13)
        assert at_least(error, bound.lower_) and bound.holds_
        middle = np.sqrt(weak * student)
        middle /= middle.sum(axis=1, keepdims=True)
        attained = mean_kl(middle, weak) + mean_kl(middle, student)
        assert attained == pytest.approx(bound.lower_, rel=1e-9, abs=1e-14)


def test_no_floor_under_one_model_alone():
    """Theory 9.4's last formula, (floor - U) / 2 <= d(F*, F_sw), says no more than 0 does.

    U is the upper end of the envelope; minus the lower end for the weak model.
    """
    rng = np.random.default_rng(1)
    for _ in range(CASES):
        weak, student = pair(rng)
        floor = ErrorFloor().fit(weak, student).lower_
        ratio = np.log(student) - np.log(weak)
        for end in ratio.max(axis=1).mean(), -ratio.min(axis=1).mean():
            assert floor <= end * (1 + 1e-9) + 1e-12


def test_cross_entropy_and_zero_one():
    rng = np.random.default_rng(2)
    for _ in range(CASES):
        weak, student = pair(rng)
        n, k = weak.shape
        y = rng.integers(k, size=n)
        bound = ErrorFloor(loss="cross-entropy").fit(weak, student, y)
        error = cross_entropy(y, weak) + cross_entropy(y, student)
        assert bound.estimate_ == pytest.approx(error, rel=1e-10, abs=1e-13)
        assert at_least(error, bound.lower_)
        best = (np.log(weak) + np.log(student)).argmax(axis=1)
        attained = cross_entropy(best, weak) + cross_entropy(best, student)
        assert attained == pytest.approx(bound.lower_, rel=1e-10, abs=1e-14)
        alone = {row.name: row.value for row in bound.table_}
        assert at_least(cross_entropy(y, student), alone["student alone"])
        assert at_least(cross_entropy(y, weak), alone["weak model alone"])

        bound = ErrorFloor(loss="zero-one").fit(weak, student, y)
        wrong = [rows.argmax(axis=1) != y for rows in (weak, student)]
        assert bound.estimate_ == pytest.approx(np.mean(wrong[0]) + np.mean(wrong[1]), abs=1e-15)
        assert at_least(bound.estimate_, bound.lower_)
        attained = ErrorFloor(loss="zero-one").fit(weak, student, weak.argmax(axis=1))
        assert attained.estimate_ == bound.lower_


def test_squared():
    rng = np.random.default_rng(3)
    for case in range(CASES):
        n = int(rng.integers(1, 20))
        if case % 2:
            weak, student, F = rng.normal(size=(3, n)) * 10.0 ** rng.uniform(-6, 3)
        else:
            weak, student = pair(rng)
            F = probability_rows(rng, *weak.shape)
        bound = ErrorFloor(loss="squared").fit(weak, student, F)
        error = ((F - weak) ** 2 + (F - student) ** 2).sum() / len(weak)
        assert bound.estimate_ == pytest.approx(error, rel=1e-10)
        assert at_least(error, bound.lower_)
        middle = ErrorFloor(loss="squared").fit(weak, student, (weak + student) / 2)
        assert middle.estimate_ == pytest.approx(bound.lower_, rel=1e-10, abs=1e-30)
