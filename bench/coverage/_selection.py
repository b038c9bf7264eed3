"""Intervals of rates, of the share of a gap, and of weak models' scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from bench.coverage._count import Case, Draw, Found
from bench.coverage._populations import Population, class_labels, real_outputs
from w2s_stats.selection import agreement_report, performance_gap_recovered, rank_weak_models

Read = Callable[[Population], dict[str, tuple[float, float, float, str]]]


def _agreement(rows: Population) -> dict[str, tuple[float, float, float, str]]:
    report = vars(agreement_report(rows.weak, rows.student, rows.truth))
    return {name: tuple(value) for name, value in report.items() if isinstance(value, tuple)}


def _gap(rows: Population) -> dict[str, tuple[float, float, float, str]]:
    found = performance_gap_recovered(rows.weak, rows.student, rows.ceiling, rows.truth)
    parts = {f"accuracy, {name}": getattr(found, name) for name in ("weak", "student", "ceiling")}
    # Rows are added to the variance of both where some lack gold.
    sure = ", conservative" if "conservative" in found.gap.method else ""
    return {
        "share recovered": (found.estimate, found.low, found.high, f"Fieller{sure}"),
        "gap": tuple(found.gap),
        **{name: tuple(part) for name, part in parts.items()},
    }


def _ranking(rows: Population) -> dict[str, tuple[float, float, float, str]]:
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
    "performance_gap_recovered": (_gap, COMMON),
    "performance_gap_recovered, small gap": (_gap, partial(class_labels, 0.1, 0.5, 0.03)),
    "rank_weak_models": (_ranking, real_outputs),
}
CASES = {
    **{name: Case(partial(_sampled, *parts)) for name, parts in READ.items()},
    **{
        f"{name}, 200 gold": Case(partial(_sampled, *parts, n_gold=200), (0, 1, 1))
        for name, parts in READ.items()
    },
}
