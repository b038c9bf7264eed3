"""NonRealizableGain: its terms by hand, epsilon given or measured, and bad input."""

import numpy as np
import pytest

from w2s_stats._intervals import prediction_powered_mean
from w2s_stats.bounds import NonRealizableGain, NormBall, project_least_squares


@pytest.fixture
def models():
    rng = np.random.default_rng(0)
    h = rng.normal(size=(100, 3))
    truth = h @ [1.0, 1.0, 0.0] + 0.2 * h[:, 0] ** 2
    weak = truth + rng.normal(size=100)
    student, ceiling = (project_least_squares(h, y).fitted for y in (weak, truth))
    return h, weak, student, truth, ceiling


def d(a, b):
    return np.mean((a - b) ** 2)


def test_terms(models):
    _, weak, student, truth, ceiling = models
    bound = NonRealizableGain(width=0.05, random_state=0)
    bound.fit(weak, student, truth, y_ceiling=ceiling)
    I, epsilon = d(student, weak), d(ceiling, truth)
    assert bound.lower_ == pytest.approx(I - 2 * np.sqrt(epsilon * I) - 0.1)
    assert bound.upper_ == np.inf
    assert bound.estimate_ == pytest.approx(d(truth, weak) - d(truth, student))
    table = {row.name: row for row in bound.table_}
    row = table["epsilon = d(F_s, F*)"]
    assert row.low < epsilon < row.high
    assert table["lower limit of [C24] Thm 2"].value < bound.lower_


def test_affine_class_has_both_limits(models):
    _, weak, student, truth, ceiling = models
    options = {"width": 0.05, "random_state": 0}
    convex = NonRealizableGain(**options).fit(weak, student, truth, y_ceiling=ceiling)
    affine = NonRealizableGain(student_class="affine", **options)
    affine.fit(weak, student, truth, y_ceiling=ceiling)
    assert affine.lower_ == convex.lower_
    I, epsilon = d(student, weak), d(ceiling, truth)
    assert affine.upper_ == pytest.approx(I + 2 * np.sqrt(epsilon * I) + 0.1)
    assert affine.assumptions_[0].name == "The student's class is affine and holds y_ceiling"


def test_epsilon_is_enough_without_truth(models):
    _, weak, student, truth, ceiling = models
    epsilon = d(ceiling, truth)
    without = NonRealizableGain(epsilon=epsilon).fit(weak, student)
    within = NonRealizableGain().fit(weak, student, truth, y_ceiling=ceiling)
    assert without.lower_ == pytest.approx(within.lower_)
    assert without.holds_ is None
    assert np.isnan(without.estimate_)


def test_epsilon_of_few_labels(models):
    _, weak, student, truth, ceiling = models
    few = np.where(np.arange(100) < 30, truth, np.nan)
    bound = NonRealizableGain(random_state=0).fit(weak, student, few, y_ceiling=ceiling)
    rows = {row.name: row for row in bound.table_}
    guess = (ceiling - student) ** 2
    miss = (ceiling - truth)[:30] ** 2
    assert rows["epsilon = d(F_s, F*)"][1:] == prediction_powered_mean(miss, guess[:30], guess[30:])
    assert rows["misfit"].value == pytest.approx(d(student, weak))
    assert bound.method_ == "prediction-powered, skew-widened"
    row, I = rows["epsilon = d(F_s, F*)"], d(student, weak)
    assert bound.lower_ == pytest.approx(I - 2 * np.sqrt(row.high * I))
    assumption = f"epsilon = d(F_s, F*) is at most {row.high:.4g}, an upper confidence limit"
    assert dict(bound.assumptions_)[assumption] == "not checked"
    # What was given stays, and a single label tells of no limit.
    given = NonRealizableGain(epsilon=0.5).fit(weak, student, few, y_ceiling=ceiling)
    assert given.lower_ == pytest.approx(I - 2 * np.sqrt(0.5 * I))
    one = np.where(np.arange(100) < 1, truth, np.nan)
    affine = NonRealizableGain(student_class="affine")
    for bound in (affine, NonRealizableGain(NormBall(np.ones((100, 1)), 1.0))):
        bound.fit(weak, student, one, y_ceiling=ceiling)
        assert (bound.lower_, bound.upper_) == (-np.inf, np.inf)
    affine.fit(weak, weak, one, y_ceiling=ceiling)
    assert (affine.lower_, affine.upper_) == (0.0, 0.0)  # no misfit, no gain


def off_a_line(rng, n=1000):
    """Truth and weak model off a line the same way, and their exact projections onto lines.

    The gain is then next to its lower limit.
    """
    h = np.column_stack([np.ones(n), rng.normal(size=n)])
    off = rng.normal(size=n)
    truth, weak = h[:, 1] + 0.5 * off, h[:, 1] + 3.0 * off
    student, ceiling = (project_least_squares(h, y).fitted for y in (weak, truth))
    return weak, student, truth, ceiling


def test_limits_of_few_labels_hold_nearly_always():
    rng, repeats = np.random.default_rng(0), 60
    false = {"lower": 0, "printed": 0, "lower of the estimate": 0}
    for _ in range(repeats):
        weak, student, truth, ceiling = off_a_line(rng)
        few = np.where(np.arange(1000) < 30, truth, np.nan)
        bound = NonRealizableGain(n_resamples=2).fit(weak, student, few, y_ceiling=ceiling)
        rows = {row.name: row.value for row in bound.table_}
        gain, I = d(truth, weak) - d(truth, student), rows["misfit"]
        false["lower"] += bound.lower_ > gain
        false["printed"] += rows["lower limit of [C24] Thm 2"] > gain
        plain = I - 2 * np.sqrt(rows["epsilon = d(F_s, F*)"] * I)
        false["lower of the estimate"] += plain > gain
    # 1.5 are expected of an interval that is no approximation.
    assert max(false["lower"], false["printed"]) <= 6, false
    assert false["lower of the estimate"] > 15, false


def test_class_gives_both_limits(models):
    h, weak, student, truth, ceiling = models
    radius = np.linalg.norm(np.linalg.lstsq(h, truth)[0])
    bound = NonRealizableGain(NormBall(h, 1.1 * radius), random_state=0)
    for student_ in (student, 0.5 * student):
        bound.fit(weak, student_, truth, y_ceiling=ceiling)
        assert bound.lower_ <= bound.estimate_ <= bound.upper_ < np.inf
    assert "exact" not in str(bound.summary())


def test_columns_add(models):
    _, weak, student, truth, ceiling = models
    one = NonRealizableGain().fit(weak, student, truth, y_ceiling=ceiling)
    stacked = (np.column_stack([a, a]) for a in (weak, student, truth))
    two = NonRealizableGain().fit(*stacked, y_ceiling=np.column_stack([ceiling, ceiling]))
    assert two.lower_ == pytest.approx(2 * one.lower_)
    assert two.estimate_ == pytest.approx(2 * one.estimate_)


@pytest.mark.parametrize(
    ("bound", "arguments", "options", "message"),
    [
        (NonRealizableGain(), ([1.0], [1.0]), {}, "epsilon must be given where y_true"),
        (NonRealizableGain(), ([1.0], [1.0], [np.nan]), {"y_ceiling": [1.0]}, "epsilon must be"),
        (NonRealizableGain(), ([1.0], [1.0], [1.0]), {"y_ceiling": [[1.0]]}, "y_ceiling must have"),
        (NonRealizableGain(epsilon=-1.0), ([1.0], [1.0]), {}, "epsilon must be zero or positive"),
        (NonRealizableGain(width=np.inf), ([1.0], [1.0]), {}, "width must be zero or positive"),
        (NonRealizableGain(epsilon=0.0), ([1.0], [np.nan]), {}, "y_student must be finite"),
        (NonRealizableGain(student_class="x"), ([1.0], [1.0]), {}, "student_class must be one of"),
        (
            NonRealizableGain(NormBall([[1.0]], 1.0), epsilon=0.0, width=0.1),
            ([1.0], [1.0]),
            {},
            "width must be 0 with function_class, whose limits need no .* student; found 0.1",
        ),
        (
            NonRealizableGain(NormBall([[1.0]], 1.0), epsilon=0.0, student_class="affine"),
            ([1.0], [1.0]),
            {},
            "student_class must be 'convex' with function_class",
        ),
    ],
)
def test_bad_input(bound, arguments, options, message):
    with pytest.raises(ValueError, match=message):
        bound.fit(*arguments, **options)
    assert not hasattr(bound, "lower_")
