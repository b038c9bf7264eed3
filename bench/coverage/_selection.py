"""Intervals of rates, of the share of a gap, and of weak models' scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from bench.coverage._count import Case, Draw, Found
from bench.coverage._populations import (
    Population,
    class_labels,
    near_ceiling,
    real_outputs,
)
from w2s_stats.selection import (
    agreement_report,
    performance_gap_recovered,
    predicted_gap,
    rank_weak_models,
)

# An interval by name: estimate, ends, method and, of a rate, the rows that it is of.
Read = Callable[[Population], dict[str, tuple]]


def _rate(interval: tuple, n: int) -> tuple:
    """Prediction-powered rates are no counts of events."""
    return *interval, n if "Wilson" in interval[-1] else np.nan


def _agreement(rows: Population) -> dict[str, tuple]:
    report = vars(agreement_report(rows.weak, rows.student, rows.truth))
    wrong = int(((rows.weak != rows.truth) & ~np.isnan(rows.truth)).sum())
    of = {"agreement": len(rows.weak), "new_error": report["n_gold"] - wrong}
    of |= dict.fromkeys(("inheritance", "correction", "other_error"), wrong)
    return {
        name: _rate(value, of.get(name, report["n_gold"]))
        for name, value in report.items()
        if isinstance(value, tuple)
    }


def _recovered(rows: Population) -> dict[str, tuple]:
    found = performance_gap_recovered(rows.weak, rows.student, rows.ceiling, rows.truth)
    n_gold = int((~np.isnan(rows.truth)).sum())
    parts = {
        f"accuracy, {name}": _rate(getattr(found, name), n_gold)
        for name in ("weak", "student", "ceiling")
    }
    return {
        # Rows are added to its variance.
        "share recovered": (found.estimate, found.low, found.high, "Fieller, conservative"),
        "gap": tuple(found.gap),
        **parts,
    }


def _gap(rows: Population, noisy: bool = False) -> dict[str, tuple]:
    """A weak representation that lacks half of the strong one's features."""
    y = rows.weak if noisy else rows.truth
    found = predicted_gap(rows.features[:, :2], rows.features, y)
    return {"predicted gap": tuple(found.gap)}


def _ranking(rows: Population) -> dict[str, tuple]:
    """Three weak models: the population's, one with less noise, one with less bias."""
    linear, bias = rows.ceiling, rows.student - rows.ceiling
    weak = {"as it is": rows.weak, "less noise": 0.5 * (rows.weak + rows.student)}
    student = {name: rows.student for name in weak}
    weak["less bias"], student["less bias"] = rows.weak - 0.5 * bias, linear + 0.5 * bias
    found = rank_weak_models(weak, student, rows.truth, n_resamples=1)
    return {
        f"{part}, {name}": tuple(interval)
        for part in ("score", "weak_error", "misfit")
        for name, interval in zip(found.names, getattr(found, part), strict=True)
    }


def _sampled(read: Read, population: Callable[[], Population], n_gold: int | None = None) -> Draw:
    whole = population()
    truth = {name: found[0] for name, found in read(whole).items()}

    def draw(rng: np.random.Generator, n: int) -> Iterator[Found]:
        for name, found in read(whole.sample(rng, n).with_gold(n_gold)).items():
            yield Found(name, truth[name], *found)

    return draw


COMMON = partial(class_labels, 0.3, 0.4, 0.05)
RARE = partial(class_labels, 0.05, 0.1, 0.005)
READ = {
    "agreement_report": (_agreement, COMMON),
    "agreement_report, rare errors": (_agreement, RARE),
    "performance_gap_recovered": (_recovered, COMMON),
    "performance_gap_recovered, small gap": (_recovered, partial(class_labels, 0.1, 0.5, 0.03)),
    "performance_gap_recovered, other errors of the ceiling": (
        _recovered,
        partial(class_labels, 0.3, 0.4, 0.05, strange=0.1),
    ),
    "performance_gap_recovered, rare differences": (_recovered, near_ceiling),
    "rank_weak_models": (_ranking, real_outputs),
}
CASES = {
    **{name: Case(partial(_sampled, *parts)) for name, parts in READ.items()},
    **{
        f"{name}, 200 gold": Case(partial(_sampled, *parts, n_gold=200), (0, 1, 1))
        for name, parts in READ.items()
    },
    "predicted_gap": Case(partial(_sampled, _gap, real_outputs)),
    "predicted_gap, noisy labels": Case(partial(_sampled, partial(_gap, noisy=True), real_outputs)),
}
