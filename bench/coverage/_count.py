"""How often the intervals of a case hold the truth, at each size, by replicates in processes."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from typing import NamedTuple
from zlib import crc32

import numpy as np
from scipy.stats import binomtest

SIZES = (200, 1000, 5000)
LEVEL = 0.95
# Replicates that a process is sent at a time.
_BLOCK = 25

# What an interval is to reach, by what its method says of itself.
AIMS = {
    "asymptotic": (0.93, 0.97),
    "asymptotic, conservative": (0.93, 1.0),
    "finite-sample": (0.95, 1.0),
}
_FINITE_SAMPLE = (
    "empirical Bernstein",
    "Hoeffding",
    "Clopper-Pearson",
    "finite-sample",
    "all labels that matter",
)


class Found(NamedTuple):
    """An interval of one sample, and the number of the population that it is for.

    Where no truth is known it is NaN, and the mean of all replicates' estimates takes its place:
    coverage is then that of the interval's width alone.
    """

    interval: str
    truth: float
    estimate: float
    low: float
    high: float
    method: str


Draw = Callable[[np.random.Generator, int], Iterable[Found]]


class Case(NamedTuple):
    """A population with its truths, made once a process, and what a sample of n rows gives."""

    build: Callable[[], Draw]
    divide: tuple[int, ...] = (1, 1, 1)  # of the replicates, at each size: where they are dear


def kind_of(methods: Iterable[str]) -> str:
    """What intervals of these methods promise, by their names."""
    methods = list(methods)
    if all(any(word in method for word in _FINITE_SAMPLE) for method in methods):
        return "finite-sample"
    conservative = any("conservative" in method for method in methods)
    return "asymptotic, conservative" if conservative else "asymptotic"


def count(
    cases: dict[str, Case], replicates: int, *, processes: int | None = None
) -> Iterator[dict]:
    """Rows of the table, case by case.

    `processes=0` works in this one; others find the cases by their names in `CASES`.
    """
    tasks = [
        (name, n, start, min(start + _BLOCK, runs))
        for name, case in cases.items()
        for n, divide in zip(SIZES, case.divide, strict=True)
        for runs in [max(replicates // divide, 1) if divide else 0]
        for start in range(0, runs, _BLOCK)
    ]
    if processes == 0:
        yield from _rows(tasks, map(_replicates, [cases] * len(tasks), *zip(*tasks, strict=True)))
        return
    # One thread a process: BLAS and our kernels would otherwise wait for each other.
    os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield from _rows(tasks, pool.map(_of_the_table, *zip(*tasks, strict=True)))


def _of_the_table(name: str, n: int, start: int, stop: int) -> list[Found]:
    from bench.coverage import CASES

    return _replicates(CASES, name, n, start, stop)


def _replicates(cases: dict[str, Case], name: str, n: int, start: int, stop: int) -> list[Found]:
    draw = _built(cases[name].build)
    seeds = ((crc32(name.encode()), n, run) for run in range(start, stop))
    return [found for seed in seeds for found in draw(np.random.default_rng(seed), n)]


@cache
def _built(build: Callable[[], Draw]) -> Draw:
    return build()


def _rows(tasks: list[tuple[str, int, int, int]], results: Iterable[list[Found]]) -> Iterator[dict]:
    """Rows of each case and size once its last block is there."""
    found: dict[str, list[Found]] = defaultdict(list)
    following = [*(task[:2] for task in tasks[1:]), None]
    for task, after, block in zip(tasks, following, results, strict=True):
        for one in block:
            found[one.interval].append(one)
        if after != task[:2]:
            for interval, group in found.items():
                yield {"case": task[0], "interval": interval, "n": task[1], **_row(group)}
            found.clear()


def _row(found: list[Found]) -> dict:
    truth, estimate, low, high = np.array([one[1:5] for one in found]).T
    defined = ~np.isnan(low)
    methods = sorted({one.method for one, there in zip(found, defined, strict=True) if there})
    if np.isnan(truth).any():
        truth = np.full(len(found), estimate.mean())
    runs, slack = int(defined.sum()), 1e-9 * (1 + np.abs(truth))
    row: dict = {"truth": _short(truth.mean()), "replicates": runs}
    if runs < len(found):
        row["undefined"] = len(found) - runs
    if runs:
        covered = int(((low - slack <= truth) & (truth <= high + slack)).sum())
        ends = binomtest(covered, runs).proportion_ci(LEVEL, "wilson")
        kind = kind_of(methods)
        row |= {
            "method": " or ".join(methods),
            "kind": kind,
            "coverage": round(covered / runs, 4),
            "monte_carlo": [round(float(ends.low), 4), round(float(ends.high), 4)],
            "mean_width": _short((high - low)[defined].mean()),
            "verdict": _verdict(covered / runs, (ends.low, ends.high), AIMS[kind]),
        }
    return row


def _verdict(coverage: float, noise: tuple[float, float], aim: tuple[float, float]) -> str:
    """Whether the aim is met, missed, or open: within what the number of replicates leaves."""
    if aim[0] <= coverage <= aim[1]:
        return "met"
    return "missed" if noise[1] < aim[0] or noise[0] > aim[1] else "open"


def _short(value: float) -> float:
    return float(f"{value:.5g}")
