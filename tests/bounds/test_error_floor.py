import numpy as np
import pytest
from sklearn.base import clone

from w2s_stats.bounds import ErrorFloor
from w2s_stats.bounds._error_floor import LOSSES


def generated(seed=0, n=80, k=3):
    rng = np.random.default_rng(seed)
    weak, student = (rng.dirichlet(np.full(k, 2.0), size=n) for _ in range(2))
    return weak, student, rng.integers(k, size=n), rng


@pytest.mark.parametrize("loss", LOSSES)
def test_labels_are_certain_probabilities(loss):
    weak, student, y, _ = generated()
    one = ErrorFloor(loss=loss).fit(weak, student, y)
    two = ErrorFloor(loss=loss).fit(weak, student, np.eye(3)[y])
    assert one.estimate_ == pytest.approx(two.estimate_, rel=1e-12)
    names = [row.name for row in one.table_]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("loss", ["kl", "cross-entropy", "zero-one"])
def test_one_dimension_is_the_positive_class(loss):
    weak, student, y, _ = generated(k=2)
    one = ErrorFloor(loss=loss).fit(weak[:, 1], student[:, 1], y)
    two = ErrorFloor(loss=loss).fit(weak, student, y)
    assert (one.lower_, one.estimate_) == pytest.approx((two.lower_, two.estimate_), rel=1e-12)


def test_models_that_exclude_each_other():
    bound = ErrorFloor().fit([[1.0, 0.0]], [[0.0, 1.0]], [0])
    assert bound.lower_ == bound.estimate_ == np.inf
    assert ErrorFloor(loss="zero-one").fit([[1.0, 0.0]], [[0.0, 1.0]]).lower_ == 1.0


def test_close_models_keep_their_precision():
    step = 1e-9
    floor = ErrorFloor().fit([[0.5, 0.5]], [[0.5 + step, 0.5 - step]]).lower_
    # -2 log sum sqrt(w s) = sum (s - w)^2 / (4 w) to leading order.
    assert floor == pytest.approx(step**2, rel=1e-6)


def test_intervals_of_the_floor_cover():
    rng = np.random.default_rng(1)
    weak, student, _, _ = generated(n=50)
    truth = (weak.argmax(axis=1) != student.argmax(axis=1)).mean()
    covered = {"Wilson": 0, "Clopper-Pearson": 0}
    for _ in range(400):
        rows = rng.integers(50, size=200)
        for row in ErrorFloor(loss="zero-one").fit(weak[rows], student[rows]).table_:
            covered[row.method] += row.low <= truth <= row.high
    assert 0.92 <= covered["Wilson"] / 400 <= 0.98
    assert covered["Clopper-Pearson"] / 400 >= 0.94


@pytest.mark.parametrize("n", [200, 1000])
@pytest.mark.parametrize(("wrong", "weighted"), [(0.005, False), (0.03, False), (0.03, True)])
def test_few_gold_labels_cover_rare_errors(n, wrong, weighted):
    rng, inside, expected = np.random.default_rng(n), [], 2 * wrong
    for _ in range(300):
        y = rng.integers(2, size=n)
        models = [np.where(rng.random(n) < wrong, 1 - y, y) for _ in range(2)]
        weight = rng.exponential(size=n) if weighted else None
        gold = np.where(np.arange(n) < 200, y, np.nan)
        bound = ErrorFloor(loss="zero-one")
        low, high = bound.fit(*(1.0 * m for m in models), gold, sample_weight=weight).interval_
        inside.append(low <= expected <= high)
        assert bound.method_ == ("score" if n == 200 else "prediction-powered")
    # Three standard errors below .93; the normal interval covers .6 at .005.
    assert np.mean(inside) >= 0.93 - 3 * np.sqrt(0.93 * 0.07 / 300)


def test_partly_labelled_rows():
    weak, student, y, _ = generated(n=2000)
    truth = np.where(np.arange(2000) < 150, y, np.nan)
    bound = ErrorFloor(loss="cross-entropy").fit(weak, student, truth)
    everything = ErrorFloor(loss="cross-entropy").fit(weak, student, y)
    assert bound.method_ == "prediction-powered, skew-widened"
    assert bound.interval_[0] < everything.estimate_ < bound.interval_[1]
    assert bound.lower_ == everything.lower_


def test_squared_error_of_real_outputs():
    bound = ErrorFloor(loss="squared").fit([0.0, 3.0], [2.0, -1.0], [1.0, np.nan])
    assert bound.lower_ == pytest.approx((2 + 8) / 2)
    assert [row.method for row in bound.table_] == ["normal, skew-widened"]
    with pytest.raises(ValueError, match="y_student must have the shape"):
        ErrorFloor(loss="squared").fit([0.0, 3.0], [2.0])


def test_bad_input():
    with pytest.raises(ValueError, match="loss must be one of kl, cross-entropy, zero-one"):
        ErrorFloor(loss="hinge").fit([0.5], [0.5])
    with pytest.raises(ValueError, match="y_weak must hold probabilities from 0 to 1"):
        ErrorFloor().fit([1.5], [0.5])
    with pytest.raises(ValueError, match="confidence_level must"):
        ErrorFloor(confidence_level=0).fit([0.5], [0.5])
    bound = ErrorFloor(loss="zero-one", confidence_level=0.9)
    assert clone(bound).get_params() == bound.get_params()
    assert "floor" in str(bound.fit([0.2], [0.9]).summary())


def test_numbers_that_happen_to_lie_in_the_unit_interval_get_no_finite_sample_interval():
    # A student of 0, and of 100 with probability 0.001, has a mean floor of 5 and mostly shows 0.
    found = ErrorFloor(loss="squared").fit(np.zeros(50), np.zeros(50)).table_
    assert [q.method for q in found if q.name.startswith("floor")] == ["normal, skew-widened"]
    columns = ErrorFloor(loss="squared").fit(np.zeros((50, 2)), np.zeros((50, 2))).table_
    assert [q.method for q in columns if q.name.startswith("floor")] == ["normal, skew-widened"]
    weak, student, _, _ = generated()
    found = ErrorFloor(loss="squared").fit(weak, student).table_
    assert [q.method for q in found if q.name.startswith("floor")] == [
        "normal, skew-widened",
        "empirical Bernstein",
    ]


def test_probabilities_up_to_rounding_have_a_floor_in_the_unit_interval():
    weak, student = np.tile([1 + 5e-7, 0.0], (9, 1)), np.tile([0.0, 1 + 5e-7], (9, 1))
    found = ErrorFloor(loss="squared").fit(weak, student).table_
    assert found[1].method == "empirical Bernstein" and found[1].high == 1.0
