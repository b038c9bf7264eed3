import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.base import clone

from tests.laws.model_pairs import mean_kl, quantity
from w2s_stats._intervals import normal_mean, prediction_powered_mean
from w2s_stats.bounds import BudgetedEnvelope, KLSandwich
from w2s_stats.bounds._tilting import tilted_supremum


def generated(seed=0, n=40, k=3):
    rng = np.random.default_rng(seed)
    weak, student = (rng.dirichlet(np.full(k, 2.0), size=n) for _ in range(2))
    return weak, student, rng


def test_ends_against_a_general_solver():
    """Maximise the gain over truths of three rows and three classes directly."""
    weak, student, _ = generated(n=3)
    budget, log = 0.15, np.log(student / weak)
    bound = BudgetedEnvelope(budget=budget).fit(weak, student)

    def rows(z):
        F = np.exp(z.reshape(3, 3))
        return F / F.sum(axis=1, keepdims=True)

    for sign, end in (-1, bound.lower_), (1, bound.upper_):
        found = minimize(
            lambda z, sign=sign: -sign * (rows(z) * log).sum(axis=1).mean(),
            np.log(weak).ravel(),
            constraints={"type": "ineq", "fun": lambda z: budget - mean_kl(rows(z), weak)},
            options={"ftol": 1e-12, "maxiter": 500},
        )
        assert -sign * found.fun == pytest.approx(end, abs=1e-6)


def test_dual_is_convex_and_the_value_its_minimum():
    weak, student, _ = generated()
    budget, log = 0.1, np.log(student / weak)

    def dual(multiplier):
        tilt = np.log((weak * np.exp(log / multiplier)).sum(axis=1))
        return multiplier * budget + multiplier * tilt.mean()

    found = tilted_supremum(weak, student, budget)
    assert found.value == pytest.approx(dual(found.multiplier), rel=1e-12)
    grid = np.linspace(0.05, 10, 400)
    values = np.array([dual(multiplier) for multiplier in grid])
    assert (np.diff(values, 2) >= -1e-12).all()
    assert values.min() >= found.value - 1e-12


def test_ends_widen_with_the_budget():
    weak, student, _ = generated()
    found = [BudgetedEnvelope(budget=e).fit(weak, student) for e in np.geomspace(1e-6, 10, 30)]
    assert (np.diff([bound.upper_ for bound in found]) >= -1e-12).all()
    assert (np.diff([bound.lower_ for bound in found]) <= 1e-12).all()
    envelope = KLSandwich().fit(weak, student)
    assert found[-1].multipliers_ == (0.0, 0.0)
    assert found[-1].upper_ == pytest.approx(envelope.upper_, rel=1e-14)
    assert found[-1].lower_ == pytest.approx(envelope.lower_, rel=1e-14)


def test_excluded_classes():
    # A truth within any finite budget has nothing where the weak model has nothing.
    bound = BudgetedEnvelope(budget=5.0).fit([[0.5, 0.5, 0.0]], [[0.25, 0.25, 0.5]])
    assert bound.lower_ == bound.upper_ == pytest.approx(-np.log(2))
    assert quantity(bound, "envelope, high end") == np.inf
    # To give nothing to the class that the student excludes costs a truth log 2.
    for budget, upper in (0.0, -np.inf), (0.6, -np.inf), (0.7, np.log(2)):
        bound = BudgetedEnvelope(budget=budget).fit([[0.5, 0.5]], [[0.0, 1.0]])
        assert bound.lower_ == -np.inf
        assert bound.upper_ == pytest.approx(upper)
    # Between the two: three classes, one excluded, the rest tilted with what is left.
    bound = BudgetedEnvelope(budget=0.5).fit([[0.25, 0.25, 0.5]], [[0.0, 0.75, 0.25]])
    tilt = np.array(
        [[0.0, 0.25 * 3 ** (1 / bound.multipliers_[1]), 0.5 * 0.5 ** (1 / bound.multipliers_[1])]]
    )
    tilt /= tilt.sum()
    assert mean_kl(tilt, np.array([[0.25, 0.25, 0.5]])) == pytest.approx(0.5, rel=1e-7)
    assert bound.upper_ == pytest.approx(tilt[0, 1] * np.log(3) + tilt[0, 2] * np.log(0.5))


def test_budget_from_labels():
    weak, student, rng = generated(n=400)
    y = np.array([rng.choice(3, p=p) for p in weak]).astype(float)
    y[100:] = np.nan
    bound = BudgetedEnvelope().fit(weak, student, y)
    loss = -np.log(weak[np.arange(100), y[:100].astype(int)])
    # What the student expects of the loss stands in where there is no label.
    guess = -(student * np.log(weak)).sum(axis=1)
    expected = prediction_powered_mean(loss, guess[:100], guess[100:])
    assert bound.budget_ == pytest.approx(expected.high, rel=1e-9)
    assert bound.budget_ < normal_mean(loss).high
    F = 0.5 * weak + 0.5 * student
    soft = BudgetedEnvelope().fit(weak, student, F)
    assert quantity(soft, "weak model's error") == pytest.approx(mean_kl(F, weak), rel=1e-9)
    assert soft.budget_ > mean_kl(F, weak)
    assert soft.holds_ and soft.lower_ <= soft.estimate_ <= soft.upper_


@pytest.mark.parametrize(
    ("budget", "truth", "status"),
    [
        (0.1, None, "not checked"),
        (10.0, [[0.2, 0.8]], "held"),
        (0.1, [[0.2, 0.8]], "violated"),
        (10.0, [1], "held"),
        # The label's cross-entropy, log 2, may be the truth's entropy alone.
        (0.1, [1], "not checked"),
    ],
)
def test_what_is_said_of_the_budget(budget, truth, status):
    bound = BudgetedEnvelope(budget=budget).fit([[0.5, 0.5]], [[0.4, 0.6]], truth)
    assert bound.assumptions_[1].status == status


def test_interval_of_an_end_is_that_of_its_mean():
    """Standard deviation of the upper end over samples of rows, against its interval's width."""
    weak, student, rng = generated(n=50, k=3)
    ends, widths = [], []
    for _ in range(150):
        rows = rng.integers(50, size=200)
        bound = BudgetedEnvelope(budget=0.05).fit(weak[rows], student[rows])
        row = next(q for q in bound.table_ if q.name == "budgeted, high end")
        ends.append(row.value)
        widths.append((row.high - row.low) / (2 * 1.96))
    assert np.mean(widths) == pytest.approx(np.std(ends), rel=0.2)


@pytest.mark.parametrize("budget", [-0.1, np.nan, "much"])
def test_bad_budget(budget):
    with pytest.raises(ValueError, match="budget must be None or a number from 0 up"):
        BudgetedEnvelope(budget=budget).fit([0.5], [0.5])


def test_no_budget_and_no_label():
    bound = BudgetedEnvelope()
    with pytest.raises(ValueError, match="budget must be given where y_true has no label"):
        bound.fit([0.5], [0.5], [np.nan])
    assert not hasattr(bound, "budget_")
    assert clone(bound).get_params() == {"budget": None, "confidence_level": 0.95}


def test_infinite_budget_is_no_budget():
    weak, student, _ = generated()
    bound = BudgetedEnvelope(budget=np.inf).fit(weak, student)
    assert bound.upper_ == pytest.approx(KLSandwich().fit(weak, student).upper_)
    assert "budgeted, high end" in str(bound.summary())


@pytest.mark.parametrize("labels", [False, True])
def test_few_labels_say_of_the_budget_what_their_interval_says(labels):
    weak, student, rng = generated(n=60)
    truth = rng.dirichlet(np.ones(3), size=60)
    if labels:
        truth = 1.0 * truth.argmax(axis=1)
    truth[20:] = np.nan
    error = BudgetedEnvelope().fit(weak, student, truth).table_[-1]
    assert 0 < error.low < error.value < error.high
    for budget, status in (
        (1.01 * error.high, "held"),
        (0.5 * (error.value + error.high), "not checked"),
        (0.5 * (error.value + error.low), "not checked"),
        (0.99 * error.low, "not checked" if labels else "violated"),
    ):
        bound = BudgetedEnvelope(budget=budget).fit(weak, student, truth)
        assert bound.assumptions_[1].status == status
