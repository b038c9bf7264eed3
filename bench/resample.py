"""Bootstrap means."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from bench._case import Case, Peer
from w2s_stats._intervals import resampled_means


def bootstrap(n: int, m: int, n_resamples: int, *, share: float) -> Iterator[Case]:
    """Means of resampled rows; NumPy draws indices and gathers, for a share of the resamples."""
    random = np.random.default_rng(0)
    values = random.normal(1.0, 1.0, size=(n, m))
    few = max(2, round(share * n_resamples))

    def by_numpy() -> np.ndarray:
        means = [values[random.integers(0, n, n)].mean(axis=0) for _ in range(few)]
        return _spread(np.stack(means), n)

    yield Case(
        "bootstrap means",
        f"{n_resamples:,} of {n:,} x {m}",
        "float64",
        lambda: resampled_means(values, None, n_resamples, seed=0),
        peers={"NumPy": Peer(by_numpy, share=few / n_resamples)},
        aims={"NumPy": 50.0},
        comparable=lambda means: _spread(means, n),
        tolerance=0.3,  # other resamples: equal in law only
    )


def _spread(means: np.ndarray, n: int) -> np.ndarray:
    """Mean and deviation of the resamples, in units of one standard error."""
    return np.sqrt(n) * np.stack([means.mean(axis=0) - 1.0, means.std(axis=0)])


ROWS = {"bootstrap": partial(bootstrap, 1_000_000, 3, 2000, share=0.005)}
