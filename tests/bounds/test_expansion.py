"""Expansion: limits against the sets by hand, with and without gold labels."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from w2s_stats._intervals import prediction_powered_rate
from w2s_stats.bounds import ExpansionBound, _neighborhoods
from w2s_stats.bounds._expansion_limits import expansion_limit, theorem_4_1, theorem_b1
from w2s_stats.bounds._neighborhoods import distinguish, edges


def clusters(n=900, seed=0, flipped=0.2, wrong=0.0):
    """Three classes; neighbours are of the same class but for a few; the student errs rarely."""
    rng = np.random.default_rng(seed)
    y = rng.integers(3, size=n)
    weak = np.where(rng.random(n) < flipped, (y + 1) % 3, y)
    student = np.where(rng.random(n) < wrong, (y + 2) % 3, y)
    same = [np.flatnonzero(y == k) for k in range(3)]
    near = np.array([rng.choice(same[k], 4) for k in y])
    return weak, student, y, near


def by_hand(weak, student, y, near, eta=0.0):
    n = len(y)
    others = [[student[j] != student[i] for j in near[i] if j >= 0] for i in range(n)]
    robust = [sum(found) <= eta * len(found) for found in others]
    anchor = {i for i in range(n) if student[i] == weak[i] == y[i] and robust[i]}
    pairs = [(i, j) for i in anchor for j in near[i] if j >= 0 and student[j] == student[i]]
    reached = {j for i, j in pairs if y[j] == y[i] and weak[j] != y[j]}
    bad = sum(weak[i] != y[i] for i in range(n))
    limit = np.mean(student != weak) + bad / n - 2 * len(reached) / n
    return limit, (len(reached) / bad) / (len(anchor) / (n - bad)), np.mean(robust)


@pytest.mark.parametrize("wrong", [0.0, 0.02, 0.2])
@pytest.mark.parametrize("eta", [0.0, 0.25, 0.5])
def test_limit_expansion_and_robustness_are_those_by_hand(wrong, eta):
    weak, student, y, near = clusters(wrong=wrong)
    near[::7, 2:] = -1
    bound = ExpansionBound(eta=eta).fit(weak, student, y, neighbors=near)
    limit, expansion, robust = by_hand(weak, student, y, near, eta)
    found = bound.upper_, bound.expansion_, bound.robustness_
    assert found == pytest.approx((min(limit, 1.0), expansion, robust), abs=1e-12)
    assert bound.estimate_ == pytest.approx(np.mean(student != y), abs=1e-12)
    assert bound.holds_ and bound.lower_ == 0.0


def test_a_graph_is_a_table_of_neighbours():
    weak, student, y, near = clusters(300, wrong=0.05)
    rows = np.repeat(np.arange(300), near.shape[1])
    graph = csr_array((np.ones(near.size), (rows, near.ravel())), shape=(300, 300))
    one = ExpansionBound().fit(weak, student, y, neighbors=near)
    two = ExpansionBound().fit(weak, student, y, neighbors=graph)
    assert one.upper_ == two.upper_ and one.expansion_ == two.expansion_


@pytest.mark.parametrize(
    ("expansion", "weak_error", "differs", "printed"),
    [(0.848, 0.11, 0.12, 0.05), (0.497, 0.33, 0.29, 0.37)],
)
def test_theorem_b1_gives_the_figures_of_its_paper(expansion, weak_error, differs, printed):
    """Table 1 of [L24], SentenceBERT, both classes: all rows are taken to be robust there."""
    found = theorem_b1(differs, 0.0, weak_error, expansion)
    assert round(found, 2) == printed
    assert expansion_limit(differs, differs, weak_error, expansion)[0] == pytest.approx(found)


def test_theorem_b1_says_nothing_without_room():
    # c a >= 1 - a would turn its inequality round; r <= 1 - q - a excludes that.
    assert np.isnan(theorem_b1(0.3, 0.0, weak_error=0.5, expansion=1.0))
    assert np.isnan(theorem_b1(0.3, 0.0, weak_error=0.3, expansion=3.0))
    assert np.isnan(theorem_b1(0.3, 0.0, weak_error=1.0, expansion=1.0))


def test_a_larger_eta_makes_more_rows_robust_and_the_limit_smaller():
    weak, student, y, near = clusters(wrong=0.1)
    found = [ExpansionBound(eta=eta).fit(weak, student, y, neighbors=near) for eta in (0, 0.3, 1)]
    limits, robust = [b.upper_ for b in found], [b.robustness_ for b in found]
    assert limits == sorted(limits, reverse=True) and robust == sorted(robust)
    assert limits[0] > limits[1] > limits[2] and robust[2] == 1.0
    assert all(b.holds_ for b in found)


def test_few_gold_labels_give_a_larger_limit_and_a_powered_error():
    weak, student, y, near = clusters(3000, wrong=0.05)
    known = y.astype(float)
    known[300:] = np.nan
    bound = ExpansionBound().fit(weak, student, known, neighbors=near)
    wrong, differs = 1.0 * (student != y), 1.0 * (student != weak)
    powered = prediction_powered_rate(wrong[:300], differs[:300], differs[300:])
    assert (bound.estimate_, *bound.interval_) == pytest.approx(powered[:3])
    assert bound.method_ == "prediction-powered" and bound.holds_ is None
    full = ExpansionBound().fit(weak, student, y, neighbors=near)
    assert bound.upper_ > full.upper_
    assert [a.status for a in bound.assumptions_] == ["not checked", "not checked", "violated"]
    assert full.assumptions_[-1].status == "held"
    row = {q.name: q for q in bound.table_}["limit, measured on gold labels"]
    assert row.value == bound.upper_ and row.low < bound.upper_ < row.high
    assert bound.estimate_ <= bound.upper_


def test_weights_are_numbers_of_rows():
    weak, student, y, near = clusters(400, wrong=0.05)
    rng = np.random.default_rng(0)
    weight = rng.integers(0, 4, size=400)
    gold = np.where(rng.random(400) < 0.5, y, np.nan)
    rows = np.repeat(np.arange(400), weight)
    # A row without weight is no neighbour, and a repeated one is reached in all of its copies.
    copies = [np.flatnonzero(np.isin(rows, near[i])) for i in rows]
    table = np.full((len(rows), max(map(len, copies))), -1)
    for i, found in enumerate(copies):
        table[i, : len(found)] = found
    for truth, eta in [(y, 0.0), (gold, 0.0), (y, 0.3)]:
        own = ExpansionBound(eta=eta)
        one = own.fit(weak, student, truth, neighbors=near, sample_weight=weight)
        two = ExpansionBound(eta=eta)
        two.fit(weak[rows], student[rows], truth[rows], neighbors=table)
        assert one.expansion_ == pytest.approx(two.expansion_, rel=1e-12)
        assert one.robustness_ == pytest.approx(two.robustness_, rel=1e-12)
        if truth is y:  # else the tunings differ, as rows that count double are no more rows
            assert (one.estimate_, one.upper_) == pytest.approx((two.estimate_, two.upper_))
            assert one.holds_ and two.holds_
        equal = ExpansionBound().fit(weak, student, truth, neighbors=near, sample_weight=2.0)
        none = ExpansionBound().fit(weak, student, truth, neighbors=near)
        assert [q.name for q in equal.table_] == [q.name for q in none.table_]
        values = [[q[1:4] for q in bound.table_] for bound in (equal, none)]
        np.testing.assert_allclose(*values, atol=1e-9)


def test_rows_of_weight_zero_do_not_count():
    weak, student, y, near = clusters(300, wrong=0.05)
    near = np.column_stack([near, (np.arange(300) + 1) % 300])
    weight = np.where(np.arange(300) < 200, 1.5, 0.0)
    kept = np.where(near < 200, near, -1)[:200]
    arguments = {"neighbors": near, "sample_weight": weight}
    one = ExpansionBound().fit(weak, student, y, **arguments)
    two = ExpansionBound().fit(
        weak[:200], student[:200], y[:200], neighbors=kept, sample_weight=weight[:200]
    )
    assert str(one.table_) == str(two.table_)  # NaN is no number, but the same word
    assert (one.interval_, one.upper_) == (two.interval_, two.upper_)
    no_gold = np.where(weight > 0, np.nan, y)
    with pytest.raises(ValueError, match="ExpansionBound needs y_true in some rows"):
        ExpansionBound().fit(weak, student, no_gold, **arguments)


@pytest.mark.parametrize("n", [200, 2000])
@pytest.mark.parametrize(("wrong", "weighted"), [(0.005, False), (0.03, False), (0.03, True)])
def test_intervals_cover_with_200_gold_labels(n, wrong, weighted):
    rng, inside = np.random.default_rng(n), []
    near = np.full((n, 1), -1)  # without neighbours the limit is P(f != w) + P(w != y)
    for _ in range(300):
        y = rng.integers(2, size=n)
        weak, student = (np.where(rng.random(n) < wrong, 1 - y, y) for _ in range(2))
        gold = np.where(np.arange(n) < 200, y, np.nan)
        weight = rng.exponential(size=n) if weighted else None
        bound = ExpansionBound().fit(weak, student, gold, neighbors=near, sample_weight=weight)
        limit = {q.name: q for q in bound.table_}["limit, measured on gold labels"]
        expected = min(2 * wrong * (1 - wrong) + wrong, 1.0)
        inside.append(
            [
                bound.interval_[0] <= wrong <= bound.interval_[1],
                limit.low <= expected <= limit.high,
            ]
        )
    # Three standard errors below .93; the normal interval covers .6 at .005.
    assert np.min(np.mean(inside, axis=0)) >= 0.93 - 3 * np.sqrt(0.93 * 0.07 / 300)


def test_few_gold_labels_have_short_intervals_where_weak_labels_tell():
    weak, student, y, near = clusters(6000, flipped=0.02, wrong=0.2)
    gold = np.where(np.arange(6000) < 200, y, np.nan)
    powered = ExpansionBound().fit(weak, student, gold, neighbors=near)
    alone = ExpansionBound().fit(
        weak[:200], student[:200], y[:200], neighbors=np.full((200, 1), -1)
    )
    width = [high - low for low, high in (powered.interval_, alone.interval_)]
    assert width[0] < 0.5 * width[1]


def test_a_student_that_fits_its_weak_labels_is_bounded_by_their_error():
    weak, _, y, near = clusters()
    bound = ExpansionBound().fit(weak, weak, y, neighbors=near)
    assert bound.upper_ == pytest.approx(np.mean(weak != y)) and bound.expansion_ == 0


def test_assumed_expansion_needs_no_gold_labels_and_is_checked_by_them():
    weak, student, y, near = clusters(wrong=0.01)
    measured = ExpansionBound().fit(weak, student, y, neighbors=near)
    assumed = {"expansion": measured.expansion_, "weak_error": np.mean(weak != y)}
    bound = ExpansionBound(**assumed).fit(weak, student, neighbors=near)
    assert np.isnan(bound.estimate_) and bound.holds_ is None
    assert {a.status for a in bound.assumptions_[:2]} == {"not checked"}
    assert np.mean(student != y) <= bound.upper_ < np.mean(weak != y)
    checked = ExpansionBound(**assumed).fit(weak, student, y, neighbors=near)
    assert checked.upper_ == bound.upper_ and checked.holds_
    assert [a.status for a in checked.assumptions_[:2]] == ["held"] * 2
    assert "has no interval" in checked.assumptions_[2].name
    bold = ExpansionBound(expansion=1.4, weak_error=0.6).fit(weak, student, y, neighbors=near)
    assert [a.status for a in bold.assumptions_[:2]] == ["violated"] * 2


def test_an_impossible_expansion_is_refuted_without_gold_labels():
    weak, student, _, near = clusters()
    bound = ExpansionBound(expansion=3.0, weak_error=0.2).fit(weak, student, neighbors=near)
    assert bound.assumptions_[0].status == "violated"
    assert bound.assumptions_[1].status == "not checked"


def test_an_interval_that_holds_an_assumed_error_does_not_confirm_it():
    """Nine rows without a wrong weak label, of which the student gets one wrong; assumed: 1/4."""
    y = np.zeros(9, dtype=int)
    student = np.where(np.arange(9) == 0, 1, 0)
    bound = ExpansionBound(expansion=1.0, weak_error=0.25)
    bound.fit(y, student, y, neighbors=np.full((9, 1), -1))
    assert (bound.lower_, bound.upper_) == (0.0, 0.0)  # not below 0, where no error is
    assert bound.estimate_ == pytest.approx(1 / 9) and bound.holds_ is False
    assert dict(bound.assumptions_)["The weak labels' error is 0.25"] == "not checked"


def test_limit_from_four_numbers():
    # Half of the good rows anchor: r = 1/2 + 1/8 of all rows, a = 1/4, u = (3/4 - 5/8)/(3/4 - c/4).
    limit, share = expansion_limit(0.3, 0.625, weak_error=0.25, expansion=1.0)
    assert (limit, share) == pytest.approx((0.3 + 0.25 * (1 - 2 * 0.25), 0.25))
    assert expansion_limit(0.3, 0.9, weak_error=0.25, expansion=1.0) == (0.55, 0.0)
    assert expansion_limit(0.3, 0.3, weak_error=0.0, expansion=1.0)[0] == 0.3


def test_classes_have_their_own_limits():
    weak, student, y, near = clusters(wrong=0.01)
    table = {q.name: q for q in ExpansionBound().fit(weak, student, y, neighbors=near).table_}
    for k in range(3):
        own = table[f"class {k}: limit"].value
        wrong = np.mean(student[y == k] != k)
        assert wrong <= own <= table[f"class {k}: limit of Theorem B.1"].value
        assert own <= table[f"class {k}: limit of Theorem 4.1"].value
    weights = np.bincount(y) / len(y)
    total = sum(weights[k] * table[f"class {k}: limit"].value for k in range(3))
    assert total == pytest.approx(table["limit, measured on gold labels"].value)


def test_printed_theorem_fails_beyond_expansion_one():
    """Theorem 4.1 as printed, without c <= 1: 22 of 70 good rows anchor and reach all 30 bad ones.

    The expansion is 1 / (22/70) = 3.2, q = 0.3 < 22/70 is as allowed, P(f != w or not robust) is
    0.78, below (1 - a + 3 c a)/4 = 0.89; the printed limit is -0.35, the error 0.48.
    """
    y = np.zeros(100, dtype=int)
    weak = np.where(np.arange(100) < 30, 1, 0)
    student = np.where(np.arange(100) < 52, 0, 1)  # right on bad rows and on 22 good ones
    near = np.tile(np.arange(100)[:, None], (1, 30))
    near[30:52] = np.arange(30)
    bound = ExpansionBound().fit(weak, student, y, neighbors=near)
    a, c = 0.3, bound.expansion_
    differs, unsteady, q = np.mean(student != weak), np.mean(student != weak), 0.3
    assert c == pytest.approx(70 / 22) and bound.robustness_ == 1.0
    assert q <= 0.75 * (1 - 2 * a) + 1e-12 and q < 22 / 70
    assert unsteady <= (1 - a + 3 * c * a) / 4
    printed = differs + a * (1 - 1.5 * c)
    assert printed < 0 < bound.estimate_ == pytest.approx(0.48)
    assert bound.holds_ and bound.upper_ == pytest.approx(0.48)
    assert np.isnan(theorem_4_1(differs, unsteady, 0.0, a, c))
    assert not any("4.1" in quantity.name for quantity in bound.table_)


def test_summary_names_the_sets():
    weak, student, y, near = clusters()
    text = str(ExpansionBound().fit(weak, student, y, neighbors=near).summary())
    for words in ("ExpansionBound", "robust rows", "expansion of the student's set", "held"):
        assert words in text


@pytest.mark.parametrize(
    ("options", "fit", "message"),
    [
        ({}, {"neighbors": None}, "ExpansionBound needs neighbors"),
        ({}, {"neighbors": np.zeros((3, 1), int)}, "neighbors must hold row numbers, 9 rows"),
        ({}, {"neighbors": np.zeros((9, 1))}, "neighbors must hold row numbers, .* float64"),
        ({}, {"neighbors": np.full((9, 1), 9)}, "row numbers from 0 to 8 .* found 9 in row 0"),
        ({}, {"neighbors": csr_array((3, 3))}, r"A sparse neighbors must have shape \(9, 9\)"),
        ({}, {"y_true": None}, "ExpansionBound needs y_true in some rows, or both"),
        ({}, {"y_true": np.full(9, 0.5)}, "y_true must hold class labels"),
        ({}, {"sample_weight": -np.ones(9)}, "sample_weight must be zero or positive"),
        ({"expansion": 1.0}, {}, "expansion and weak_error must be given both"),
        ({"expansion": -1.0, "weak_error": 0.1}, {}, "expansion must be a number of at least 0"),
        ({"expansion": 1.0, "weak_error": 1.0}, {}, "weak_error must lie from 0 to below 1"),
        ({"eta": 1.5}, {}, "eta must lie between 0 and 1; found 1.5"),
        ({"eta": "0"}, {}, "eta must lie between 0 and 1; found '0'"),
        ({"confidence_level": 0}, {}, "confidence_level must"),
    ],
)
def test_bad_input_is_one_sentence(options, fit, message):
    weak, student, y, near = clusters(9)
    arguments = {"y_true": y, "neighbors": near, **fit}
    with pytest.raises(ValueError, match=message):
        ExpansionBound(**options).fit(weak, student, **arguments)


def test_labels_outside_the_classes_are_refused():
    near = [[1], [0]]
    weak = [[0.2, 0.8], [0.7, 0.3]]
    with pytest.raises(ValueError, match="y_true must hold labels of the 2 classes of y_weak"):
        ExpansionBound().fit(weak, [0, 1], [0, 2], neighbors=near)


def covariance_by_hand(values, weight, near, part=None):
    """sum d_i d_j over neighbours, less as many times its mean over rows two steps apart."""
    n, d = len(values), np.empty(len(values))
    part = np.ones(n, dtype=bool) if part is None else part
    for own in (part, ~part):
        if own.any():
            w = weight[own]
            d[own] = w * (values[own] - np.average(values[own], weights=w)) / w.sum()
    linked = np.zeros((n, n), dtype=bool)
    for i in range(n):
        for j in near[i]:
            if j >= 0 and j != i:
                linked[i, j] = linked[j, i] = True
    further = (linked.astype(int) @ linked > 0) & ~linked & ~np.eye(n, dtype=bool)
    product = np.outer(d, d)
    alike = max(product[further].mean(), 0.0) * linked.sum() if further.any() else 0.0
    return max(product[linked].sum() - alike, 0.0)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("block", [7, 1000])
def test_neighbours_covariance_is_the_sum_over_pairs(weighted, block, monkeypatch):
    monkeypatch.setattr(_neighborhoods, "_BLOCK", block)
    rng = np.random.default_rng(0)
    weak, student, y, near = clusters(120, wrong=0.1)
    near[:, 1] = near[:, 0]  # twice a neighbour is once
    near[5, 2] = 5  # and its own neighbour none
    weight = rng.uniform(0.5, 2.0, size=120) if weighted else None
    rows = distinguish(weak, student, y, *edges(near, 120), weight)
    w = np.ones(120) if weight is None else weight
    for values in (1.0 * y, rng.normal(size=120), rng.normal(size=120) + rows.robust, y - y[::-1]):
        found = rows.covariance(values)
        assert found == pytest.approx(covariance_by_hand(values, w, near), abs=1e-12)
    # Of two parts, each has its mean: known rows, and those that a guess stands for.
    part = np.arange(120) < 40
    expected = covariance_by_hand(values, w, near, part)
    assert rows.covariance(values, part) == pytest.approx(expected, abs=1e-12)
    # Some of the rows keep the pairs that both belong to.
    kept = rows.of(part)
    inner = [[j if j < 40 else -1 for j in near[i]] for i in range(40)]
    expected = covariance_by_hand(values[part], w[part], inner)
    assert kept.covariance(values[part]) == pytest.approx(expected, abs=1e-12)


def of_graph(near):
    """Rows with these neighbours, of which nothing else is known."""
    nothing = np.zeros(len(near), dtype=int)
    return distinguish(nothing, nothing, nothing, *edges(near, len(near)))


def test_groups_of_equal_rows_count_as_one_row():
    # All members of a group are neighbours: no rows are two steps apart, nothing is taken off.
    near = np.arange(200).reshape(50, 4).repeat(4, axis=0)
    values = np.random.default_rng(1).normal(size=50).repeat(4)
    d = (values - values.mean()) / 200
    assert of_graph(near).covariance(values) == pytest.approx(3 * d @ d)


def test_likeness_along_a_line_is_no_dependence():
    i = np.arange(2000)
    near = np.column_stack([np.maximum(i - 1, 0), np.minimum(i + 1, 1999)])
    trend = np.sin(i / 300.0)
    rows, d = of_graph(near), (trend - trend.mean()) / 2000
    assert rows.covariance(trend) < 0.01 * (d @ d)
    # Neighbours that share a part beyond the trend do depend on each other.
    noise = np.random.default_rng(2).normal(size=2001)
    shared = noise[1:] + noise[:-1]
    assert rows.covariance(trend + shared) == pytest.approx(2 / 2000, rel=0.25)


def test_graphs_with_too_many_steps_keep_the_wider_interval(monkeypatch):
    weak, student, y, near = clusters(120, wrong=0.1)
    rows = distinguish(weak, student, y, *edges(near, 120))
    less = rows.covariance(1.0 * y)
    monkeypatch.setattr(_neighborhoods, "_MOST_STEPS", 10)
    assert rows.covariance(1.0 * y) > less >= 0


@pytest.mark.parametrize("n_gold", [200, None])
def test_the_limit_of_pairs_is_covered(n_gold):
    """Rows in pairs, the second the first one's neighbour; the limit is known."""
    rng, n, inside = np.random.default_rng(8), 400, []
    a, e = 0.25, 0.1
    near = np.arange(1, n + 1)[:, None]
    near[1::2] = -1
    # Reached: a second row whose weak label is wrong, next to a first one that is an anchor.
    same = (1 - e) ** 2  # both of one pair are right: of one class, so the first is robust
    expected = a + e - 2 * a * e + a - 2 * 0.5 * a * (1 - a) * same
    for _ in range(400):
        y = np.repeat(rng.integers(2, size=n // 2), 2)
        weak, student = (np.where(rng.random(n) < error, 1 - y, y) for error in (a, e))
        gold = y if n_gold is None else np.where(np.arange(n) < n_gold, y, np.nan)
        table = ExpansionBound().fit(weak, student, gold, neighbors=near).table_
        limit = {q.name: q for q in table}["limit, measured on gold labels"]
        assert limit.method.endswith("with neighbours")
        inside.append(limit.low <= expected <= limit.high)
    # As if rows were independent: .91.
    assert 0.93 <= np.mean(inside) <= 0.98


@pytest.mark.parametrize(
    ("n_gold", "weak_error", "status"),
    [
        (3, 0.3, "not checked"),
        (300, 0.6, "violated"),
        (300, 0.2, "not checked"),
        (900, 0.17, "not checked"),
        (900, 1 / 6, "held"),
    ],
)
def test_few_gold_labels_cannot_confirm_the_weak_error(n_gold, weak_error, status):
    _, student, y, near = clusters(wrong=0.01)
    weak = np.where(np.arange(900) % 6 == 0, (y + 1) % 3, y)  # wrong in 1/6 of the rows
    gold = np.where(np.arange(900) < n_gold, y, np.nan)
    bound = ExpansionBound(expansion=0.9, weak_error=weak_error)
    bound.fit(weak, student, gold, neighbors=near)
    assert dict(bound.assumptions_)[f"The weak labels' error is {weak_error:g}"] == status
