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
from scipy.stats import binom, binomtest

from w2s_stats._intervals._score import wilson

SIZES = (200, 1000, 5000)
LEVEL = 0.95
# Replicates that a process is sent at a time.
_BLOCK = 25

# Coverage that an interval is to reach, by what its method says of itself. A conservative one says
# in its docstring why it may hold the truth more often than its level, and is counted apart where
# it does; so is a rate's, of which the outcomes are so few that coverage moves in long steps.
BAND = (0.93, 0.97)
AIMS = {"asymptotic": BAND, "conservative": (BAND[0], 1.0), "finite-sample": (LEVEL, 1.0)}
VERDICTS = {
    "met": "within its aim; of asymptotic intervals, conservative ones too, .93 to .97",
    "conservative": "above .97, by a method that says it may be",
    "discrete": "above .97, where the next lower coverage that whole events allow is not",
    "open": "outside the aim by no more than the noise of the replicates",
    "missed": "outside the aim",
}
_FINITE_SAMPLE = (
    "empirical Bernstein",
    "Hoeffding",
    "Clopper-Pearson",
    "finite-sample",
    "all labels that matter",
)
# The second: rates whose wrong guesses may be too few to be seen among the gold labels.
_CONSERVATIVE = ("conservative", "prediction-powered")


class Found(NamedTuple):
    """An interval of one sample, and the number of the population that it is for.

    Where no truth is known it is NaN, and the mean of all replicates' estimates takes its place:
    coverage is then that of the interval's width alone. `trials` are the rows that a rate, of which
    the interval is Wilson's, is of.
    """

    interval: str
    truth: float
    estimate: float
    low: float
    high: float
    method: str
    trials: float = np.nan


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
    # A mean's own end says "skew-widened": it is no rate's.
    careful = (
        any(word in method for word in _CONSERVATIVE) and "skew-widened" not in method
        for method in methods
    )
    return "conservative" if any(careful) else "asymptotic"


def count(
    cases: dict[str, Case],
    replicates: int,
    *,
    seed: int = 0,
    processes: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[dict]:
    """Rows of the table, case by case.

    Parameters
    ----------
    cases : dict of str to Case
    replicates : int
        Samples of each size, where a case does not divide them.
    seed : int, default=0
        Other samples, of the same populations.
    processes : int, default=None
        One a core; 0 works in this one. Others find the cases by their names in `CASES`.
    progress : callable
        Called with the number of samples drawn and that of all, block by block.
    """
    tasks = [
        (name, n, seed, start, min(start + _BLOCK, runs))
        for name, case in cases.items()
        for n, divide in zip(SIZES, case.divide, strict=True)
        for runs in [max(replicates // divide, 1) if divide else 0]
        for start in range(0, runs, _BLOCK)
    ]
    if processes == 0:
        found = map(_replicates, [cases] * len(tasks), *zip(*tasks, strict=True))
        yield from _rows(tasks, found, progress)
        return
    # One thread a process: BLAS and our kernels would otherwise wait for each other.
    os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        found = pool.map(_of_the_table, *zip(*tasks, strict=True))
        yield from _rows(tasks, found, progress)


def _of_the_table(name: str, n: int, seed: int, start: int, stop: int) -> list[Found]:
    from bench.coverage import CASES

    return _replicates(CASES, name, n, seed, start, stop)


def _replicates(
    cases: dict[str, Case], name: str, n: int, seed: int, start: int, stop: int
) -> list[Found]:
    draw = _built(cases[name].build)
    seeds = ((seed, crc32(name.encode()), n, run) for run in range(start, stop))
    return [found for own in seeds for found in draw(np.random.default_rng(own), n)]


@cache
def _built(build: Callable[[], Draw]) -> Draw:
    return build()


def _rows(
    tasks: list[tuple[str, int, int, int, int]],
    results: Iterable[list[Found]],
    progress: Callable[[int, int], None],
) -> Iterator[dict]:
    """Rows of each case and size once its last block is there."""
    sizes = np.cumsum([stop - start for *_, start, stop in tasks])
    found: dict[str, list[Found]] = defaultdict(list)
    following = [*(task[:2] for task in tasks[1:]), None]
    for task, after, done, block in zip(tasks, following, sizes, results, strict=True):
        progress(int(done), int(sizes[-1]))
        for one in block:
            found[one.interval].append(one)
        if after != task[:2]:
            for interval, group in found.items():
                about = {"case": task[0], "interval": interval, "n": task[1], "seed": task[2]}
                yield about | _row(group)
            found.clear()


def _row(found: list[Found]) -> dict:
    numbers = [(one.truth, one.estimate, one.low, one.high, one.trials) for one in found]
    truth, estimate, low, high, trials = np.array(numbers).T
    defined = ~np.isnan(low)
    methods = sorted({one.method for one, there in zip(found, defined, strict=True) if there})
    if np.isnan(truth).any():
        truth = np.full(len(found), estimate.mean())
    runs, slack = int(defined.sum()), 1e-9 * (1 + np.abs(truth))
    row: dict = {"truth": _short(truth.mean()), "replicates": runs}
    if runs < len(found):
        row["undefined"] = len(found) - runs
    if runs:
        covers = (low - slack <= truth) & (truth <= high + slack)
        covered = int(covers.sum())
        ends = binomtest(covered, runs).proportion_ci(LEVEL, "wilson")
        kind = kind_of(methods)
        step = _step(float(truth.mean()), float(np.median(trials[defined])))
        row |= {
            "method": " or ".join(methods),
            "kind": kind,
            "coverage": round(covered / runs, 4),
            "monte_carlo": [round(float(ends.low), 4), round(float(ends.high), 4)],
            "mean_width": _short((high - low)[defined].mean()),
            "verdict": _verdict(covered / runs, (ends.low, ends.high), kind, step),
        }
    return row


def _step(rate: float, trials: float) -> float:
    """Probability of the rarer of the first and the last number of events that holds the rate."""
    if np.isnan(trials):
        return 0.0
    law = binom(int(trials), rate)
    events = np.arange(law.ppf(1e-6), law.isf(1e-6) + 1)
    ends = np.array([wilson(k / trials, trials, LEVEL)[1:3] for k in events])
    held = events[(ends[:, 0] <= rate) & (rate <= ends[:, 1])]
    return float(law.pmf(held[[0, -1]]).min()) if len(held) else 0.0


def _verdict(coverage: float, noise: tuple[float, float], kind: str, step: float) -> str:
    """A word of `VERDICTS`; `step` is the least by which another choice of outcomes lowers it."""
    low, high = AIMS[kind]
    if low <= coverage <= high:
        return "conservative" if kind == "conservative" and coverage > BAND[1] else "met"
    if coverage > high >= coverage - step:
        return "discrete"
    return "missed" if noise[1] < low or noise[0] > high else "open"


def _short(value: float) -> float:
    return float(f"{value:.5g}")
