"""Several starts, the best kept: hashed labels, k-means labels, given parameters."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from sklearn.cluster import KMeans

from w2s_stats._arrays import array_module, beside, to_host
from w2s_stats.em._loop import Trace, maximise
from w2s_stats.em._model import Mixture

_RACE_WORK = 2**24  # rows x experts x features^2 of a pass at which there is nothing to race for
_FIRST_LEG = 60  # passes of every start before the slow ones are compared with the best

# How a run begins: called only when its turn comes, so that one start's labels exist at a time.
Start = Callable[[], np.ndarray]


@dataclass(frozen=True)
class Runs:
    """All starts of a fit; `best` is the run kept."""

    best: Trace
    degenerate: np.ndarray  # experts of the best run that are degenerate
    objectives: np.ndarray  # where each start ended, NaN-free, in the starts' order
    degenerate_starts: np.ndarray  # which starts ended with a degenerate expert

    def joined(self, other: Runs) -> Runs:
        """The better of two, with the starts of both."""
        ranks = [(r.degenerate.any(), -r.best.step.objective) for r in (self, other)]
        better = self if ranks[0] <= ranks[1] else other
        return Runs(
            better.best,
            better.degenerate,
            np.concatenate([self.objectives, other.objectives]),
            np.concatenate([self.degenerate_starts, other.degenerate_starts]),
        )


def one_at_a_time(n_jobs: int | None) -> bool:
    """Whether starts run one after the other, by n_jobs and by joblib's context."""
    return Parallel(n_jobs=n_jobs, require="sharedmem").n_jobs == 1


def hashed_labels(mixture: Mixture, seed: int) -> np.ndarray:
    """Parameters from labels that are a hash of (seed, the bits of the row's x and y).

    Permuting, duplicating or chunking the rows changes nothing.
    """
    n_experts = mixture.gate.n_experts
    return mixture.start(
        lambda number: _one_hot(_hashes(mixture, seed, number) % np.uint64(n_experts), n_experts)
    )


def hashed_rows(mixture: Mixture, seed: int) -> np.ndarray:
    """Parameters from a few rows for each expert, those whose hashes are the smallest.

    Unlike labels for all rows, which start every expert near the common fit, a few rows start the
    experts far apart. Their scales are wide and the gate even, for a few rows say nothing of them.
    """
    tiles, n_experts = mixture.tiles, mixture.gate.n_experts
    code = np.concatenate([_hashes(mixture, seed, number) for number in range(len(tiles.bounds))])
    distinct = tiles.xp.unique(code if tiles.weight is None else code[tiles.weight > 0])
    n_rows = min(max(e.n_features for e in mixture.experts) + 1, len(distinct))
    chosen = tiles.xp.empty((n_experts, len(code)))
    for k in range(n_experts):
        # An odd factor permutes the hashes; equal rows stay equal and count once.
        factor = np.uint64((0x9E3779B97F4A7C15 * (2 * k + 1)) % (1 << 64))
        last = np.partition(distinct * factor, n_rows - 1)[n_rows - 1]
        chosen[k] = code * factor <= last
    theta = mixture.start(lambda number: chosen[:, slice(*tiles.bounds[number])])
    _, parts = mixture.split(theta)
    wide = [e.widened(part) for e, part in zip(mixture.experts, parts, strict=True)]
    return np.concatenate([mixture.gate.start(), *wide])


def _hashes(mixture: Mixture, seed: int, number: int) -> np.ndarray:
    start, stop = mixture.tiles.bounds[number]
    xp = mixture.tiles.xp
    code = xp.empty(stop - start, dtype=np.uint64)
    X = xp.ascontiguousarray(mixture.tiles.X[start:stop])
    Y = xp.ascontiguousarray(mixture.tiles.Y[start:stop])
    mixture.kernels.em.hash_rows(X, Y, seed, code)
    return code


def kmeans_labels(mixture: Mixture, seed: int) -> np.ndarray:
    """Parameters from k-means clusters of the standardised (x, y), a missing y at its mean.

    The centres begin at rows chosen by their hashes: a repeated row is a row of weight two. The
    clusters are found on the host, wherever the data lie.
    """
    tiles, n_experts = mixture.tiles, mixture.gate.n_experts
    X, Y = np.asarray(to_host(tiles.X), dtype=np.float64), to_host(tiles.Y)
    Y = np.where(np.isnan(Y), tiles.coordinates.y_mean, Y)
    points = np.concatenate([X, Y], axis=1)
    weight = np.ones(len(X)) if tiles.weight is None else to_host(tiles.weight)
    points -= np.average(points, axis=0, weights=weight)
    spread = np.sqrt(np.average(points**2, axis=0, weights=weight))
    points /= np.where(spread > 0, spread, 1.0)
    numbers = range(len(tiles.bounds))
    hashes = np.concatenate([to_host(_hashes(mixture, seed, number)) for number in numbers])
    present = np.flatnonzero(weight > 0)
    first = present[np.unique(hashes[present], return_index=True)[1][:n_experts]]
    kmeans = KMeans(n_experts, init=points[first], n_init=1, tol=0.0)
    code = kmeans.fit_predict(points, sample_weight=weight)

    def labels(number: int) -> np.ndarray:
        start, stop = tiles.bounds[number]
        return beside(_one_hot(code[start:stop], n_experts), tiles.X)

    return mixture.start(labels)


def _one_hot(code: np.ndarray, n_experts: int) -> np.ndarray:
    experts = array_module(code).arange(n_experts, dtype=code.dtype)
    return (code == experts[:, None]).astype(np.float64)


def candidates_per_run(mixture: Mixture) -> int:
    """How many starts race for each run that is taken to its end: many where a pass is cheap."""
    widest = max(1, *(e.n_features for e in mixture.experts))  # there may be no features
    c = mixture.tiles.coordinates
    work = c.weight * c.rows_per_weight * mixture.gate.n_experts * widest**2
    # With three experts and more there are many more maxima to choose among.
    most = 4 if mixture.gate.n_experts < 3 else 5
    return int(2 ** np.clip(np.floor(np.log2(_RACE_WORK / work)), 0, most))


def _passes_of_rounds(n_experts: int) -> Iterator[int]:
    """Passes of one round of a race after the other.

    With two experts rounds are alike. With more, the lesser maxima fill the field and differ late:
    each round is half as long again as the one before.
    """
    n_passes, longer = (6, 0) if n_experts < 3 else (5, 1)
    while True:
        yield n_passes
        n_passes += longer * n_passes // 2


def race(
    mixture: Mixture, starts: Sequence[Start], n_winners: int, n_jobs: int | None
) -> list[np.ndarray]:
    """Run all starts for some passes, keep the better half, and again, until n_winners are left.

    Places go in turn to the highest objectives and to the highest among starts whose experts all
    have rows to spare: an expert that collapses onto a few rows leads the field for a while, and
    may be seen to be degenerate only at the end.
    """
    spare = 2 * (max(e.n_features for e in mixture.experts) + 1)

    def advance(theta: np.ndarray | Start, n_passes: int) -> tuple[bool, bool, float, np.ndarray]:
        theta = theta() if callable(theta) else theta
        for _ in range(n_passes):
            step = mixture.evaluate(theta)
            theta, last = step.proposal, theta
        if not np.isfinite(step.objective):
            return True, True, np.inf, theta
        bad = bool(mixture.degenerate(last, step.info).any())
        return bad, bool(step.info.min() <= spare), -step.objective, theta

    runners: list = list(starts)
    rounds = _passes_of_rounds(mixture.gate.n_experts)
    parallel = Parallel(n_jobs=n_jobs, require="sharedmem")
    while len(runners) > n_winners:
        n_passes = next(rounds)
        results = parallel(delayed(advance)(runner, n_passes) for runner in runners)
        places = max(len(runners) // 2, n_winners)
        by_objective = sorted(range(len(results)), key=lambda i: (results[i][0], results[i][2]))
        by_rows = sorted(range(len(results)), key=lambda i: results[i][:3])
        turns = itertools.chain.from_iterable(zip(by_rows, by_objective, strict=True))
        runners = [results[i][3] for i in list(dict.fromkeys(turns))[:places]]
    return [mixture.project(theta) for theta in runners]


def best_of(
    mixture: Mixture,
    starts: Sequence[Start],
    *,
    tol: float,
    max_iter: int,
    n_jobs: int | None = None,
    report: Callable[[int, Trace], None] = lambda number, trace: None,
) -> Runs:
    """Run EM from every start and keep the best; degenerate runs rank after all others.

    Every start has a first leg. Those that have not converged then go on, unless even their present
    pace to the last pass would not bring them to the best end so far.
    """

    def first_leg(start: Start) -> Trace:
        return maximise(
            mixture.evaluate,
            start(),
            tol=tol,
            max_iter=min(_FIRST_LEG, max_iter),
            project=mixture.project,
        )

    def second_leg(number: int, trace: Trace, target: float) -> Trace:
        if not trace.converged and trace.n_iter < max_iter:
            rest = maximise(
                mixture.evaluate,
                trace.theta,
                tol=tol,
                max_iter=max_iter - trace.n_iter,
                project=mixture.project,
                target=target,
            )
            trace = Trace(
                rest.theta,
                rest.step,
                np.concatenate([trace.objectives, rest.objectives[1:]]),
                trace.n_iter + rest.n_iter,
                rest.converged,
            )
        report(number, trace)
        return trace

    def degenerate(trace: Trace) -> np.ndarray:
        return mixture.degenerate(trace.theta, trace.step.info)

    parallel = Parallel(n_jobs=n_jobs, require="sharedmem")
    traces = parallel(delayed(first_leg)(start) for start in starts)
    sound = [t.step.objective for t in traces if t.converged and not degenerate(t).any()]
    target = max(sound, default=-np.inf)
    traces = parallel(delayed(second_leg)(i, trace, target) for i, trace in enumerate(traces))
    bad = [degenerate(trace) for trace in traces]
    objectives = np.array([trace.step.objective for trace in traces])
    degenerate_starts = np.array([flags.any() for flags in bad])
    best = np.lexsort((-objectives, degenerate_starts))[0]
    return Runs(traces[best], bad[best], objectives, degenerate_starts)
