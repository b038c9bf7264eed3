"""check_bound accepts the project's bounds where they hold, and rejects what is no bound."""

from functools import partial

import numpy as np
import pytest

from w2s_stats.bounds import (
    Assumption,
    BudgetedEnvelope,
    CalibrationShift,
    ErrorFloor,
    ExpansionBound,
    GainCertificate,
    GoldLabelPlan,
    KLSandwich,
    MisfitGain,
    NonRealizableGain,
    OutputKLGain,
)
from w2s_stats.bounds._kl_sandwich import printed_constant
from w2s_stats.divergences import KL, GeneralizedKL, ItakuraSaito, kl_divergence
from w2s_stats.testing import check_bound
from w2s_stats.testing.strategies import (
    ModelTriple,
    hull_triples,
    linear_triples,
    model_triples,
    probability_rows,
    real_rows,
)

few = {"n_resamples": 10, "random_state": 0}
positive = partial(real_rows, low=0.01, high=10.0)


def positive_column(n_rows, n_columns):
    return positive(n_rows, 1).map(np.ravel)


def labelled(case):
    """Classes, and the next row as neighbour."""
    n = len(case.weak)
    classes = (rows.argmax(axis=1) for rows in case[:3])
    return ModelTriple(*classes, neighbors=(np.arange(n)[:, None] + 1) % n)


def second_column(case):
    return ModelTriple(*(rows[:, 1] for rows in case[:3]))


ANY_MODELS = {
    "KLSandwich": (KLSandwich(random_state=0), model_triples()),
    "KLSandwich, given floor": (KLSandwich(gamma=1e-7, random_state=0), model_triples()),
    "BudgetedEnvelope": (BudgetedEnvelope(), model_triples()),
    "CalibrationShift": (CalibrationShift(), model_triples()),
    "CalibrationShift, cells": (CalibrationShift(measure="same-information"), model_triples()),
    "CalibrationShift, distance": (
        CalibrationShift(measure="distance"),
        model_triples(n_columns=2).map(second_column),
    ),
    "ErrorFloor": (ErrorFloor(), model_triples()),
    "ErrorFloor, zero-one": (ErrorFloor(loss="zero-one"), model_triples()),
    "ErrorFloor, squared": (ErrorFloor(loss="squared"), model_triples(real_rows)),
    "ExpansionBound": (ExpansionBound(), model_triples().map(labelled)),
    "GoldLabelPlan": (GoldLabelPlan(n_labels=3), model_triples()),
    "GoldLabelPlan, accuracy": (GoldLabelPlan(gain="accuracy"), model_triples()),
}
PROJECTIONS = {
    "KL": (MisfitGain(KL(), **few), hull_triples()),
    "Itakura-Saito": (
        MisfitGain(ItakuraSaito(), **few),
        hull_triples(positive, ItakuraSaito()),
    ),
    "generalised KL": (
        MisfitGain(GeneralizedKL(), **few),
        hull_triples(positive, GeneralizedKL()),
    ),
    "squared": (MisfitGain(**few), linear_triples()),
    "not realisable": (NonRealizableGain(**few), linear_triples()),
    "hull's certificate": (
        lambda case: GainCertificate(case.function_class, KL(), **few),
        hull_triples(),
    ),
    "ball's certificate": (
        lambda case: GainCertificate(case.function_class, **few),
        linear_triples(),
    ),
}


@pytest.mark.parametrize("name", ANY_MODELS)
def test_accepts_bounds_of_any_models(name):
    check_bound(*ANY_MODELS[name], max_examples=10)


@pytest.mark.parametrize("name", PROJECTIONS)
def test_accepts_bounds_of_projections(name):
    check_bound(*PROJECTIONS[name], max_examples=10)


class Envelope:
    """Theory 3.3 in a few lines, of nobody's family; `alter` may spoil it."""

    def __init__(self, alter=None):
        self.alter = alter

    def __repr__(self):
        return "Envelope()"

    def fit(self, y_weak, y_student, y_true=None, *, sample_weight=None):
        ratio = np.log(y_student / y_weak)
        self.lower_, self.upper_ = ratio.min(axis=1).mean(), ratio.max(axis=1).mean()
        self.estimate_, self.holds_ = np.nan, None
        if y_true is not None:
            self.estimate_, self.holds_ = (y_true * ratio).sum(axis=1).mean(), True
        self.interval_ = self.estimate_, self.estimate_
        self.assumptions_, self.table_ = [Assumption("Rows are fresh", "not checked")], []
        if self.alter is None:
            return self
        return self.alter(self, y_weak, y_student, y_true, sample_weight=sample_weight)


def test_accepts_bounds_of_others():
    check_bound(Envelope(), max_examples=50)


def too_tight(self, *models, **options):
    self.upper_ *= 0.9
    return self


def too_tight_below(self, *models, **options):
    self.lower_ *= 0.9
    return self


def ends_swapped(self, *models, **options):
    self.lower_, self.upper_ = self.upper_, self.lower_
    return self


def says_that_it_fails(self, *models, **options):
    self.holds_ = False if self.holds_ else self.holds_
    return self


def interval_elsewhere(self, *models, **options):
    self.interval_ = self.estimate_ + 1.0, self.estimate_ + 2.0
    return self


def returns_nothing(self, *models, **options):
    pass


def has_no_table(self, *models, **options):
    del self.table_
    return self


def status_unheard_of(self, *models, **options):
    self.assumptions_ = [Assumption("All is well", "probably")]
    return self


def invents_an_estimate(self, y_weak, y_student, y_true, **options):
    self.estimate_ = 0.0 if y_true is None else self.estimate_
    return self


def minds_weights_of_one(self, *models, sample_weight=None, **options):
    self.upper_ *= 1.0 if sample_weight is None else 2.0
    return self


def writes_into_its_input(self, y_weak, *models, **options):
    y_weak[:] = y_weak[::-1].copy()
    return self


@pytest.mark.parametrize(
    ("alter", "law"),
    [
        (too_tight, "estimate_ <= upper_"),
        (too_tight_below, "lower_ <= estimate_"),
        (ends_swapped, "lower_ <= upper_"),
        (says_that_it_fails, "holds_ is not False where the estimate lies between the limits"),
        (interval_elsewhere, "interval_ contains estimate_"),
        (returns_nothing, "fit returns the bound itself"),
        (has_no_table, "fit sets the attributes of a bound"),
        (status_unheard_of, "the status of an assumption is one of held, violated, not checked"),
        (invents_an_estimate, "without truth there is no estimate"),
        (minds_weights_of_one, "weights of one do not change upper_"),
        (writes_into_its_input, "fit does not change y_weak"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_rejects(alter, law):
    with pytest.raises(AssertionError) as caught:
        check_bound(Envelope(alter))
    sentence = str(caught.value)
    assert f"Envelope() breaks the law that {law}: " in sentence
    assert "weak = [[" in sentence and "student = [[" in sentence
    assert "\n" not in sentence and sentence.endswith(".")


def test_rejects_the_printed_constant():
    """Theory 3.1: [Y25] Theorem 1 fails for floors above 0.43542; the smallest case is shown."""

    def printed(self, y_weak, y_student, y_true=None, **options):
        gamma = min(y_weak.min(), y_student.min())
        limit = printed_constant(gamma) * np.sqrt(kl_divergence(y_weak, y_student))
        self.lower_, self.upper_ = -limit, limit
        return self

    rows = partial(probability_rows, floor=0.48)
    cases = model_triples(rows, probability_rows, n_rows=1, n_columns=2)
    with pytest.raises(AssertionError, match=r"weak = \[\[.{3,15}, .{3,15}\]\], student"):
        check_bound(Envelope(printed), cases)


@pytest.mark.parametrize(
    ("bound", "cases"),
    [
        (MisfitGain(KL(), **few), model_triples()),
        (MisfitGain(**few), model_triples(real_rows)),
        (OutputKLGain(), model_triples(positive_column)),
        (MisfitGain(**few, student_class="affine"), linear_triples()),
    ],
    ids=["no projection, KL", "no projection, squared", "no condition", "a ball is not affine"],
)
def test_rejects_where_assumptions_fail(bound, cases):
    with pytest.raises(AssertionError, match=r"breaks the law that (lower_ <= e|estimate_ <= u)"):
        check_bound(bound, cases)


def test_the_bound_given_stays_as_it_was():
    bound = KLSandwich(random_state=0)
    check_bound(bound, max_examples=5)
    assert not hasattr(bound, "lower_")


def test_same_sentence_every_time():
    sentences = set()
    for _ in range(2):
        with pytest.raises(AssertionError) as caught:
            check_bound(Envelope(too_tight))
        sentences.add(str(caught.value))
    assert len(sentences) == 1


def test_a_class_is_no_bound():
    message = r"^bound must be an instance, as KLSandwich\(\); found the class KLSandwich\.$"
    with pytest.raises(TypeError, match=message):
        check_bound(KLSandwich)


def test_errors_of_the_bound_are_its_own():
    with pytest.raises(ValueError, match="gamma must lie between 0 and 1/2"):
        check_bound(KLSandwich(gamma=2.0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((lambda: 0,), "bound must be a bound, or a callable .* that does not take one argument"),
        ((lambda case: (case, 1),), "bound must be a bound, or a callable .* that returns .Model"),
        ((3,), "bound must be a bound, or a callable from a ModelTriple to one; found 3"),
        ((KLSandwich(), model_triples), "found the function model_triples: call it, model_triples"),
        ((KLSandwich(), [1]), r"cases must be a strategy, as model_triples\(\); found \[1\]"),
    ],
)
def test_what_is_no_bound_or_no_strategy_is_refused(arguments, message):
    with pytest.raises(TypeError, match=message):
        check_bound(*arguments, max_examples=1)
