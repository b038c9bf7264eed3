"""Expansion (theory 7.6): the limit row by row, its assumed form, Theorems B.1, 4.1 (c <= 1)."""

from itertools import islice

import numpy as np
import pytest

from w2s_stats.bounds import ExpansionBound
from w2s_stats.bounds._expansion_limits import expansion_limit, theorem_4_1, theorem_b1
from w2s_stats.bounds._neighborhoods import distinguish, edges, expansion_of

N_CASES = 2000
ETAS = (0.0, 0.2, 0.5, 1.0)


def problems():
    """Labels of two to four classes and neighbours, from unrelated to all of one class."""
    rng = np.random.default_rng(11)
    for _ in range(N_CASES):
        n, k = rng.integers(2, 40), rng.integers(2, 5)
        y = rng.integers(k if rng.random() < 0.5 else 1, size=n)
        weak = np.where(rng.random(n) < rng.uniform(0, 0.6), rng.integers(k, size=n), y)
        student = np.where(rng.random(n) < rng.uniform(0, 0.5) ** 2, rng.integers(k, size=n), y)
        if rng.random() < 0.2:
            student = np.where(rng.random(n) < 0.5, weak, student)
        near = rng.integers(-1, n, size=(n, rng.integers(1, 6)))
        if rng.random() < 0.7:  # neighbours that agree: of another class or label there are none
            alien = (student[near] != student[:, None]) | (y[near] != y[:, None])
            near[alien] = -1
        yield weak, student, y, near, rng


def test_the_limit_holds_row_by_row_and_so_for_every_weight():
    tight = 0
    for weak, student, y, near, rng in problems():
        rows = distinguish(weak, student, y, *edges(near, len(y)), eta=rng.choice(ETAS))
        assert (rows.limit >= (student != y)).all()
        tight += (rows.limit == (student != y)).all() and rows.reached.any()
    assert tight > 50


def test_the_bound_holds_whatever_rows_have_gold_labels():
    for weak, student, y, near, rng in islice(problems(), 300):
        gold = rng.random(len(y)) < 0.7
        gold[rng.integers(len(y))] = True
        known = np.where(gold, y, np.nan)
        weight = rng.random(len(y)) if rng.random() < 0.5 else None
        bound = ExpansionBound().fit(weak, student, known, neighbors=near, sample_weight=weight)
        assert bound.estimate_ <= bound.upper_ + 1e-12
        assert bound.holds_ is (True if gold.all() else None)
        full = distinguish(weak, student, y, *edges(near, len(y)))
        part = distinguish(weak, student, np.where(gold, y, -1), *edges(near, len(y)))
        assert not (part.reached & ~full.reached).any()


def test_the_assumed_form_holds_for_every_expansion_there_is():
    informative = beyond_one = 0
    for weak, student, y, near, rng in problems():
        rows = distinguish(weak, student, y, *edges(near, len(y)), eta=rng.choice(ETAS))
        differs, unsteady = rows.differs.mean(), (rows.differs | ~rows.robust).mean()
        a, c = rows.bad.mean(), expansion_of(rows)
        c = (0.0 if np.isnan(c) else c) * rng.choice([1.0, 1.0, 0.5])
        limit, share = expansion_limit(differs, unsteady, a, c)
        error = np.mean(student != y)
        assert error <= limit + 1e-12
        if a < 1:
            assert share <= rows.anchor.sum() / (~rows.bad).sum() + 1e-12
        informative += limit < differs + a - 1e-9
        beyond_one += c > 1 and share > 0
    assert informative > 300 and beyond_one > 50


def test_the_theorems_hold_and_ours_is_below():
    """Theorem B.1 for any expansion, 4.1 up to one, both for students robust on average."""
    b1 = of_4_1 = beyond_one = partly_robust = 0
    for weak, student, y, near, rng in problems():
        eta = rng.choice(ETAS)
        rows = distinguish(weak, student, y, *edges(near, len(y)), eta=eta)
        for k in np.unique(y):
            own = rows.of(y == k)
            differs, steady, a = own.differs.mean(), own.robust.mean(), own.bad.mean()
            unsteady = (own.differs | ~own.robust).mean()
            # Where there is nothing to reach, any c is true.
            c = expansion_of(own) if own.bad.any() else rng.uniform(0, 3)
            error = np.mean(student[y == k] != k)
            printed = theorem_b1(differs, 1 - steady, a, c)
            if not np.isnan(printed):
                b1 += 1
                beyond_one += c > 1
                partly_robust += 0 < eta < 1 and 0 < steady < 1
                assert error <= printed + 1e-12
                assert expansion_limit(differs, unsteady, a, c)[0] <= printed + 1e-12
                # With the sum in place of the share of either, ours is the theorem's.
                loose, share = expansion_limit(differs, differs + 1 - steady, a, c)
                if 0 < share < 1 and c * share < 1:
                    assert loose == pytest.approx(printed, abs=1e-9)
            printed = theorem_4_1(differs, unsteady, 1 - steady, a, min(c, 1.0))
            if not np.isnan(printed):
                of_4_1 += 1
                assert error <= printed + 1e-12
                assert expansion_limit(differs, unsteady, a, min(c, 1.0))[0] <= printed + 1e-12
    assert b1 >= 1000 and of_4_1 >= 1000 and beyond_one > 100 and partly_robust > 100


@pytest.mark.parametrize("c", [1.0, 0.5])
def test_the_assumed_limit_is_attained(c):
    # All good rows anchor, c of the bad rows are reached and right, the others keep their label.
    n, a = 1000, 0.25
    y, bad = np.zeros(n, dtype=int), np.arange(n) < a * n
    weak = bad.astype(int)
    reached = np.arange(n) < c * a * n
    student = np.where(bad & ~reached, 1, 0)
    near = np.full((n, 1), -1)
    near[-reached.sum() :, 0] = np.flatnonzero(reached)
    bound = ExpansionBound(expansion=c, weak_error=a).fit(weak, student, y, neighbors=near)
    assert bound.expansion_ == pytest.approx(c)
    assert bound.estimate_ == pytest.approx(bound.upper_, abs=1e-12)
