"""Which strategy to trust, and why, in sentences built from what was found."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from w2s_stats.transfer._comparison import StrategyResult
from w2s_stats.transfer._diagnostics import Diagnostic
from w2s_stats.transfer._intervals import MeanInterval, mean_interval

Verdict = tuple[str | None, tuple[str, ...]]

# Findings that are worth repeating in favour of a fit.
_TELLING = (
    "matching",
    "gate and matching",
    "source: expert functions",
    "source: starts",
    "target: starts",
)

_SOUND = "stays consistent when concepts shift as it assumes, which no check speaks against"


def recommend_by_error(
    table: Sequence[StrategyResult],
    deconvolutions: Collection[str],
    losses: Mapping[str, np.ndarray],
    weight: np.ndarray | None,
    *,
    metric: str,
    weak_labels: MeanInterval,
    n_gold: int,
    interval: str,
    confidence_level: float,
) -> Verdict:
    """Trust the strategy of smallest error on held-out gold labels, as far as chance allows.

    The others' differences to it are judged together: m paired intervals at level
    1 - (1 - confidence_level) / m (Bonferroni). Where chance may explain the order, a concept
    deconvolution whose checks all passed goes first, because it is consistent under its assumptions
    and the others are not (theory 6.4 to 6.6); without one, and with no strategy worse than
    another, none is trusted. The oracle sets the scale and is never chosen.

    Parameters
    ----------
    table : sequence of StrategyResult
        With at least one error of a strategy that is no oracle.
    deconvolutions : collection of str
        Names of the strategies that deconvolve.
    losses : dict of str to ndarray of shape (n_samples,)
    weight : ndarray of shape (n_samples,) or None
    metric : str
    weak_labels : MeanInterval
    n_gold : int
    interval : {"t", "bootstrap"}
    confidence_level : float

    Returns
    -------
    trusted : str or None
    sentences : tuple of str
    """
    rows = [row for row in table if not row.is_oracle and np.isfinite(row.error)]
    best = min(rows, key=lambda row: row.error)
    joint = 1 - (1 - confidence_level) / max(1, len(rows) - 1)
    tied = [
        row
        for row in rows
        if row is not best
        and not mean_interval(
            losses[row.strategy] - losses[best.strategy],
            weight,
            confidence_level=joint,
            method=interval,
        ).lower
        > 0
    ]
    chosen: StrategyResult | None = best
    sound: list[StrategyResult] = []
    if tied:
        sound = [r for r in [best, *tied] if r.strategy in deconvolutions and not _objections(r)]
        chosen = sound[0] if sound else best if len(tied) < len(rows) - 1 else None
    where = f"on {n_gold} held-out target rows with gold labels"
    together = f"paired intervals, {100 * confidence_level:g}% together"
    untold = (
        f"cannot be told from {_listed([r.strategy for r in tied])} ({together})" if tied else ""
    )
    smallest = f"{best.error:.3g} ({100 * confidence_level:g}% interval {best.error_lower:.3g} to "
    smallest += f"{best.error_upper:.3g})"
    if chosen is None:
        say = [
            f"Trust none above the others: {where}, {best.strategy} has the smallest {metric}, "
            f"{smallest}, but it {untold}.",
            "More gold labels would tell them apart.",
        ]
    elif chosen is best:
        say = [f"Trust {best.strategy}: {where}, its {metric} is {smallest}."]
        if tied:
            say.append(f"It is the smallest, but it {untold}.")
            if sound:
                say.append(f"In its favour: it {_SOUND}.")
        elif len(rows) > 1:
            say.append(f"Chance does not explain its lead over the others ({together}).")
    else:
        say = [
            f"Trust {chosen.strategy}: {where}, its {metric} is {chosen.error:.3g}; it {_SOUND}.",
            f"The smallest, of {best.strategy}, is {smallest}, but {untold}.",
        ]
    for row in table:
        if row.is_oracle and np.isfinite(row.error):
            say.append(f"The {row.strategy}, which learns from gold labels, has {row.error:.3g}.")
    if np.isfinite(weak_labels.mean):
        say.append(
            f"The weak labels themselves have {weak_labels.mean:.3g}; each was made for its own "
            "row, where a prediction knows x only."
        )
    if chosen is None:
        return None, tuple(say)
    say += [f"A check failed: {found.sentence}" for found in chosen.failed_checks]
    return chosen.strategy, tuple(say)


def recommend_by_checks(
    table: Sequence[StrategyResult], deconvolutions: Collection[str], n_gold: int
) -> Verdict:
    """Trust concept deconvolution where nothing speaks against it, and else nothing.

    Without gold labels no error is known. Under a shift of concepts only deconvolution is
    consistent (theory 6.4 to 6.6), and only under assumptions that its diagnostics check.

    Parameters
    ----------
    table : sequence of StrategyResult
    deconvolutions : collection of str
        Names of the strategies that deconvolve.
    n_gold : int
        Gold labels, too few to tell.

    Returns
    -------
    trusted : str or None
    sentences : tuple of str
    """
    unknown = "no target row has a gold label" if not n_gold else "there is one gold label only"
    ask = "Gold labels of some target rows (y_gold) would measure the errors."
    fitted = [row for row in table if row.strategy in deconvolutions and not row.failure]
    if not fitted:
        return None, (
            f"Trust none: {unknown}, and there is no fit of concept deconvolution, the one "
            "strategy that stays consistent when concepts shift.",
            ask,
        )
    objections = {row.strategy: _objections(row) for row in fitted}
    sound = [row for row in fitted if not objections[row.strategy]]
    if not sound:
        least = min(fitted, key=lambda row: len(objections[row.strategy]))
        against = objections[least.strategy]
        checks = "a check" if len(against) == 1 else f"{len(against)} checks"
        return None, (
            f"Trust none yet: {unknown}, and {least.strategy}, which would stay consistent when "
            f"concepts shift, did not pass {checks}.",
            *[found.sentence for found in against],
            ask,
        )
    best = max(sound, key=lambda row: np.nan_to_num(row.weak_log_likelihood, nan=-np.inf))
    others = [
        row.strategy for row in table if row.strategy not in deconvolutions and not row.is_oracle
    ]
    say = [
        f"Trust {best.strategy}: {unknown}, but it stays consistent when concepts shift, and "
        "nothing was found against its assumptions."
    ]
    say += [found.sentence for found in best.diagnostics if found.ok and found.name in _TELLING]
    if others:
        is_are = "is" if len(others) == 1 else "are"
        say.append(
            f"{_listed(others).capitalize()} {is_are} not consistent under such a shift, and by "
            "how much cannot be seen without gold labels."
        )
    return best.strategy, (*say, ask)


def _objections(row: StrategyResult) -> list[Diagnostic]:
    """Failed checks; a margin without a standard error is none that one could trust."""
    return [
        found
        for found in row.diagnostics
        if found.ok is False or (found.name == "matching" and found.ok is None)
    ]


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
