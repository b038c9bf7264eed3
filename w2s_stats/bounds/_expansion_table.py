"""Quantities of the expansion bound with their intervals, some of which depend on neighbours."""

from __future__ import annotations

import numpy as np

from w2s_stats._intervals import Interval, power_tuning, rate_of_known, score_mean, wilson_rate
from w2s_stats.bounds._base import Assumption, Quantity
from w2s_stats.bounds._expansion_limits import theorem_4_1, theorem_b1
from w2s_stats.bounds._neighborhoods import Rows, expansion_of


def on_what_is_assumed(
    rows: Rows, expansion: float, weak_error: float, share: float, level: float
) -> list[Assumption]:
    """Whether gold labels, where there are any, agree with what is assumed.

    An interval can refute a weak error; only the share of all rows confirms it, of these rows.
    """
    expands = weak = "not checked"
    if rows.known.any():
        gold = rows.of(rows.known)
        found = wilson_rate(gold.bad, gold.weight, confidence_level=level)
        if rows.known.all() and abs(rows.share(rows.bad) - weak_error) < 1e-12:
            weak = "held"
        elif not found.low <= weak_error <= found.high:
            weak = "violated"
    if rows.known.all():
        # Without bad rows there is nothing to reach, and any expansion is there.
        short = rows.bad.any() and not expansion_of(rows) >= expansion - 1e-12
        expands = "violated" if short and rows.anchor.any() else "held"
    if expansion * share > 1 + 1e-9:  # no more than all bad rows can be reached
        expands = "violated"
    return [
        Assumption(f"The student's set expands by {expansion:g}", expands),
        Assumption(f"The weak labels' error is {weak_error:g}", weak),
        Assumption(
            "The limit, which has no interval, is of these rows' shares of f != w and robust rows; "
            "they are those of new rows",
            "not checked",
        ),
    ]


def error_and_limit(wrong: np.ndarray, rows: Rows, level: float) -> tuple[Interval, Interval]:
    """Means over all rows of what gold rows know; the disagreement predicts it elsewhere.

    Rows of the limit depend on their neighbours, those of the error do not.
    """
    known, guess = rows.known, 1.0 * rows.differs
    near, far = (None, None) if rows.weight is None else (rows.weight[known], rows.weight[~known])
    tuning, parts = None, rows.limit
    if not known.all():
        # One tuning for both: limit minus error is then a mean over gold rows, none negative.
        tuning = power_tuning(wrong[known], guess[known], guess[~known], near, far)
        parts = np.where(known, rows.limit - tuning * guess, tuning * guess)

    def mean(values: np.ndarray, largest: float, covariance: float = 0.0) -> Interval:
        found = rate_of_known(
            values[known],
            guess,
            known,
            rows.weight,
            largest=largest,
            covariance=covariance,
            tuning=tuning,
            confidence_level=level,
        )
        value, low, high = np.minimum(found[:3], 1.0).tolist()
        return Interval(value, low, high, found.method)

    limit = mean(rows.limit, 2.0, rows.covariance(parts, known))
    return mean(wrong, 1.0), with_neighbours(limit)


def with_neighbours(found: Interval) -> Interval:
    return found._replace(method=f"{found.method}, conservative with neighbours")


def class_table(rows: Rows, truth: np.ndarray, level: float) -> list[Quantity]:
    """Limits within each class: ours, and those of [L24] where their conditions are met."""
    table = []
    for label in np.unique(truth[rows.known]):
        own = rows.of(truth == label)
        limit = score_mean(
            own.limit,
            own.weight,
            largest=2.0,
            covariance=own.covariance(own.limit),
            confidence_level=level,
        )
        table.append(Quantity(f"class {label}: limit", *with_neighbours(limit)))
        differs, bad, steady = own.share(own.differs), own.share(own.bad), own.share(own.robust)
        c = expansion_of(own)
        printed = {
            "B.1": theorem_b1(differs, 1 - steady, bad, c),
            "4.1": theorem_4_1(
                differs,
                own.share(own.differs | ~own.robust),
                1 - steady,
                bad,
                min(c, 1.0),  # what expands by more expands by 1
            ),
        }
        table += [
            Quantity(f"class {label}: limit of Theorem {name}", limit)
            for name, limit in printed.items()
            if not np.isnan(limit)
        ]
    return table


def rate(name: str, events: np.ndarray, rows: Rows, level: float) -> Quantity:
    return Quantity(name, *wilson_rate(events, rows.weight, confidence_level=level))
