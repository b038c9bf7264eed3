"""A law over generated cases, and the sentence that says where it failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis.strategies import SearchStrategy

from w2s_stats._validation import shown


def for_all(cases: SearchStrategy[Any], law: Callable[[Any], None], *, max_examples: int) -> None:
    """Run a law on the same generated cases every time; raise on the smallest that breaks it."""

    @settings(
        max_examples=max_examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
        report_multiple_bugs=False,
        verbosity=Verbosity.quiet,
    )
    @given(cases)
    def run(case: Any) -> None:
        law(case)

    try:
        run()
    except AssertionError as error:
        # Where the law was called from says nothing to users: the sentence says it all.
        raise AssertionError(str(error)) from None


def check_instance(name: str, given: Any) -> None:
    """Raise TypeError where a class was given for one of its instances.

    Examples
    --------
    >>> from w2s_stats.divergences import KL
    >>> from w2s_stats.testing._law import check_instance
    >>> check_instance("divergence", KL)
    Traceback (most recent call last):
    TypeError: divergence must be an instance, as KL(); found the class KL.
    """
    if isinstance(given, type):
        raise TypeError(
            f"{name} must be an instance, as {given.__name__}(); found the class {given.__name__}."
        )


def check_cases(cases: Any) -> None:
    """Raise TypeError unless `cases` is a strategy.

    Examples
    --------
    >>> from w2s_stats.testing._law import check_cases
    >>> from w2s_stats.testing.strategies import model_triples
    >>> check_cases(model_triples)
    Traceback (most recent call last):
    TypeError: cases must be a strategy; found the function model_triples: call it, model_triples().
    """
    if isinstance(cases, SearchStrategy):
        return
    if callable(cases) and hasattr(cases, "__name__"):
        name = cases.__name__
        raise TypeError(f"cases must be a strategy; found the function {name}: call it, {name}().")
    raise TypeError(f"cases must be a strategy, as model_triples(); found {shown(cases)}.")


def demand(holds: bool, subject: Any, law: str, **numbers: Any) -> None:
    """Raise AssertionError unless a law holds, in one sentence with the numbers.

    Examples
    --------
    >>> from w2s_stats.testing._law import demand
    >>> demand(1.0 < 0.5, "MyBound()", "lower_ <= upper_", lower_=1.0, upper_=0.5)
    Traceback (most recent call last):
    AssertionError: MyBound() breaks the law that lower_ <= upper_: lower_ = 1, upper_ = 0.5.
    """
    if not holds:
        found = ", ".join(f"{name} = {_shown(value)}" for name, value in numbers.items())
        raise AssertionError(" ".join(f"{subject} breaks the law that {law}: {found}.".split()))


def _shown(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return f"{value:.10g}"
    if isinstance(value, np.ndarray):
        digits: Any = {"float": "{:.10g}".format}
        return np.array2string(value, separator=", ", threshold=40, formatter=digits)
    return repr(value)
