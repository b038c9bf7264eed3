"""Several starts, the best kept: hashed labels, k-means labels, given parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from sklearn.cluster import KMeans

from w2s_stats.em._loop import Trace, maximise
from w2s_stats.em._model import Mixture

# How a run begins: called only when its turn comes, so that one start's labels exist at a time.
Start = Callable[[], np.ndarray]


@dataclass(frozen=True)
class Runs:
    """All starts of a fit; `best` is the run kept."""

    best: Trace
    degenerate: np.ndarray  # experts of the best run that are degenerate
    objectives: np.ndarray  # where each start ended, NaN-free, in the starts' order
    degenerate_starts: np.ndarray  # which starts ended with a degenerate expert


def hashed_labels(mixture: Mixture, seed: int) -> np.ndarray:
    """Parameters from labels that are a hash of (seed, the bits of the row's x and y).

    Permuting, duplicating or chunking the rows changes nothing (design 4).
    """
    tiles, n_experts = mixture.tiles, mixture.gate.n_experts

    def labels(number: int) -> np.ndarray:
        start, stop = tiles.bounds[number]
        code = np.empty(stop - start, dtype=np.uint64)
        X = np.ascontiguousarray(tiles.X[start:stop])
        Y = np.ascontiguousarray(tiles.Y[start:stop])
        mixture.kernels.em.hash_rows(X, Y, seed, code)
        return _one_hot(code % np.uint64(n_experts), n_experts)

    return mixture.start(labels)


def kmeans_labels(mixture: Mixture, seed: int) -> np.ndarray:
    """Parameters from k-means clusters of the standardised (x, y); missing y stand at their mean."""
    tiles, n_experts = mixture.tiles, mixture.gate.n_experts
    X = np.asarray(tiles.X, dtype=np.float64)
    Y = np.where(np.isnan(tiles.Y), tiles.coordinates.y_mean, tiles.Y)
    points = np.concatenate([X, Y], axis=1)
    spread = points.std(axis=0)
    points = (points - points.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    kmeans = KMeans(n_experts, n_init=1, random_state=seed)
    code = kmeans.fit_predict(points, sample_weight=tiles.weight)

    def labels(number: int) -> np.ndarray:
        start, stop = tiles.bounds[number]
        return _one_hot(code[start:stop], n_experts)

    return mixture.start(labels)


def _one_hot(code: np.ndarray, n_experts: int) -> np.ndarray:
    return (code == np.arange(n_experts, dtype=code.dtype)[:, None]).astype(np.float64)


def best_of(
    mixture: Mixture,
    starts: Sequence[Start],
    *,
    tol: float,
    max_iter: int,
    n_jobs: int | None = None,
    report: Callable[[int, Trace], None] = lambda number, trace: None,
) -> Runs:
    """Run EM from every start and keep the best; degenerate runs rank after all others (design 8)."""

    def run(number: int, start: Start) -> tuple[Trace, np.ndarray]:
        trace = maximise(
            mixture.evaluate, start(), tol=tol, max_iter=max_iter, project=mixture.project
        )
        report(number, trace)
        return trace, mixture.degenerate(trace.theta, trace.step.info)

    parallel = Parallel(n_jobs=n_jobs, prefer="threads")
    results = parallel(delayed(run)(number, start) for number, start in enumerate(starts))
    objectives = np.array([trace.step.objective for trace, _ in results])
    degenerate = np.array([bad.any() for _, bad in results])
    order = np.lexsort((-objectives, degenerate))
    best, bad = results[order[0]]
    return Runs(best, bad, objectives, degenerate)
