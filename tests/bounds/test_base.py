"""What all bounds share: whether they held, and the summary."""

import numpy as np
import pytest
from sklearn.base import clone

from w2s_stats import bounds
from w2s_stats.bounds import Assumption, Bound, Quantity


class Given(Bound):
    """A bound whose numbers are parameters."""

    def __init__(self, *, estimate=None, lower=-np.inf, upper=np.inf, confidence_level=0.9):
        self.estimate = estimate
        self.lower = lower
        self.upper = upper
        self.confidence_level = confidence_level

    def _fit(self, y_weak, y_student, y_true, **unused):
        estimate = None if self.estimate is None else (self.estimate, 0.0, 1.0, "normal")
        return self._conclude(
            estimate,
            self.lower,
            self.upper,
            table=[Quantity("misfit", 0.125)],
            assumptions=[Assumption("Rows are independent", "not checked")],
        )


@pytest.mark.parametrize(
    ("estimate", "lower", "upper", "holds"),
    [
        (0.5, 0.4, np.inf, True),
        (0.5, 0.6, np.inf, False),
        (0.5, -np.inf, 0.4, False),
        (0.5, 0.5 + 1e-12, 0.5, True),
        (0.0, 0.0, 0.0, True),
        (np.inf, 0.0, 1.0, False),
        (None, 0.0, 1.0, None),
    ],
)
def test_holds(estimate, lower, upper, holds):
    bound = Given(estimate=estimate, lower=lower, upper=upper).fit(None, None)
    assert bound.holds_ is holds
    assert bound.lower_ == lower
    assert (bound.interval_ == (0.0, 1.0)) == (estimate is not None)


def test_summary():
    text = str(Given(estimate=0.5, lower=0.25).fit(None, None).summary())
    for words in ("Given", "[0.05", "0.95]", "0.2500", "0.1250", "normal", "independent: not"):
        assert words in text
    assert "yes, on this sample" in text


def test_limits_over_other_rows_are_not_compared():
    bound = Given()._conclude(
        (0.5, 0.4, 0.6, "normal"), 0.6, 1.0, table=[], assumptions=[], comparable=False
    )
    assert bound.holds_ is None and bound.estimate_ == 0.5
    text = " ".join(str(bound.summary()).split())
    assert "The estimate is not over the limits' own rows: compare interval_ with them." in text


def test_rounding_of_larger_numbers_is_forgiven():
    given = {"table": [], "assumptions": []}
    estimate = (-1e-16, -1.0, 1.0, "normal")
    assert Given()._conclude(estimate, 1e-16, np.inf, **given).holds_ is False
    assert Given()._conclude(estimate, 1e-16, np.inf, cancelled=1e-15, **given).holds_ is True


def test_summary_needs_a_fit():
    with pytest.raises(AttributeError, match="not fitted"):
        Given().summary()


def test_names_of_a_table_differ():
    class Twice(Given):
        def _fit(self, y_weak, y_student, y_true, **unused):
            return self._conclude(None, 0, 1, table=[Quantity("x", 1.0)] * 2, assumptions=[])

    with pytest.raises(ValueError, match="table must have rows of different names; found 'x' twi"):
        Twice().fit(None, None)


def test_status_is_one_of_three():
    class Vague(Given):
        def _fit(self, y_weak, y_student, y_true, **unused):
            return self._conclude(None, 0, 1, table=[], assumptions=[Assumption("x", "maybe")])

    with pytest.raises(ValueError, match="status must be one of held, violated, not checked"):
        Vague().fit(None, None)


def test_a_fit_is_whole_or_nothing_and_passes_all_on():
    class Fails(Given):
        def _fit(self, y_weak, y_student, y_true, *, neighbors, **unused):
            self.half_ = True
            raise ValueError(f"{y_weak} {y_student} {y_true} {neighbors} {sorted(unused)}")

    bound = Fails()
    with pytest.raises(ValueError, match=r"1 2 3 4 \['sample_weight', 'y_ceiling'\]"):
        bound.fit(1, 2, 3, neighbors=4)
    assert not hasattr(bound, "half_")


MEMBERS = [
    value
    for value in vars(bounds).values()
    if isinstance(value, type) and issubclass(value, Bound) and value is not Bound
]


@pytest.mark.parametrize("kind", MEMBERS)
def test_fit_is_explained_once_and_what_differs_stands_in_the_class(kind):
    assert kind.fit.__doc__ == Bound.fit.__doc__ and "y_ceiling" in Bound.fit.__doc__
    assert "`fit` takes" in kind.__doc__
    bound = kind(None) if kind is bounds.GainCertificate else kind()
    assert clone(bound).get_params() == bound.get_params()
    assert "confidence_level" in bound.get_params()
