import numpy as np
import pytest
from sklearn.base import clone

from tests.laws.model_pairs import floored, mean_kl, pair, quantity
from w2s_stats.bounds import KLSandwich


def generated(seed=0, n=60, k=3):
    rng = np.random.default_rng(seed)
    weak, student = (rng.dirichlet(np.full(k, 2.0), size=n) for _ in range(2))
    return weak, student, rng.integers(k, size=n), rng


def test_one_dimension_is_the_positive_class():
    weak, student, y, _ = generated(k=2)
    two = KLSandwich(random_state=0).fit(weak, student, y)
    one = KLSandwich(random_state=0).fit(weak[:, 1], student[:, 1], y)
    assert one.estimate_ == pytest.approx(two.estimate_, rel=1e-12)
    assert (one.lower_, one.upper_) == pytest.approx((two.lower_, two.upper_), rel=1e-12)


def test_labels_are_certain_probabilities_and_probabilities_their_means():
    weak, student, y, rng = generated()
    hard = KLSandwich().fit(weak, student, y)
    assert KLSandwich().fit(weak, student, np.eye(3)[y]).estimate_ == pytest.approx(hard.estimate_)
    F = rng.dirichlet(np.ones(3), size=len(y))
    soft = KLSandwich().fit(weak, student, F).estimate_
    assert soft == pytest.approx(mean_kl(F, weak) - mean_kl(F, student), abs=1e-13)
    drawn = np.stack([rng.choice(3, p=p, size=20_000) for p in F])
    log = np.log(student / weak)
    assert np.take_along_axis(log, drawn, axis=1).mean() == pytest.approx(soft, abs=0.01)


def test_float32_is_near_float64():
    weak, student, y, _ = generated(n=500)
    one = KLSandwich().fit(weak.astype(np.float32), student.astype(np.float32), y)
    two = KLSandwich().fit(weak, student, y)
    assert one.estimate_ == pytest.approx(two.estimate_, abs=1e-5)
    assert (one.lower_, one.upper_) == pytest.approx((two.lower_, two.upper_), rel=1e-5)


def test_blocks_of_rows_change_nothing(monkeypatch):
    weak, student, y, _ = generated()
    whole = KLSandwich().fit(weak, student, y)
    monkeypatch.setattr("w2s_stats.bounds._rows._BLOCK", 7 * 3)
    parts = KLSandwich().fit(weak, student, y)
    assert parts.estimate_ == whole.estimate_
    assert [row.value for row in parts.table_] == [row.value for row in whole.table_]


def test_excluded_classes():
    # Class 0: only the student excludes it. Class 2: both do, and it is no one's truth.
    weak, student = [[0.5, 0.5, 0.0]], [[0.0, 1.0, 0.0]]
    bound = KLSandwich().fit(weak, student, [1])
    assert bound.lower_ == -np.inf and bound.upper_ == pytest.approx(np.log(2))
    assert bound.estimate_ == pytest.approx(np.log(2)) and bound.holds_
    assert KLSandwich().fit(weak, student, [0]).estimate_ == -np.inf
    assert KLSandwich().fit(student, weak, [0]).estimate_ == np.inf
    assert KLSandwich().fit(weak, weak).upper_ == 0.0
    assert quantity(KLSandwich().fit(weak, weak), "sharp, C sqrt mean KL: +-") == 0.0


def test_partly_labelled_rows_are_prediction_powered():
    weak, student, y, rng = generated(n=4000)
    y = np.array([rng.choice(3, p=p) for p in student]).astype(float)
    everything = KLSandwich().fit(weak, student, y)
    y[200:] = np.nan
    powered = KLSandwich().fit(weak, student, y)
    few = KLSandwich().fit(weak[:200], student[:200], y[:200])
    assert powered.method_ == "prediction-powered, skew-widened"
    assert np.diff(powered.interval_) < np.diff(few.interval_)
    assert powered.interval_[0] < everything.estimate_ < powered.interval_[1]
    assert "random sample" in powered.assumptions_[-1].name
    weighted = KLSandwich().fit(weak, student, y, sample_weight=np.full(4000, 0.5))
    assert weighted.estimate_ == pytest.approx(powered.estimate_)
    assert weighted.interval_ == pytest.approx(powered.interval_)


def test_intervals_of_the_ends_cover():
    """Rows drawn from a population of 50 kinds, whose mean envelope is known."""
    rng = np.random.default_rng(0)
    gamma, repeats = 0.05, 120
    weak, student = (floored(rng.dirichlet(np.ones(3), size=50), gamma) for _ in range(2))
    log = np.log(student / weak)
    truth = {"low": log.min(axis=1).mean(), "high": log.max(axis=1).mean()}
    covered = {}
    for seed in range(repeats):
        rows = rng.integers(50, size=100)
        bound = KLSandwich(gamma=gamma * (1 - 1e-9), random_state=seed)
        for row in bound.fit(weak[rows], student[rows]).table_:
            if row.name.startswith("envelope"):
                inside = row.low <= truth[row.name.split()[1]] <= row.high
                covered[row.name, row.method] = covered.get((row.name, row.method), 0) + inside
    assert len(covered) == 4
    for (_, method), count in covered.items():
        # Three standard errors of 95 % over 120 samples are 6 %; the other is conservative.
        assert count >= (0.88 if method == "bootstrap, skew-widened" else 0.98) * repeats


def test_bernstein_needs_a_known_floor():
    weak, student, _, _ = generated()
    for gamma in (None, 0.0):
        rows = [q for q in KLSandwich(gamma=gamma).fit(weak, student).table_ if "Bern" in q.method]
        assert [(q.low, q.high) for q in rows] == [(-np.inf, 0.0), (0.0, np.inf)]


def test_without_truth():
    weak, student, _, _ = generated()
    for y in (None, np.full(len(weak), np.nan), np.full(weak.shape, np.nan)):
        bound = KLSandwich().fit(weak, student, y)
        assert np.isnan(bound.estimate_) and bound.holds_ is None


def test_parameters_and_summary():
    bound = KLSandwich(gamma=0.01, confidence_level=0.9, random_state=3)
    assert clone(bound).get_params() == bound.get_params()
    weak, student = (
        floored(pair(np.random.default_rng(0), n=9, k=3)[0], 0.02),
        np.full((9, 3), 1 / 3),
    )
    text = str(bound.fit(weak, student).summary())
    for words in ("C, sharp constant", "C1, printed constant", "[0.05", "not checked"):
        assert words in text


@pytest.mark.parametrize(
    ("weak", "student", "truth", "options", "message"),
    [
        ([[0.5, 0.4]], [[0.5, 0.5]], None, {}, "rows of y_weak must sum to 1"),
        ([[0.5, 0.5]], [[1.5, -0.5]], None, {}, "y_student must hold probabilities"),
        ([[0.5, np.nan]], [[0.5, 0.5]], None, {}, "y_weak must be finite"),
        ([[0.5, 0.5]], [[0.5, 0.25, 0.25]], None, {}, "same shape"),
        ([[1.0]], [[1.0]], None, {}, "two or more classes"),
        (np.empty((0, 2)), np.empty((0, 2)), None, {}, "y_weak must not be empty"),
        ([0.5], [0.5], [2], {}, "y_true must hold class labels from 0 to 1; found 2"),
        (
            [0.5],
            [0.5],
            [-1],
            {},
            "class labels from 0 to 1; found -1 in row 0: a missing label is NaN",
        ),
        ([[0.5, 0.25, 0.25]], [[0.5, 0.25, 0.25]], [0.5], {}, "class labels from 0 to 2"),
        ([0.5], [0.5], [[0.5, 0.6]], {}, "rows of y_true must sum to 1"),
        ([0.5], [0.5], [1, 0], {}, "y_true must have 1 rows. found 2"),
        ([[0.5, 0.5]], [[0.5, 0.5]], [[1.0, 0.0, 0.0]], {}, "found shape \\(1, 3\\)"),
        ([0.5], [0.5], None, {"confidence_level": 1.0}, "confidence_level must"),
        ([0.5], [0.5], None, {"gamma": -0.1}, "gamma must lie between 0 and 1/2"),
        ([0.5], [0.5], None, {"gamma": "0"}, "gamma must lie between 0 and 1/2"),
        ([0.5], [0.1], None, {"gamma": 0.2}, "gamma must be a floor"),
        ([0.5], [0.5], None, {"gamma": 0.6}, "gamma must lie between 0 and 1/2"),
        ([[0.5, 0.5, 0]], [[1.0, 0, 0]], [2], {}, "infinity minus infinity"),
        ([[0.0, 1.0], [1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]], [0, 0], {}, "infinity minus infinity"),
    ],
)
def test_bad_input(weak, student, truth, options, message):
    bound = KLSandwich(**options)
    with pytest.raises(ValueError, match=message):
        bound.fit(weak, student, truth)
    assert not [name for name in vars(bound) if name.endswith("_")]


def test_bad_weight():
    with pytest.raises(ValueError, match="sample_weight must be zero or positive"):
        KLSandwich().fit([0.5], [0.5], sample_weight=[-1.0])


def test_limits_from_kl_have_its_interval():
    weak, student, _, _ = generated()
    bound = KLSandwich(gamma=1e-9).fit(weak, student)
    table = {q.name: q for q in bound.table_}
    d = table["KL(weak || student)"]
    for name, constant in {
        "sharp, C sqrt mean KL: +-": "C, sharp constant",
        "printed, C1 sqrt mean KL: +-": "C1, printed constant",
    }.items():
        row, factor = table[name], table[constant].value
        assert row[1:4] == pytest.approx([factor * np.sqrt(value) for value in d[1:4]])
        assert row.method == d.method
    for name in ("sharp, C mean sqrt KL: +-", "sharp, C mean sqrt KL(student || weak): +-"):
        assert 0 < table[name].low < table[name].value < table[name].high < np.inf
    assert {type(value) for q in bound.table_ for value in q[1:4]} == {float}


def test_a_floor_that_is_met_need_not_have_been_known():
    weak, student, _, _ = generated()
    status = dict(KLSandwich(gamma=1e-9).fit(weak, student).assumptions_)
    assert status["No probability here is below gamma"] == "held"
    assert status["gamma was known beforehand"] == "not checked"


def test_a_truth_within_the_tolerance_is_a_distribution():
    bound = KLSandwich().fit([[0.5, 0.5]], [[0.4, 0.6]], [[0.0, 1 + 5e-7]])
    assert bound.holds_ and bound.estimate_ == pytest.approx(np.log(1.2), rel=1e-12)
