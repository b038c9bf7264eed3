import numpy as np
import pytest
from sklearn.base import clone

from tests.laws.model_pairs import quantity
from w2s_stats.bounds import OutputKLGain
from w2s_stats.bounds._row_means import LABELLED_AT_RANDOM


def generated(seed=0, n=50):
    return np.random.default_rng(seed).gamma(3.0, size=(3, n))


def kl(f, g):
    f, g = f / f.sum(), g / g.sum()
    return (f * np.log(f / g)).sum()


@pytest.mark.parametrize("training", ["forward", "reverse"])
def test_numbers(training):
    weak, student, truth = generated()
    bound = OutputKLGain(training=training).fit(weak, student, truth)
    gains = {
        "forward": kl(weak, truth) - kl(student, truth),
        "reverse": kl(truth, weak) - kl(truth, student),
    }
    misfits = {"forward": kl(weak, student), "reverse": kl(student, weak)}
    assert bound.estimate_ == pytest.approx(gains[training], rel=1e-12)
    assert bound.lower_ == pytest.approx(misfits[training], rel=1e-12)
    for name in gains:
        assert quantity(bound, f"{name} gain") == pytest.approx(gains[name], rel=1e-12)
    assert quantity(bound, "reverse misfit, KL(student || weak)") == pytest.approx(
        misfits["reverse"], rel=1e-12
    )
    f, g, r = weak / weak.sum(), student / student.sum(), 0
    r = truth / truth.sum() / g
    assert bound.condition_ == pytest.approx(((f - g) * (r - 1 - np.log(r))).sum(), rel=1e-10)
    assert bound.bracket_ == pytest.approx(1 - (f * r).sum(), rel=1e-10)


def test_softmax_is_the_sum_of_exponentials():
    weak, student, truth = generated()
    one = OutputKLGain(normalize="softmax").fit(np.log(weak) - 3, np.log(student), np.log(truth))
    two = OutputKLGain().fit(weak, student, truth)
    assert (one.estimate_, one.lower_) == pytest.approx((two.estimate_, two.lower_), rel=1e-10)
    # Exponentials that under- or overflow have logarithms all the same.
    far = OutputKLGain(normalize="softmax").fit([0.0, 2000.0], [0.0, 1999.0], [0.0, 1998.0])
    assert np.isfinite([far.estimate_, far.lower_]).all()


@pytest.mark.parametrize("training", ["forward", "reverse"])
def test_misfits_predict_gains_where_rows_have_no_truth(training):
    rng = np.random.default_rng(3)
    truth = rng.gamma(3.0, size=5000)
    weak = truth * rng.gamma(5.0, size=5000) / 5
    student = weak**0.3 * truth**0.7
    part = np.where(np.arange(5000) < 200, truth, np.nan)
    bound = OutputKLGain(training=training)
    whole = bound.fit(weak, student, truth).estimate_
    width = np.diff(bound.fit(weak[:200], student[:200], truth[:200]).interval_)
    bound.fit(weak, student, part)
    assert bound.method_ == "delta, prediction-powered, skew-widened"
    assert bound.table_[0].method == "delta, normal, skew-widened"
    assert np.diff(bound.interval_) < 0.7 * width
    assert bound.interval_[0] < whole < bound.interval_[1]
    misfit = kl(weak, student) if training == "forward" else kl(student, weak)
    assert bound.lower_ == pytest.approx(misfit, rel=1e-10)
    assert bound.holds_ is None
    assert LABELLED_AT_RANDOM in bound.assumptions_


def test_condition_of_few_labels_is_what_its_interval_says():
    weak, student, truth = generated(n=3000)
    part = np.where(np.arange(3000) < 300, truth, np.nan)
    for y_weak, y_student, holds in (
        (weak, student, True),
        (weak, weak * (1 + 1e-3 * (student - 3)), None),
    ):
        bound = OutputKLGain().fit(y_weak, y_student, part)
        row = {row.name: row for row in bound.table_}["condition, forward"]
        assert row.value == bound.condition_
        side = True if row.low >= 0 else False if row.high < 0 else None
        assert bound.condition_holds_ is side is holds


@pytest.mark.parametrize("training", ["forward", "reverse"])
def test_a_ceiling_splits_what_gain_and_misfit_differ_by(training):
    weak, student, truth = generated()
    ceiling = np.sqrt(truth * student)
    bound = OutputKLGain(training=training).fit(weak, student, truth, y_ceiling=ceiling)
    f, s, c, t = (a / a.sum() for a in (weak, student, ceiling, truth))
    beyond = {
        "forward": ((f - s) * np.log(c / t)).sum(),
        "reverse": ((t - c) * np.log(s / f)).sum(),
    }
    gains = {"forward": kl(f, c) - kl(s, c), "reverse": kl(c, f) - kl(c, s)}
    misfits = {"forward": kl(f, s), "reverse": kl(s, f)}
    for name in gains:
        inside = quantity(bound, f"{name} gain - misfit, inside the class")
        assert inside == pytest.approx(gains[name] - misfits[name], rel=1e-10)
        outside = quantity(bound, f"{name} gain - misfit, outside the class")
        assert outside == pytest.approx(beyond[name], rel=1e-10)
    r = c / s
    condition = quantity(bound, "condition, forward, F_s for F*")
    assert condition == pytest.approx(((f - s) * (r - 1 - np.log(r))).sum(), rel=1e-10)
    terms = {"A": (s, c), "D": (c, t), "F": (f, t), "G": (s, t)}
    for letter, pair in terms.items():
        row = next(row for row in bound.table_ if row.name.startswith(f"{letter} = d("))
        expected = kl(*pair) if training == "forward" else kl(*pair[::-1])
        assert row.value == pytest.approx(expected, rel=1e-10) and row.low < row.high
    names = [row.name for row in bound.table_]
    assert len(set(names)) == len(names)
    status = dict(bound.assumptions_)
    if training == "forward":
        assert status["The same for F_s in place of F*"] == (
            "held" if condition >= 0 else "violated"
        )


def test_without_truth():
    weak, student, _ = generated()
    bound = OutputKLGain().fit(weak, student)
    assert np.isnan([bound.estimate_, bound.condition_, bound.bracket_]).all()
    assert bound.holds_ is None and bound.condition_holds_ is None
    assert bound.lower_ == pytest.approx(kl(weak, student))
    assert {a.status for a in bound.assumptions_} == {"not checked"}


def test_a_column_is_one_dimension():
    given = generated()
    flat = OutputKLGain().fit(*given, y_ceiling=given[2])
    columns = [values[:, None] for values in given]
    found = OutputKLGain().fit(*columns, y_ceiling=columns[2])
    assert found.table_ == flat.table_ and found.interval_ == flat.interval_


@pytest.mark.parametrize("weighted", [False, True])
def test_delta_interval_has_the_spread_of_samples(weighted):
    rng = np.random.default_rng(2)
    estimates, widths, inside = [], [], 0

    def draw(n):
        truth = rng.gamma(3.0, size=n)
        weak = truth * rng.gamma(20.0, size=n) / 20
        return weak, np.sqrt(weak * truth), truth, rng.integers(1, 3, size=n) if weighted else None

    *large, weight = draw(400_000)
    population = OutputKLGain().fit(*large, sample_weight=weight).estimate_
    for _ in range(400):
        *rows, weight = draw(400)
        bound = OutputKLGain().fit(*rows, sample_weight=weight)
        estimates.append(bound.estimate_)
        # The side of the shorter tail; the other is widened for skewness.
        widths.append(np.abs(np.array(bound.interval_) - bound.estimate_).min() / 1.96)
        inside += bound.interval_[0] <= population <= bound.interval_[1]
    assert np.mean(widths) == pytest.approx(np.std(estimates), rel=0.1)
    assert 0.91 <= inside / 400 <= 0.98


@pytest.mark.parametrize(
    ("options", "arrays", "message"),
    [
        ({}, ([1.0, 0.0], [1.0, 1.0]), "y_weak must be positive for normalize='sum'; found 0"),
        ({}, ([1.0], [-1.0]), "y_student must be positive"),
        ({}, ([1.0], [1.0], [0.0]), "y_true must be positive"),
        ({}, ([1.0, 2.0], [1.0]), "y_student must have the shape of y_weak"),
        ({}, ([np.inf], [1.0]), "y_weak must be finite"),
        ({}, ([[1.0, 2.0]], [[1.0, 2.0]]), "y_weak must have one output a row"),
        ({}, ([], []), "y_weak must not be empty"),
        ({"normalize": "max"}, ([1.0], [1.0]), "normalize must be one of sum, softmax"),
        ({"training": "both"}, ([1.0], [1.0]), "training must be one of forward, reverse"),
        ({"confidence_level": np.nan}, ([1.0], [1.0]), "confidence_level must"),
    ],
)
def test_bad_input(options, arrays, message):
    bound = OutputKLGain(**options)
    with pytest.raises(ValueError, match=message):
        bound.fit(*arrays)
    assert not hasattr(bound, "condition_")


def test_labels_that_no_weight_meets_are_none():
    bound = OutputKLGain().fit([1.0, 2.0], [1.0, 2.0], [1.0, np.nan], sample_weight=[0, 1])
    assert np.isnan(bound.estimate_) and bound.lower_ == 0.0


def test_parameters_and_summary():
    bound = OutputKLGain(training="reverse", normalize="softmax")
    assert clone(bound).get_params() == bound.get_params()
    weak, student, truth = generated()
    text = str(bound.fit(weak, student, truth).summary())
    assert "reverse gain - misfit" in text and "delta" in text
