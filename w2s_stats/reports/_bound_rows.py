"""What each bound's picture tells: its estimate, its limits, and the terms they are made of."""

from __future__ import annotations

from functools import singledispatch
from typing import Any, NamedTuple

import numpy as np

from w2s_stats.bounds import (
    Bound,
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
    Quantity,
)

_MOST_CLASSES = 4

_UNITS = {
    "NoneType": "squared error",
    "Squared": "squared error",
    "KL": "KL divergence, nats",
    "GeneralizedKL": "generalised KL divergence, nats",
    "BinaryKL": "binary KL divergence, nats",
    "ItakuraSaito": "Itakura–Saito divergence",
}


class BoundRow(NamedTuple):
    """A row of the picture, with the intervals of its ends.

    Attributes
    ----------
    name : str
    kind : {"point", "term", "range"}
        A number; a term of a sum, drawn from where the sum stood to where it brings it; or all
        numbers between two.
    end : Quantity
        Its value is where the row ends, a point where it is; NaN where not known.
    start : Quantity
        Where a term or a range begins.

    Examples
    --------
    >>> from w2s_stats.bounds import Quantity
    >>> from w2s_stats.reports import BoundDisplay, BoundRow
    >>> gain = BoundRow("gain", "point", Quantity("gain", 0.3, 0.1, 0.5))
    >>> room = BoundRow("what the budget allows", "range", Quantity("", 0.8), Quantity("", -0.2))
    >>> BoundDisplay([gain, room], lower=-0.2, upper=0.8).plot().figure_  # doctest: +SKIP
    """

    name: str
    kind: str
    end: Quantity
    start: Quantity = Quantity("", np.nan)


class Story(NamedTuple):
    """The rows of a bound's picture, from the top down, and what its axis measures."""

    label: str
    rows: list[BoundRow]


@singledispatch
def story_of(bound: Bound) -> Story:
    """Rows for a fitted bound; for a bound of one's own, its estimate and its limits."""
    return Story("", [_estimate(bound, "estimate"), _limits(bound)])


@story_of.register
def _(bound: MisfitGain) -> Story:
    table = _table(bound)
    misfit = table["misfit"]
    rows = [_estimate(bound, "gain"), _limits(bound), _term("misfit", misfit)]
    if "correction for k heads" in table:
        loss = table["correction for k heads"]
        rows.append(_term("− correction for k heads", Quantity("", -loss.value), misfit.value))
    rows += _difference(table, "gain - misfit", misfit.value)
    rows += [
        _point(f"{name}, any n", table) for name in ("gain", "misfit") if f"{name}, any n" in table
    ]
    return Story(f"gain in {_unit(bound)}", rows)


@story_of.register
def _(bound: NonRealizableGain) -> Story:
    table = _table(bound)
    misfit, outside = table["misfit"], table["2 sqrt(epsilon misfit)"].value
    left = misfit.value - outside
    what = "2 v" if bound.function_class is None else "what the student leaves open"
    rows = [
        _estimate(bound, "gain"),
        _limits(bound),
        _term("misfit", misfit),
        _term("− 2 √(ε misfit)", Quantity("", -outside), misfit.value),
    ]
    if np.isfinite(left):  # a single label tells of no epsilon, and nothing is left
        rows.append(_term(f"− {what}", Quantity("", bound.lower_ - left), left))
    printed = "lower limit of [C24] Thm 2"
    if printed in table:
        rows.append(BoundRow("limit as printed, [C24] Theorem 2", "point", table[printed]))
    return Story("gain in squared error", rows)


@story_of.register
def _(bound: GainCertificate) -> Story:
    table = _table(bound)
    misfit = table["misfit"]
    rows = [
        _estimate(bound, "gain"),
        _limits(bound, table["lower limit, new rows"], table["upper limit, new rows"]),
        _term("misfit", misfit),
        _term(
            "− what the student leaves open",
            Quantity("", bound.lower_ - misfit.value),
            misfit.value,
        ),
    ]
    return Story(f"gain in {_unit(bound)}", rows)


@story_of.register
def _(bound: KLSandwich) -> Story:
    table = _table(bound)
    rows = [
        _estimate(bound, "gain"),
        _limits(bound, table["envelope, low end"], table["envelope, high end"], name="envelope"),
        _around_zero("sharp, C mean √KL", table["sharp, C mean sqrt KL: +-"]),
        _around_zero("sharp, C √mean KL", table["sharp, C sqrt mean KL: +-"]),
        _around_zero("printed, C₁ √mean KL", table["printed, C1 sqrt mean KL: +-"]),
    ]
    return Story("gain in KL divergence or cross-entropy, nats", rows)


@story_of.register
def _(bound: BudgetedEnvelope) -> Story:
    table = _table(bound)
    low, high = table["budgeted, low end"], table["budgeted, high end"]
    whole = table["envelope, low end"], table["envelope, high end"]
    rows = [
        _estimate(bound, "gain"),
        _limits(bound, low, high, name=f"limits within a budget of {bound.budget_:.3g}"),
        BoundRow("envelope, any budget", "range", whole[1], whole[0]),
    ]
    return Story("gain in KL divergence or cross-entropy, nats", rows)


@story_of.register
def _(bound: CalibrationShift) -> Story:
    observed = "observed, L mean distance: +-"
    tiers = [
        _around_zero(_typeset(q.name.removesuffix(": +-")), q)
        for q in bound.table_
        if q.name.endswith(": +-") and q.name != observed
    ]
    tightest = _around_zero("observed, L mean distance", _table(bound)[observed])
    tiers.sort(key=lambda row: row.end.value)
    rows = [_estimate(bound, "change"), tightest, *tiers]
    return Story(f"change of {bound.measure} calibration error, student − weak model", rows)


@story_of.register
def _(bound: OutputKLGain) -> Story:
    table = _table(bound)
    order = {"forward": "weak || student", "reverse": "student || weak"}[bound.training]
    misfit = table[f"{bound.training} misfit, KL({order})"]
    rows = [_estimate(bound, "gain"), _limits(bound), _term(f"misfit, {_typeset(order)}", misfit)]
    if bound.training == "forward" and "condition, forward" in table:
        bracket, condition = table["1 - E_weak r, forward"], table["condition, forward"]
        rows.append(_term("+ bracket, 1 − E r", bracket, misfit.value))
        rows.append(_term("+ condition", condition, misfit.value + bracket.value))
    rows += _difference(table, f"{bound.training} gain - misfit", misfit.value)
    return Story(f"gain in KL of outputs over the sample ({bound.training}), nats", rows)


@story_of.register
def _(bound: ErrorFloor) -> Story:
    unit = {
        "kl": "KL from the truth, nats",
        "cross-entropy": "cross-entropy, nats",
        "zero-one": "error rate, share of rows",
        "squared": "mean squared error",
    }[bound.loss]
    rows = [_estimate(bound, "errors of both, summed"), _limits(bound)]
    for quantity in bound.table_:
        name = quantity.name if quantity.name.startswith("floor") else f"floor, {quantity.name}"
        rows.append(_term(name, quantity))
    return Story(unit, rows)


@story_of.register
def _(bound: GoldLabelPlan) -> Story:
    table = _table(bound)
    rows = [_estimate(bound, "gain"), _limits(bound, name="limits without any label")]
    if "gain, asymptotic" in table:
        rows.append(_point("gain, asymptotic", table))
    unit = "log-likelihood, nats a row" if bound.gain == "log_likelihood" else "accuracy"
    return Story(f"gain in {unit}", rows)


@story_of.register
def _(bound: ExpansionBound) -> Story:
    table = _table(bound)
    differs, measured = table["student against weak labels"], bound.expansion is None
    weak = table["weak error"] if measured else Quantity("", float(bound.weak_error or 0.0))
    total = differs.value + weak.value
    limit = table["limit, measured on gold labels"] if measured else Quantity("", bound.upper_)
    rows = [
        _estimate(bound, "student's error"),
        _limits(bound),
        _term("student ≠ weak label", differs),
        _term("+ weak error" + ("" if measured else ", assumed"), weak, differs.value),
        _term("− twice what is corrected", Quantity("", limit.value - total), total),
        BoundRow("= limit", "point", limit),
    ]
    classes = [q for q in bound.table_ if q.name.startswith("class ")]
    if len({q.name.partition(":")[0] for q in classes}) <= _MOST_CLASSES:
        rows += [BoundRow(q.name, "point", q) for q in classes]
    return Story("error rate, share of rows", rows)


def _table(bound: Bound) -> dict[str, Quantity]:
    """The table by name; names are unique."""
    return {quantity.name: quantity for quantity in bound.table_}


def _estimate(bound: Bound, name: str) -> BoundRow:
    return BoundRow(name, "point", Quantity(name, bound.estimate_, *bound.interval_, bound.method_))


def _limits(
    bound: Bound, low: Quantity | None = None, high: Quantity | None = None, name: str = "limits"
) -> BoundRow:
    low, high = low or Quantity("", bound.lower_), high or Quantity("", bound.upper_)
    return BoundRow(name, "range", high, low)


def _point(name: str, table: dict[str, Quantity]) -> BoundRow:
    return BoundRow(name, "point", table[name])


def _term(name: str, term: Quantity, start: float = 0.0) -> BoundRow:
    end = Quantity(name, start + term.value, start + term.low, start + term.high)
    return BoundRow(name, "term", end, Quantity("", start))


def _difference(table: dict[str, Quantity], name: str, misfit: float) -> list[BoundRow]:
    """From the misfit to the gain, as far as it is known, and its two parts."""
    rows, start = [], misfit
    for where in ("inside", "outside"):
        part = table.get(f"{name}, {where} the class")
        if part is not None:
            rows.append(_term(f"+ {where} the class", part, start))
            start += part.value
    if name in table:
        rows.append(_term("= gain − misfit", table[name], misfit))
    return rows


def _around_zero(name: str, half: Quantity) -> BoundRow:
    """From minus a half width to plus it."""
    return BoundRow(name, "range", half, Quantity("", -half.value, -half.high, -half.low))


def _typeset(text: str) -> str:
    return text.replace("||", "‖").replace("-H", "–H")


def _unit(bound: Any) -> str:
    name = type(bound.divergence).__name__
    return _UNITS.get(name, name)
