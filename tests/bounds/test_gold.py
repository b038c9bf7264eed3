"""Gold labels drawn by width: what is drawn, what is estimated, how many are needed."""

import numpy as np
import pytest
from scipy.stats import binomtest, chisquare
from sklearn.base import clone

from w2s_stats.bounds import GoldLabelPlan


def pool(n=400, n_classes=3, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.dirichlet(np.ones(n_classes), size=n)
    y = (truth.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    weak = 0.5 * truth + 0.5 * rng.dirichlet(np.ones(n_classes), size=n)
    return weak, 0.7 * truth + 0.3 * weak, y


def gain(weak, student, y):
    rows = np.arange(len(y))
    return np.log(student[rows, y] / weak[rows, y])


def test_estimate_and_interval_are_the_formula():
    weak, student, y = pool()
    plan = GoldLabelPlan(n_labels=50, random_state=3).fit(weak, student, y)
    ratio = np.log(student / weak)
    low, high = ratio.min(axis=1), ratio.max(axis=1)
    width, middle = high - low, 0.5 * (low + high)
    rows = plan.rows_
    term = (gain(weak, student, y)[rows] - middle[rows]) / width[rows]
    value = middle.mean() + width.mean() * term.mean()
    reach = width.mean() * np.sqrt(np.log(2 / 0.05) / 100)
    assert plan.estimate_ == pytest.approx(value, abs=1e-12)
    ends = max(value - reach, low.mean()), min(value + reach, high.mean())
    np.testing.assert_allclose(plan.interval_, ends, atol=1e-12)
    assert (plan.lower_, plan.upper_) == pytest.approx((low.mean(), high.mean()), abs=1e-12)
    assert plan.holds_ is None and plan.method_ == "Hoeffding"


def test_only_drawn_rows_need_labels_and_a_second_fit_draws_them_again():
    weak, student, y = pool()
    plan = GoldLabelPlan(n_labels=30).fit(weak, student)
    assert np.isnan(plan.estimate_) and plan.holds_ is None and len(plan.rows_) == 30
    known = np.full(len(y), np.nan)
    known[plan.to_label_] = y[plan.to_label_]
    full = clone(plan).fit(weak, student, y)
    part = clone(plan).fit(weak, student, known)
    assert part.estimate_ == full.estimate_ and part.interval_ == full.interval_
    np.testing.assert_array_equal(part.rows_, plan.rows_)
    more = clone(plan).set_params(n_labels=60).fit(weak, student)
    np.testing.assert_array_equal(more.rows_[:30], plan.rows_)


def test_rows_are_drawn_in_proportion_to_their_width():
    weak, student, _ = pool(n=40)
    weight = np.random.default_rng(1).uniform(0, 2, size=40)
    weight[:5] = 0
    ratio = np.log(student / weak)
    share = weight * np.ptp(ratio, axis=1)
    counts = np.zeros(40)
    for seed in range(1000):
        plan = GoldLabelPlan(n_labels=30, random_state=seed)
        counts += np.bincount(plan.fit(weak, student, sample_weight=weight).rows_, minlength=40)
    assert chisquare(counts[5:], counts.sum() * share[5:] / share.sum()).pvalue > 0.001
    assert not counts[:5].any()


def test_accuracy_labels_disagreements_only():
    weak, student, y = pool(2000)
    plan = GoldLabelPlan(gain="accuracy", n_labels=100).fit(weak, student, y)
    differ = weak.argmax(axis=1) != student.argmax(axis=1)
    assert differ[plan.rows_].all() and plan.n_open_ == differ.sum()
    value = (student.argmax(axis=1) == y) * 1.0 - (weak.argmax(axis=1) == y)
    assert plan.estimate_ == pytest.approx(differ.mean() * value[plan.rows_].mean(), abs=1e-12)
    assert (plan.upper_, -plan.lower_) == pytest.approx((differ.mean(), differ.mean()))


@pytest.mark.parametrize("which", ["log_likelihood", "accuracy"])
def test_when_all_that_matter_are_labelled_the_gain_is_exact(which):
    weak, student, y = pool(300)
    student[100:] = weak[100:]
    plan = GoldLabelPlan(gain=which, n_labels=1000).fit(weak, student, y)
    value = gain(weak, student, y)
    if which == "accuracy":
        value = (student.argmax(axis=1) == y) * 1.0 - (weak.argmax(axis=1) == y)
    assert plan.estimate_ == pytest.approx(value.mean(), abs=1e-12)
    assert plan.interval_ == (plan.estimate_, plan.estimate_)
    assert plan.to_label_.max() < 100


def test_models_that_agree_need_no_labels():
    weak, _, y = pool()
    plan = GoldLabelPlan().fit(weak, weak, y)
    assert plan.n_open_ == 0 and plan.interval_ == (0.0, 0.0)


def test_weights_soft_truth_and_precision():
    weak, student, y = pool(200)
    weight = np.arange(200) % 3
    rows = np.repeat(np.arange(200), weight)
    plan = GoldLabelPlan(n_labels=1000)
    weighted = clone(plan).fit(weak, student, y, sample_weight=weight)
    repeated = clone(plan).fit(weak[rows], student[rows], y[rows])
    assert weighted.estimate_ == pytest.approx(repeated.estimate_, abs=1e-12)
    soft = clone(plan).fit(weak, student, np.eye(3)[y])
    assert soft.estimate_ == pytest.approx(clone(plan).fit(weak, student, y).estimate_, abs=1e-12)
    single = clone(plan).fit(weak.astype(np.float32), student.astype(np.float32), y)
    assert single.estimate_ == pytest.approx(soft.estimate_, abs=1e-4)
    binary = clone(plan).fit([0.5, 0.2], [0.4, 0.9], [0, 1])
    assert binary.estimate_ == pytest.approx(0.5 * np.log(0.6 / 0.5 * 0.9 / 0.2), abs=1e-12)


@pytest.mark.parametrize("n", [200, 1000, 5000])
def test_interval_covers(n):
    weak, student, y = pool(8000, seed=1)
    weak[:200] = [0.998, 0.001, 0.001]  # a few rows that uniform sampling would miss
    truth, covered, normal = gain(weak, student, y).mean(), [], []
    ratio = np.log(student / weak)
    low, high = ratio.min(axis=1), ratio.max(axis=1)
    for seed in range(150):
        plan = GoldLabelPlan(n_labels=n, random_state=seed).fit(weak, student, y)
        covered.append(plan.interval_[0] <= truth <= plan.interval_[1])
        asymptotic = plan.table_[-1]
        normal.append(asymptotic.low <= truth <= asymptotic.high)
    assert np.mean(covered) >= 0.95
    assert 0.90 <= np.mean(normal) <= 0.99  # 150 draws: the normal interval's own test is wider
    assert plan.table_[3].value < 0.5 * plan.table_[4].value
    assert (high - low).mean() == pytest.approx(plan.width_)


def test_labels_that_all_agree_leave_a_width():
    """Of 60 labels a normal interval holds the gain in 32 % of draws: it mostly has no width."""
    rng = np.random.default_rng(4)
    y = rng.integers(2, size=20_000)
    weak, student = (
        0.2 + 0.6 * np.where(rng.random(len(y)) < error, 1 - y, y) for error in (0.3, 0.003)
    )
    truth = (np.mean((student > 0.5) == y)) - np.mean((weak > 0.5) == y)
    agree, covered = 0, []
    for seed in range(200):
        plan = GoldLabelPlan(gain="accuracy", n_labels=60, random_state=seed)
        found = plan.fit(weak, student, y).table_[-1]
        assert found.method == "score" and plan.lower_ <= found.low <= found.value
        assert found.value <= found.high <= plan.upper_
        agree += found.value == pytest.approx(plan.upper_)
        assert found.high - found.low > 0.01 * plan.width_
        covered.append(found.low <= truth <= found.high)
    assert agree > 50 and np.mean(covered) >= 0.93


def test_accuracy_s_asymptotic_interval_is_wilson_s_of_the_labels_for_the_student():
    weak, student, y = (part[:600] for part in pool(600, n_classes=2, seed=5))
    plan = GoldLabelPlan(gain="accuracy", n_labels=20, random_state=1).fit(weak, student, y)
    right = student.argmax(axis=1)[plan.rows_] == y[plan.rows_]
    ends = binomtest(int(right.sum()), 20).proportion_ci(method="wilson")
    low, high = plan.width_ * (np.array([ends.low, ends.high]) - 0.5)
    assert plan.table_[-1][1:4] == pytest.approx((plan.estimate_, low, high), abs=1e-9)


@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
def test_as_many_labels_as_planned_certify_the_gain(power):
    weak, student, y = pool(6000, seed=2)
    truth = gain(weak, student, y).mean()
    n = GoldLabelPlan().fit(weak, student).labels_needed(truth, power=power)
    certified = [
        GoldLabelPlan(n_labels=n, random_state=seed).fit(weak, student, y).interval_[0] > 0
        for seed in range(60)
    ]
    assert np.mean(certified) >= power


def test_planner_is_the_formula_and_knows_its_limits():
    weak, student, _ = pool(5000)
    plan = GoldLabelPlan(confidence_level=0.9).fit(weak, student)
    roots = np.sqrt(np.log(2 / 0.1)) + np.sqrt(np.log(1 / 0.3))
    needed = plan.labels_needed(0.05, power=0.7)
    assert needed == np.ceil(0.5 * (plan.width_ * roots / 0.05) ** 2)
    assert plan.labels_needed(1e-6) == plan.n_open_
    with pytest.raises(ValueError, match="gain must lie above 0 and not above"):
        plan.labels_needed(plan.upper_ + 0.01)
    with pytest.raises(ValueError, match=r"gain must lie above 0 .* found 0"):
        plan.labels_needed(0)
    with pytest.raises(ValueError, match="power must lie between 0 and 1; found 1"):
        plan.labels_needed(0.1, power=1)


def test_summary_says_what_was_found():
    weak, student, y = pool()
    text = str(GoldLabelPlan(n_labels=40).fit(weak, student, y).summary())
    for words in ("GoldLabelPlan", "rows to label", "Hoeffding", "not checked"):
        assert words in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_labels": 0}, "n_labels must be an integer of at least 1; found 0"),
        ({"n_labels": 2.5}, "n_labels must be an integer of at least 1; found 2.5"),
        ({"random_state": None}, "random_state must be an integer of at least 0; found None"),
        ({"gain": "loss"}, "gain must be one of log_likelihood, accuracy; found 'loss'"),
        ({"confidence_level": 1.5}, "confidence_level must"),
    ],
)
def test_bad_parameters_are_one_sentence(options, message):
    weak, student, y = pool(20)
    plan = GoldLabelPlan(**options)
    with pytest.raises(ValueError, match=message):
        plan.fit(weak, student, y)
    assert not hasattr(plan, "rows_")


def test_bad_predictions_and_missing_labels_are_one_sentence():
    weak, student, y = pool(20)
    zero = np.eye(3)[y]
    with pytest.raises(ValueError, match="y_student must be above zero"):
        GoldLabelPlan().fit(weak, zero)
    assert GoldLabelPlan(gain="accuracy").fit(weak, zero).n_open_ > 0
    with pytest.raises(ValueError, match="must have the same shape"):
        GoldLabelPlan().fit(weak, student[:, :2] / student[:, :2].sum(axis=1, keepdims=True))
    plan = GoldLabelPlan(n_labels=5).fit(weak, student)
    known = y.astype(float)
    known[plan.to_label_[0]] = np.nan
    rows = plan.rows_
    with pytest.raises(ValueError, match="y_true must have a label in each row of to_label_"):
        plan.fit(weak, student, known)
    assert plan.rows_ is rows and np.isnan(plan.estimate_)


def test_envelope_has_the_limits_as_its_means_and_draws_in_proportion():
    weak, student, _ = pool()
    weight = np.random.default_rng(1).integers(0, 4, size=400)
    for given in (None, weight):
        plan = GoldLabelPlan(n_labels=50).fit(weak, student, sample_weight=given)
        assert plan.envelope_.mean(axis=0) == pytest.approx([plan.lower_, plan.upper_])
        assert np.ptp(plan.envelope_, axis=1).mean() == pytest.approx(plan.width_)
    assert (plan.envelope_[weight == 0] == 0).all()
    ratio = np.log(student / weak)
    expected = 400 * weight / weight.sum() * ratio.max(axis=1)
    np.testing.assert_allclose(plan.envelope_[:, 1], expected)
