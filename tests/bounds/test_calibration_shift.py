import numpy as np
import pytest
from sklearn.base import clone

from tests.laws.model_pairs import quantity
from w2s_stats.bounds import CalibrationShift
from w2s_stats.bounds._calibration_shift import INDEPENDENT_ERRORS, SCORE_CONDITIONAL
from w2s_stats.calibration import correct_weak_labels, smooth_calibration_error


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
    models = rng.uniform(size=(2, 9)) if measure == "distance" else generated(n=9)[:2]
    bound = CalibrationShift(measure=measure).fit(*models, np.arange(9) % 2)
    assert np.isnan(bound.estimate_) and bound.holds_ is None and bound.upper_ > 0
    text = " ".join(str(bound.summary()).split())
    assert "no truth was given, or it is not computed here." in text


def test_smooth_vector_error_of_one_column_is_half_of_that_of_two():
    """Weights of slope 2 differ by .4 between the rows at .4 and .6, whose residuals are +- .6."""
    y, weak, student = [1, 0], np.array([0.5, 0.5]), np.array([0.4, 0.6])
    one = CalibrationShift(measure="smooth-vector").fit(weak, student, y)
    assert one.estimate_ == pytest.approx(0.4 * 0.6 / 2)
    assert one.upper_ == pytest.approx(3 * 0.1)
    two = CalibrationShift(measure="smooth-vector").fit(
        *(np.column_stack([1 - p, p]) for p in (weak, student)), y
    )
    assert two.estimate_ == pytest.approx(2 * one.estimate_)
    assert two.upper_ == pytest.approx(2 * one.upper_)
    assert two.interval_ == pytest.approx([2 * end for end in one.interval_])


@pytest.mark.parametrize("measure", SCORE_CONDITIONAL)
def test_score_conditional_errors_are_refused(measure):
    with pytest.raises(ValueError, match=r"conditions each model on its own scores.*theory 4\.2"):
        CalibrationShift(measure=measure).fit([0.5], [0.5])


@pytest.mark.parametrize(
    ("measure", "k"),
    [("smooth", 2), ("smooth", 3), ("same-information", 2), ("smooth-vector", 2)],
)
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
    inside = {"normal, skew-widened": 0, "empirical Bernstein": 0}
    for _ in range(300):
        rows = rng.integers(60, size=200)
        table = CalibrationShift(measure="same-information").fit(weak[rows], student[rows]).table_
        for row in table[:2]:
            inside[row.method] += row.low <= distance <= row.high
    assert 0.91 <= inside["normal, skew-widened"] / 300 <= 0.985
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
    assert bound.upper_ == 1.0 and bound.estimate_ == 1.0
    assert quantity(bound, "KL(weak || student)") == np.inf
    assert quantity(bound, "Pinsker, KL(weak || student): +-") == 1.0


def test_no_limit_is_above_the_largest_error():
    weak, student = np.eye(3)[[0, 1, 2]], np.eye(3)[[1, 2, 0]]
    for measure in ("same-information", "smooth", "smooth-vector"):
        bound = CalibrationShift(measure=measure).fit(weak, student, [0, 1, 2])
        limits = [q for q in bound.table_ if q.name.endswith(": +-")]
        assert len(limits) == 6 and all(q.value == q.high == 2.0 for q in limits)
        assert not np.abs(bound.interval_[1]) > 2.0
    # Corrected labels lie outside [0, 1], and have no largest error.
    flips = 0.35 * np.eye(2) + 0.325
    labels = correct_weak_labels([0, 1], confusion_matrix=flips, independent_errors=True)
    assert CalibrationShift().fit(np.eye(2), np.eye(2)[::-1], labels).upper_ == 4.0


@pytest.mark.parametrize(
    ("options", "weak", "truth", "message"),
    [
        ({"measure": "brier"}, [0.5], None, "measure must be one of same-information"),
        ({"measure": "distance"}, [[0.5, 0.5]], None, "must have one dimension"),
        ({"n_bins": 0}, [0.5], None, "n_bins must be an integer of at least 1"),
        ({"n_bins": 1001}, [0.5], None, "n_bins must be at most 1000; found 1001"),
        ({"confidence_level": 2}, [0.5], None, "confidence_level must"),
        ({}, [0.5], [3], "y_true must hold class labels from 0 to 1"),
        ({}, [[0.7, 0.7]], None, "rows of y_weak must sum to 1"),
    ],
)
def test_bad_input(options, weak, truth, message):
    with pytest.raises(ValueError, match=message):
        CalibrationShift(**options).fit(weak, weak, truth)


def test_labels_that_no_weight_meets_are_none():
    bound = CalibrationShift().fit([0.5, 0.5], [0.1, 0.2], [1, np.nan], sample_weight=[0, 1])
    assert np.isnan(bound.estimate_) and bound.upper_ == pytest.approx(0.6)


def test_parameters_and_summary():
    bound = CalibrationShift(measure="smooth-vector", n_bins=4)
    assert clone(bound).get_params() == bound.get_params()
    assert "Bretagnolle-Huber" in str(bound.fit([0.5], [0.4]).summary())


FLIPS = np.array([[0.8, 0.2], [0.3, 0.7]])


def flipped(n, seed=0):
    """Two models, labels of the student's probability, and ones that a third labeller gave."""
    rng = np.random.default_rng(seed)
    student = rng.uniform(0.05, 0.95, size=n)
    weak = 0.25 + 0.5 * student + rng.uniform(-0.1, 0.1, size=n)  # as unsure as noisy labels
    y = (rng.random(n) < student).astype(int)
    noisy = np.where(rng.random(n) < FLIPS[y, 1], 1, 0)
    labels = correct_weak_labels(noisy, confusion_matrix=FLIPS, independent_errors=True)
    return weak, student, y, noisy, labels


@pytest.mark.parametrize("measure", ["smooth", "same-information"])
def test_corrected_labels_find_the_change_that_noisy_ones_miss(measure):
    weak, student, y, noisy, labels = flipped(40_000)
    bound = CalibrationShift(measure=measure, n_bins=5)
    true, corrected, wrong = (bound.fit(weak, student, t).estimate_ for t in (y, labels, noisy))
    assert corrected == pytest.approx(true, abs=0.01)
    assert abs(wrong - true) > 0.02
    bound.fit(weak, student, labels)
    assert bound.holds_ is (None if measure == "smooth" else True)
    assert INDEPENDENT_ERRORS in bound.assumptions_
    # Corrected labels have the wider range, and their interval shows it.
    assert np.ptp(bound.interval_) > np.ptp(bound.fit(weak, student, y).interval_)


@pytest.mark.parametrize("columns", [False, True])
def test_interval_from_corrected_labels_covers(columns):
    models = [np.column_stack([1 - p, p]) if columns else p for p in flipped(400_000)[:2]]
    population = CalibrationShift().fit(*models, flipped(400_000)[4]).estimate_
    for seed in range(1, 60):
        weak, student, _, _, labels = flipped(2000, seed)
        models = [np.column_stack([1 - p, p]) if columns else p for p in (weak, student)]
        low, high = CalibrationShift().fit(*models, labels).interval_
        assert low <= population <= high


def test_an_estimated_matrix_and_weights_leave_no_interval_and_shapes_must_fit():
    weak, student, y, noisy, labels = flipped(500)
    estimated = correct_weak_labels(noisy, y_true=y, independent_errors=True)
    bound = CalibrationShift().fit(weak, student, estimated)
    assert np.isnan(bound.interval_).all() and np.isfinite(bound.estimate_)
    weighted = CalibrationShift().fit(weak, student, y, sample_weight=np.arange(500))
    assert np.isnan(weighted.interval_).all() and np.isfinite(weighted.estimate_)
    with pytest.raises(ValueError, match="y_true must be corrected labels of 499 rows and 2 cl"):
        CalibrationShift().fit(weak[:-1], student[:-1], labels)


@pytest.mark.parametrize("measure", ["smooth", "same-information"])
@pytest.mark.parametrize(("dtype", "excess"), [(np.float64, 5e-7), (np.float32, 5e-5)])
def test_rows_within_the_tolerance_are_distributions(measure, dtype, excess):
    weak = np.eye(2).repeat(3, axis=0)
    student, y = weak[::-1], [0, 0, 0, 1, 1, 1]
    exact = CalibrationShift(measure=measure).fit(weak, student, y)
    scaled = ((p * (1 + excess)).astype(dtype) for p in (weak, student))
    bound = CalibrationShift(measure=measure).fit(*scaled, y)
    assert bound.holds_ and bound.estimate_ == exact.estimate_
    assert [q[:4] for q in bound.table_] == [q[:4] for q in exact.table_]


@pytest.mark.parametrize("measure", ["smooth", "same-information"])
def test_soft_truths_within_the_tolerance_are_distributions(measure):
    weak, student, _, rng = generated()
    truth = rng.dirichlet(np.ones(3), size=300)
    truth[::7] = np.nan
    scale = 1 + 9e-7 * rng.uniform(-1, 1, size=(300, 1))
    exact, scaled = (
        CalibrationShift(measure=measure).fit(weak, student, rows)
        for rows in (truth, truth * scale)
    )
    assert scaled.estimate_ == pytest.approx(exact.estimate_, rel=1e-11)
    assert scaled.interval_ == pytest.approx(exact.interval_, rel=1e-11)


def test_limits_from_kl_have_its_interval():
    weak, student, _, _ = generated()
    student = 0.9 * weak + 0.1 * student
    table = {q.name: q for q in CalibrationShift().fit(weak, student).table_}
    for direction in ("weak || student", "student || weak"):
        d = table[f"KL({direction})"]
        for name, of in {
            "Pinsker": lambda d: np.sqrt(d / 2),
            "Bretagnolle-Huber": lambda d: np.sqrt(1 - np.exp(-d)),
        }.items():
            row = table[f"{name}, KL({direction}): +-"]
            assert row[1:4] == pytest.approx([4 * of(value) for value in d[1:4]])
            assert row.low < row.value < row.high and row.method == d.method
            assert {type(value) for value in row[1:4]} == {float}
