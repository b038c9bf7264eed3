import numpy as np
import pytest
from scipy.optimize import brentq

from w2s_stats.selection import performance_gap_recovered
from w2s_stats.selection._recovered import fieller

ERRORS = (0.35, 0.25, 0.1)


def labels(n, rng, errors=ERRORS, k=2):
    y = rng.integers(k, size=n)
    return (*(np.where(rng.random(n) < e, (y + 1) % k, y) for e in errors), y)


def test_estimate_is_the_ratio_of_accuracies():
    weak, student, ceiling, y = labels(1000, np.random.default_rng(0))
    found = performance_gap_recovered(weak, student, ceiling, y)
    a, b, c = (np.mean(labels == y) for labels in (weak, student, ceiling))
    assert found.estimate == pytest.approx((b - a) / (c - a)) and found.valid
    accuracies = [found.weak.estimate, found.student.estimate, found.ceiling.estimate]
    assert accuracies == pytest.approx([a, b, c])
    assert found.gap.estimate == pytest.approx(c - a)


def test_a_gap_of_three_rows_is_a_difference_of_accuracies():
    found = performance_gap_recovered([0, 0, 1], [0, 1, 1], [1, 1, 1], [1, 1, 1])
    assert found.gap.estimate == pytest.approx(2 / 3) and found.gap.high == 1.0
    assert -1.0 <= found.gap.low < 0.0


def test_it_prints_as_a_table_that_says_whether_there_is_a_gap():
    weak, student, ceiling, y = labels(1000, np.random.default_rng(0))
    found = performance_gap_recovered(weak, student, ceiling, y)
    text = str(found)
    for words in ("share recovered", "Fieller", f"{found.high:.3f}", "there is a gap"):
        assert words in text
    none = performance_gap_recovered(weak, student, weak, y)
    assert "its share is undefined" in str(none) and "undefined" in repr(none)
    assert max(len(repr(found)), len(repr(none))) < 80


def test_the_interval_inverts_the_test():
    weak, student, ceiling, y = labels(500, np.random.default_rng(1))
    found = performance_gap_recovered(weak, student, ceiling, y, confidence_level=0.9)
    top = (student == y) * 1.0 - (weak == y)
    bottom = (ceiling == y) * 1.0 - (weak == y)

    z = 1.6448536269514722
    ways = np.array([(1, 1), (1, 0), (0, 1), (-1, -1), (-1, 0), (0, -1)])

    def statistic(r):
        v = top - r * bottom
        added = z**2 / 6 * ((ways @ [1, -r]) ** 2).sum() / 500**2
        return abs(v.mean()) / np.sqrt(v.var(ddof=1) / 500 + added) - z

    assert found.low == pytest.approx(brentq(statistic, -3, found.estimate), abs=1e-9)
    assert found.high == pytest.approx(brentq(statistic, found.estimate, 5), abs=1e-9)


def test_a_student_that_equals_another_model_has_a_width():
    weak, _, ceiling, y = labels(200, np.random.default_rng(7), (0.3, 0.2, 0.05))
    for student, share in ((ceiling, 1.0), (weak, 0.0)):
        found = performance_gap_recovered(weak, student, ceiling, y)
        assert found.estimate == share
        assert found.low < share - 0.02 and found.high > share + 0.02
    same = performance_gap_recovered(weak, ceiling, weak, y)
    assert same.gap.low < 0 < same.gap.high and not same.valid


@pytest.mark.parametrize("near", ["weak", "ceiling"])
@pytest.mark.parametrize("apart", [1 / 300, 0.02, 0.06])
def test_rare_differences_are_covered(near, apart):
    """Of 200 rows; without added rows 47 % where a student leaves a model in 1 of 300."""
    rng, found = np.random.default_rng(8), []
    errors = {"weak": 0.3, "ceiling": 0.05}
    truth = {k: apart * (2 * e - 1) / 0.25 + (k == "ceiling") for k, e in errors.items()}[near]
    for _ in range(400):
        weak, ceiling, y = labels(200, rng, tuple(errors.values()))
        left = {"weak": weak, "ceiling": ceiling}[near]
        student = np.where(rng.random(200) < apart, 1 - left, left)
        found.append(performance_gap_recovered(weak, student, ceiling, y))
    assert all(one.valid for one in found)
    # Three standard errors below .93.
    inside = np.mean([one.low <= truth <= one.high for one in found])
    assert inside >= 0.93 - 3 * np.sqrt(0.93 * 0.07 / 400)


@pytest.mark.parametrize("n", [200, 5000])
def test_interval_covers(n):
    rng = np.random.default_rng(0)
    found = [performance_gap_recovered(*labels(n, rng)) for _ in range(800)]
    assert all(f.valid for f in found)
    assert 0.93 <= np.mean([f.low <= 0.4 <= f.high for f in found]) <= 0.97


def test_interval_covers_with_few_gold_labels_and_is_shorter():
    rng = np.random.default_rng(2)
    covered, shorter = [], []
    for _ in range(500):
        weak, student, ceiling, y = labels(2000, rng, (0.35, 0.25, 0.02))
        known = np.where(np.arange(2000) < 250, y, np.nan)
        found = performance_gap_recovered(weak, student, ceiling, known)
        alone = performance_gap_recovered(weak[:250], student[:250], ceiling[:250], y[:250])
        covered.append(found.low <= 0.1 / 0.33 <= found.high)
        shorter.append((found.high - found.low) / (alone.high - alone.low))
    assert 0.93 <= np.mean(covered) <= 0.985  # the ceiling's errors are rare
    assert np.median(shorter) < 0.6


def test_without_a_gap_the_share_is_undefined():
    rng = np.random.default_rng(3)
    flagged = [performance_gap_recovered(*labels(300, rng, (0.2, 0.2, 0.2))) for _ in range(400)]
    assert np.mean([f.valid for f in flagged]) <= 0.05  # one of the two tails of 5 %
    weak, student, _, y = labels(300, rng)
    for ceiling in (weak, 1 - y):  # no better, and worse
        found = performance_gap_recovered(weak, student, ceiling, y)
        assert not found.valid
        assert np.isnan([found.estimate, found.low, found.high]).all()
        assert found.gap.estimate <= 0


@pytest.mark.parametrize("error", [0.005, 0.03])
def test_few_gold_labels_and_rare_errors_show_no_gap_where_there_is_none(error):
    rng, found = np.random.default_rng(6), []
    for _ in range(300):
        *models, y = labels(2000, rng, (error,) * 3)
        gold = np.where(np.arange(2000) < 200, y, np.nan)
        found.append(performance_gap_recovered(*models, gold))
    # One tail of 5 %, and three standard errors; without added rows 21 % at an error of .005.
    assert np.mean([f.valid for f in found]) <= 0.025 + 3 * np.sqrt(0.025 / 300)
    assert np.mean([f.gap.low <= 0 <= f.gap.high for f in found]) >= 0.93 - 0.045


def test_the_flag_is_the_gap_s_own_interval():
    rng = np.random.default_rng(4)
    for _ in range(100):
        *models, y = labels(100, rng, (0.3, 0.25, 0.2))
        for gold in (y, np.where(np.arange(100) < 20, y, np.nan)):
            found = performance_gap_recovered(*models, gold)
            assert found.valid == (found.gap.low > 0)


def test_probabilities_are_labels_of_their_largest():
    rng = np.random.default_rng(5)
    *models, y = labels(300, rng, k=3)
    rows = [0.4 * np.eye(3)[m] + 0.2 for m in models]
    assert performance_gap_recovered(*rows, y) == performance_gap_recovered(*models, y)


def test_fieller_has_no_bounds_where_the_bottom_may_be_zero():
    assert fieller(1.0, 0.19, 0.01 * np.eye(2), 1.96) is None
    low, high = fieller(1.0, 0.2, 0.01 * np.eye(2), 1.96)
    assert low < 5 < high


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y_true": [0, np.nan, np.nan]}, "y_true must be known in at least two rows"),
        ({"y_true": [0, 1]}, "y_true must have 3 rows.* found 2"),
        ({"y_weak": [0, 0.5, 1]}, "y_weak must hold class labels"),
        ({"y_ceiling": [0, 1]}, "y_ceiling must have 3 rows.* found 2"),
        ({"confidence_level": 0.0}, "confidence_level must"),
    ],
)
def test_bad_input_is_one_sentence(change, message):
    given = {key: [0, 1, 1] for key in ("y_weak", "y_student", "y_ceiling", "y_true")}
    with pytest.raises(ValueError, match=message):
        performance_gap_recovered(**{**given, **change})
