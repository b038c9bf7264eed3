"""What every bound promises, on cases in which its assumptions hold."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from inspect import signature
from typing import Any

import numpy as np
from hypothesis.strategies import SearchStrategy
from sklearn.base import clone

from w2s_stats._validation import shown
from w2s_stats.bounds._base import STATUSES
from w2s_stats.testing._law import check_cases, check_instance, demand, for_all
from w2s_stats.testing._triples import ModelTriple, model_triples

_ACCEPTED = "bound must be a bound, or a callable from a ModelTriple to one"
_NUMBERS = ("estimate_", "lower_", "upper_")
_ATTRIBUTES = (*_NUMBERS, "interval_", "holds_", "assumptions_", "table_")


def check_bound(
    bound: Any,
    cases: SearchStrategy[ModelTriple] | None = None,
    *,
    tolerance: float = 1e-8,
    max_examples: int = 200,
) -> None:
    """Check on generated models that a bound holds, and that its attributes agree.

    With truth: ``lower_ <= estimate_ <= upper_``, `holds_` does not deny it, and `interval_`
    contains the estimate. Without truth the estimate is NaN and `holds_` None, and weights of one
    change nothing; `fit` may refuse either with a ValueError. It changes no array.

    A bound need hold only where its assumptions do, and `cases` must be such cases: any models for
    `KLSandwich`, projections onto a class that holds the truth for `MisfitGain`. A bound that
    passes may still be loose, down to saying nothing.

    Parameters
    ----------
    bound : bound, or callable from ModelTriple to bound
        Like those of `w2s_stats.bounds`, or your own. A callable where parameters go with the case,
        as the `function_class` of `GainCertificate`.
    cases : strategy of ModelTriple, default=None
        None: ``strategies.model_triples()``, probabilities. `ceiling` and `neighbors` are passed on
        to `fit`.
    tolerance : float, default=1e-8
        Of rounding, relative to one plus the largest of the numbers compared.
    max_examples : int, default=200
        Generated cases; the same ones in every run of the same code.

    Raises
    ------
    AssertionError
        If a law fails: one sentence that says which, at what numbers, which are the smallest found.
    TypeError
        If `bound` is a class or makes no bound, or `cases` is no strategy.

    Examples
    --------
    >>> from w2s_stats.bounds import KLSandwich
    >>> from w2s_stats.testing import check_bound
    >>> check_bound(KLSandwich(random_state=0), max_examples=20)
    >>> class TooTight(KLSandwich):
    ...     def fit(self, y_weak, y_student, y_true=None, **options):
    ...         super().fit(y_weak, y_student, y_true, **options)
    ...         self.upper_ *= 0.9
    ...         return self
    >>> check_bound(TooTight(random_state=0))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    AssertionError: TooTight(random_state=0) breaks the law that estimate_ <= upper_: ...
    """
    check_instance("bound", bound)
    _check_callable(bound)
    cases = model_triples() if cases is None else cases
    check_cases(cases)
    for_all(cases, partial(_check_case, bound, tolerance=tolerance), max_examples=max_examples)


def _check_case(bound: Any, case: ModelTriple, *, tolerance: float) -> None:
    make = (lambda: clone(bound, safe=False)) if hasattr(bound, "fit") else partial(bound, case)
    further = {
        name: value
        for name, value in (("y_ceiling", case.ceiling), ("neighbors", case.neighbors))
        if value is not None
    }
    fitted = make()
    if not hasattr(fitted, "fit"):
        raise TypeError(f"{_ACCEPTED}; found one that returns {shown(fitted)}.")
    require = partial(demand, subject=fitted, weak=case.weak, student=case.student)
    before = [case.weak.copy(), case.student.copy(), case.truth.copy()]
    returned = fitted.fit(case.weak, case.student, case.truth, **further)
    for name, given, now in zip(("y_weak", "y_student", "y_true"), before, case, strict=False):
        require(np.array_equal(given, now), law=f"fit does not change {name}", given=given)
    require(returned is fitted, law="fit returns the bound itself", returned=returned)
    missing = [name for name in _ATTRIBUTES if not hasattr(fitted, name)]
    require(not missing, law="fit sets the attributes of a bound", missing=missing)
    require_with_truth = partial(require, truth=case.truth)
    _check_limits(fitted, require_with_truth, tolerance)

    blind = _fit_or_none(make(), case.weak, case.student, **further)
    if blind is not None:
        require(
            bool(np.isnan(blind.estimate_)) and blind.holds_ is None,
            law="without truth there is no estimate",
            estimate_=blind.estimate_,
            holds_=blind.holds_,
        )

    weight = np.ones(len(case.weak))
    weighted = _fit_or_none(
        make(), case.weak, case.student, case.truth, sample_weight=weight, **further
    )
    for name in _NUMBERS if weighted is not None else ():
        once, again = getattr(fitted, name), getattr(weighted, name)
        require_with_truth(
            bool(np.isclose(once, again, rtol=tolerance, atol=tolerance, equal_nan=True)),
            law=f"weights of one do not change {name}",
            without=once,
            with_weights=again,
        )


def _check_callable(bound: Any) -> None:
    if hasattr(bound, "fit"):
        return
    if not callable(bound):
        raise TypeError(f"{_ACCEPTED}; found {shown(bound)}.")
    try:
        signature(bound).bind(None)
    except TypeError:
        raise TypeError(f"{_ACCEPTED}; found one that does not take one argument.") from None


def _fit_or_none(bound: Any, *args: Any, **options: Any) -> Any:
    """Fit where the bound accepts it: some need the truth, some know no weights, and say so."""
    try:
        return bound.fit(*args, **options)
    except ValueError:
        return None


def _check_limits(fitted: Any, require: Callable[..., None], tolerance: float) -> None:
    """The estimate between the limits, inside its interval, and described as such."""
    estimate, lower, upper = fitted.estimate_, fitted.lower_, fitted.upper_
    compared = np.array([estimate, lower, upper])
    slack = tolerance * (1 + np.abs(compared[np.isfinite(compared)]).max(initial=0.0))
    numbers = {"estimate_": estimate, "lower_": lower, "upper_": upper}
    require(bool(lower <= upper + slack), law="lower_ <= upper_", **numbers)
    statuses = [assumption.status for assumption in fitted.assumptions_]
    require(
        all(status in STATUSES for status in statuses),
        law=f"the status of an assumption is one of {', '.join(STATUSES)}",
        statuses=statuses,
    )
    if np.isnan(estimate):
        # Some limit what cannot be computed, even from the truth.
        require(fitted.holds_ is None, law="holds_ is None without an estimate", **numbers)
        return
    require(bool(lower - slack <= estimate), law="lower_ <= estimate_", **numbers)
    require(bool(estimate <= upper + slack), law="estimate_ <= upper_", **numbers)
    require(
        # None: an estimate from part of the rows, which decides nothing on this sample.
        fitted.holds_ is None
        or bool(fitted.holds_)
        or min(estimate - lower, upper - estimate) <= slack,
        law="holds_ is not False where the estimate lies between the limits",
        holds_=fitted.holds_,
        **numbers,
    )
    low, high = fitted.interval_
    require(
        # NaN: no interval was possible.
        not (low > estimate + slack or high < estimate - slack),
        law="interval_ contains estimate_",
        interval_=(float(low), float(high)),
        estimate_=estimate,
    )
