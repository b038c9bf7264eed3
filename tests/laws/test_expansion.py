"""Expansion (theory 7.6): the limit row by row, its assumed form, Theorems B.1, 4.1 (c <= 1)."""

from itertools import islice

import numpy as np
import pytest

from w2s_stats.bounds import ExpansionBound
from w2s_stats.bounds._neighborhoods import (
    distinguish,
    edges,
    expansion_limit,
    expansion_of,
    theorem_4_1,
    theorem_b1,
)

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
    for weak, student, y, near, rng in islice(problems(), 1000):
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


def test_theorem_4_1_holds_for_expansion_up_to_one_and_ours_is_below():
    met = 0
    for weak, student, y, near, rng in problems():
        rows = distinguish(weak, student, y, *edges(near, len(y)))
        for k in np.unique(y):
            own = rows.of(y == k)
            differs, unsteady = own.differs.mean(), (own.differs | ~own.robust).mean()
            a, c = own.bad.mean(), expansion_of(own)
            c = rng.uniform() if not own.bad.any() else min(c, 1.0)  # nothing to reach: any c
            printed = theorem_4_1(differs, unsteady, 1 - own.robust.mean(), a, c)
            if np.isnan(printed):
                continue
            met += 1
            assert np.mean(student[y == k] != k) <= printed + 1e-12
            assert expansion_limit(differs, unsteady, a, c)[0] <= printed + 1e-12
    assert met >= 1000


def test_theorem_b1_holds_for_any_expansion_and_ours_is_below():
    met = beyond_one = partly_robust = 0
    for weak, student, y, near, rng in problems():
        eta = rng.choice(ETAS)
        rows = distinguish(weak, student, y, *edges(near, len(y)), eta=eta)
        for k in np.unique(y):
            own = rows.of(y == k)
            differs, steady, a = own.differs.mean(), own.robust.mean(), own.bad.mean()
            c = rng.uniform(0, 3) if not own.bad.any() else expansion_of(own)
            printed = theorem_b1(differs, 1 - steady, a, c)
            if np.isnan(printed):
                continue
            met += 1
            beyond_one += c > 1
            partly_robust += 0 < eta < 1 and 0 < steady < 1
            assert np.mean(student[y == k] != k) <= printed + 1e-12
            ours, _ = expansion_limit(differs, (own.differs | ~own.robust).mean(), a, c)
            assert ours <= printed + 1e-12
            # With the sum in place of the share of either, ours is the theorem's.
            loose, share = expansion_limit(differs, differs + 1 - steady, a, c)
            if 0 < share < 1 and c * share < 1:
                assert loose == pytest.approx(printed, abs=1e-9)
    assert met >= 1000 and beyond_one > 100 and partly_robust > 100


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
