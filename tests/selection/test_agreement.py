import numpy as np
import pytest

from w2s_stats._intervals import prediction_powered_rate, wilson_rate
from w2s_stats.selection import agreement_report


def labels(n=2000, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(3, size=n)
    weak = np.where(rng.random(n) < 0.3, rng.integers(3, size=n), y)
    return weak, np.where(rng.random(n) < 0.5, weak, rng.integers(3, size=n)), y


def test_rates_are_counts():
    weak, student, y = labels()
    table = np.zeros((3, 3, 3), dtype=int)
    np.add.at(table, (y, weak, student), 1)
    wrong = {(i, j) for i in range(3) for j in range(3) if i != j}
    bad = sum(table[i, j].sum() for i, j in wrong)
    inherited = sum(table[i, j, j] for i, j in wrong)
    corrected = sum(table[i, j, i] for i, j in wrong)
    spoiled = sum(table[i, i].sum() - table[i, i, i] for i in range(3))
    good = sum(table[i, i].sum() for i in range(3))
    found = agreement_report(weak, student, y)
    assert found.inheritance.estimate == inherited / bad
    assert found.correction.estimate == corrected / bad
    assert found.other_error.estimate == (bad - inherited - corrected) / bad
    assert found.new_error.estimate == spoiled / good
    assert found.agreement.estimate == np.mean(weak == student)
    assert found.weak_accuracy.estimate == pytest.approx(good / 2000)
    assert found.student_accuracy.estimate == pytest.approx(np.mean(student == y))
    assert found.correction == wilson_rate((student == y)[weak != y])


def test_agreement_needs_no_gold_labels():
    weak, student, y = labels()
    found = agreement_report(weak, student)
    assert found.agreement == agreement_report(weak, student, y).agreement
    assert np.isnan(found.student_accuracy.estimate) and np.isnan(found.inheritance.low)
    assert found.n_gold == 0 and found.inheritance.method == "none"


def test_accuracies_of_few_gold_labels_are_prediction_powered():
    weak, student, y = labels()
    known = np.where(np.arange(2000) < 200, y, np.nan)
    found = agreement_report(weak, student, known)
    same = 1.0 * (weak == student)
    expected = prediction_powered_rate((student == y)[:200], same[:200], same[200:])
    assert found.student_accuracy == expected
    assert found.n_gold == 200


@pytest.mark.parametrize(("right", "most"), [(0.995, 1.0), (0.8, 0.97)])
@pytest.mark.parametrize("n", [200, 1000])
def test_accuracies_cover_with_200_gold_labels(right, most, n):
    rng, inside = np.random.default_rng(n), []
    for _ in range(700):
        y = rng.integers(2, size=n)
        weak, student = (np.where(rng.random(n) < right, y, 1 - y) for _ in range(2))
        found = agreement_report(weak, student, np.where(np.arange(n) < 200, y, np.nan))
        for rate in (found.weak_accuracy, found.student_accuracy):
            assert 0 <= rate.low < rate.high <= 1
            inside.append(rate.low <= right <= rate.high)
    assert 0.93 <= np.mean(inside) <= most


def test_the_method_of_an_accuracy_is_named():
    y = np.zeros(500, dtype=int)
    gold = np.where(np.arange(500) < 100, y, np.nan)
    assert agreement_report(y, y, y).weak_accuracy == wilson_rate(y == 0)
    assert agreement_report(y, y, gold).weak_accuracy.method == "prediction-powered"


def test_a_weak_model_without_errors_leaves_nothing_to_inherit():
    _, student, y = labels()
    found = agreement_report(y, student, y)
    assert np.isnan(found.correction.estimate)
    assert found.new_error.estimate == np.mean(student != y)


@pytest.mark.parametrize("n", [200, 1000, 5000])
def test_intervals_cover(n):
    inside = []
    for seed in range(700):
        found = agreement_report(*labels(n, seed))
        # Weak wrong with 0.2; the student repeats it with 1/2 + 1/6, corrects it with 1/6.
        inside.append(
            [
                found.inheritance.low <= 2 / 3 <= found.inheritance.high,
                found.correction.low <= 1 / 6 <= found.correction.high,
                found.new_error.low <= 1 / 3 <= found.new_error.high,
            ]
        )
    coverage = np.mean(inside, axis=0)
    assert (coverage >= 0.93).all() and (coverage <= 0.97).all()


def test_summary_lists_every_rate():
    report = agreement_report(*labels())
    text = str(report.summary())
    for words in ("inheritance", "correction", "new error", "Wilson", "2000 rows"):
        assert words in text
    assert str(report) == text and len(repr(report)) < 120


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 1], [0, 1, 1]), "y_student must have 2 rows.* found 3"),
        (([0, 1], [0, np.nan]), "y_student must have a label in every row; found none in row 1"),
        (([0, 1], [0, 1], [0, 2.5]), "y_true must hold class labels .* found 2.5 in row 1"),
        (([], []), "y_weak must not be empty"),
    ],
)
def test_bad_input_is_one_sentence(arguments, message):
    with pytest.raises(ValueError, match=message):
        agreement_report(*arguments)
