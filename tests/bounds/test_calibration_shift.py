import numpy as np
import pytest
from sklearn.base import clone

from tests.laws.model_pairs import quantity
from w2s_stats.bounds import CalibrationShift
from w2s_stats.bounds._calibration_shift import SCORE_CONDITIONAL
from w2s_stats.calibration import smooth_calibration_error


def generated(seed=0, n=300, k=3):
    rng = np.random.default_rng(seed)
    weak, student = (rng.dirichlet(np.full(k, 2.0), size=n) for _ in range(2))
    y = np.array([rng.choice(k, p=p) for p in weak])
    return weak, student, y, rng


@pytest.mark.parametrize("columns", [True, False])
@pytest.mark.parametrize("k", [2, 3])
def test_smooth_errors_are_those_of_the_calibration_package(k, columns):
    weak, student, y, _ = generated(k=k)
    if not columns and k == 2:
        weak, student = weak[:, 1], student[:, 1]
    bound = CalibrationShift().fit(weak, student, y)
    before, after = (smooth_calibration_error(y, p) for p in (weak, student))
    assert quantity(bound, "calibration error, weak model") == pytest.approx(before, rel=1e-10)
    assert quantity(bound, "calibration error, student") == pytest.approx(after, rel=1e-10)
    assert bound.estimate_ == pytest.approx(after - before, rel=1e-9)


def test_same_information_by_hand():
    weak = np.array([0.12, 0.14, 0.14, 0.9])
    student = np.array([0.55, 0.45, 0.57, 0.95])
    y = np.array([0, 1, 1, 1])
    # Rows 0 and 2 share a cell of tenths.
    before = (abs(-0.12 + 0.86) + 0.86 + 0.1) / 4
    after = (abs(-0.55 + 0.43) + 0.55 + 0.05) / 4
    bound = CalibrationShift(measure="same-information").fit(weak, student, y)
    assert bound.estimate_ == pytest.approx(after - before)
    columns = [np.column_stack([1 - p, p]) for p in (weak, student)]
    doubled = CalibrationShift(measure="same-information").fit(*columns, y)
    assert doubled.estimate_ == pytest.approx(2 * bound.estimate_)
    assert doubled.upper_ == pytest.approx(2 * bound.upper_)


@pytest.mark.parametrize("measure", ["smooth", "same-information"])
@pytest.mark.parametrize("k", [2, 3])
def test_weight_is_a_number_of_rows(measure, k):
    weak, student, y, rng = generated(k=k, n=50)
    weight = rng.integers(0, 4, size=50)
    rows = np.repeat(np.arange(50), weight)
    one = CalibrationShift(measure=measure).fit(weak, student, y, sample_weight=weight)
    two = CalibrationShift(measure=measure).fit(weak[rows], student[rows], y[rows])
    assert one.estimate_ == pytest.approx(two.estimate_, rel=1e-9)
    assert one.upper_ == pytest.approx(two.upper_, rel=1e-12)
    assert np.isnan(one.interval_).all()


def test_the_two_of_smooth_errors_is_sharp():
    """Half of the rows and a few more, ones at 0, move to e; the others, zeros, stay at 1."""
    e, y = 1e-4, np.repeat([1, 0], [505, 495])
    bound = CalibrationShift().fit(np.where(y == 1, 0.0, 1.0), np.where(y == 1, e, 1.0), y)
    # The best weight is 1 where the ones are, and so 0, then e, at 1.
    assert quantity(bound, "calibration error, weak model") == pytest.approx(0.505)
    assert bound.estimate_ == pytest.approx(-e, rel=1e-9)
    assert bound.estimate_ / bound.lower_ == pytest.approx(1 / 1.01, rel=1e-9)


@pytest.mark.parametrize("measure", ["distance", "smooth-vector"])
def test_limited_but_not_computed(measure):
    rng = np.random.default_rng(0)
    bound = CalibrationShift(measure=measure).fit(*rng.uniform(size=(2, 9)), np.arange(9) % 2)
    assert np.isnan(bound.estimate_) and bound.holds_ is None and bound.upper_ > 0


@pytest.mark.parametrize("measure", SCORE_CONDITIONAL)
def test_score_conditional_errors_are_refused(measure):
    with pytest.raises(ValueError, match=r"conditions each model on its own scores.*theory 4\.2"):
        CalibrationShift(measure=measure).fit([0.5], [0.5])


@pytest.mark.parametrize(("measure", "k"), [("smooth", 2), ("smooth", 3), ("same-information", 2)])
def test_finite_sample_interval_covers(measure, k):
    """A population of 40 kinds of rows, both errors of which are known."""
    weak, student, _, rng = generated(n=40, k=k)
    if measure == "smooth" and k == 2:
        weak, student = weak[:, 1], student[:, 1]
    F = np.random.default_rng(5).dirichlet(np.ones(k), size=40)
    population = CalibrationShift(measure=measure, n_bins=3).fit(weak, student, F).estimate_
    for _ in range(100):
        rows = rng.integers(40, size=300)
        y = (F[rows].cumsum(axis=1) < rng.uniform(size=(300, 1))).sum(axis=1)
        bound = CalibrationShift(measure=measure, n_bins=3).fit(weak[rows], student[rows], y)
        assert bound.interval_[0] <= population <= bound.interval_[1]
        assert bound.method_ == "finite-sample"


def test_intervals_of_the_distance():
    weak, student, _, rng = generated(n=60)
    distance = np.abs(weak - student).sum(axis=1).mean()
    inside = {"normal": 0, "empirical Bernstein": 0}
    for _ in range(300):
        rows = rng.integers(60, size=200)
        table = CalibrationShift(measure="same-information").fit(weak[rows], student[rows]).table_
        for row in table[:2]:
            inside[row.method] += row.low <= distance <= row.high
    assert 0.91 <= inside["normal"] / 300 <= 0.985
    assert inside["empirical Bernstein"] / 300 >= 0.98


def test_part_of_the_labels():
    weak, student, y, _ = generated()
    part = np.where(np.arange(300) < 100, y, np.nan)
    bound = CalibrationShift().fit(weak, student, part)
    alone = CalibrationShift().fit(weak[:100], student[:100], y[:100])
    assert bound.estimate_ == pytest.approx(alone.estimate_, rel=1e-12)
    assert bound.upper_ == CalibrationShift().fit(weak, student).upper_


def test_excluded_classes_have_infinite_kl_and_a_finite_limit():
    bound = CalibrationShift().fit([1.0], [0.0], [1])
    assert bound.upper_ == 2.0 and bound.estimate_ == 1.0
    assert quantity(bound, "Pinsker, KL(weak || student): +-") == np.inf
    assert quantity(bound, "Bretagnolle-Huber, KL(weak || student): +-") == 2.0


@pytest.mark.parametrize(
    ("options", "weak", "truth", "message"),
    [
        ({"measure": "brier"}, [0.5], None, "measure must be one of same-information"),
        ({"measure": "distance"}, [[0.5, 0.5]], None, "must have one dimension"),
        ({"n_bins": 0}, [0.5], None, "n_bins must be a positive integer"),
        ({"confidence_level": 2}, [0.5], None, "confidence_level must"),
        ({}, [0.5], [3], "y_true must hold class labels from 0 to 1"),
        ({}, [[0.7, 0.7]], None, "rows of y_weak must sum to 1"),
    ],
)
def test_bad_input(options, weak, truth, message):
    with pytest.raises(ValueError, match=message):
        CalibrationShift(**options).fit(weak, weak, truth)


def test_weight_must_meet_labels():
    with pytest.raises(ValueError, match="sample_weight must be positive in a labelled row"):
        CalibrationShift().fit([0.5, 0.5], [0.1, 0.2], [1, np.nan], sample_weight=[0, 1])


def test_parameters_and_summary():
    bound = CalibrationShift(measure="smooth-vector", n_bins=4)
    assert clone(bound).get_params() == bound.get_params()
    assert "Bretagnolle-Huber" in str(bound.fit([0.5], [0.4]).summary())
