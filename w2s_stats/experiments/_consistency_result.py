"""What the consistency experiment found: errors, slopes, and how to say them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

PARAMETRIC, FLAT, WIDE = -0.8, -0.5, 1.0


@dataclass(frozen=True)
class ConsistencyResult:
    """Error against sample size for each strategy.

    Made by `consistency_experiment`, where there is an example.

    Attributes
    ----------
    sizes : ndarray of shape (n_sizes,)
        Rows of each domain, rising.
    strategies : tuple of str
        Names.
    errors : ndarray of shape (n_strategies, n_sizes, n_replicates)
        Mean squared error of E_Q[Y|x] over the target's x.
    gate : str
        Gate of the truth.
    slope_from : int
        Smallest size that enters the slopes.
    confidence_level : float
        Of the slopes' intervals.
    seconds : float
        Time taken.
    """

    sizes: np.ndarray
    strategies: tuple[str, ...]
    errors: np.ndarray
    gate: str = "constant"
    slope_from: int = 1000
    confidence_level: float = 0.95
    seconds: float = float("nan")

    @property
    def n_replicates(self) -> int:
        """Repetitions, each with its own truth."""
        return self.errors.shape[2]

    @property
    def mean_errors(self) -> np.ndarray:
        """Means over the replicates, (n_strategies, n_sizes)."""
        return self.errors.mean(axis=2)

    @property
    def standard_errors(self) -> np.ndarray:
        """Standard errors of the means, (n_strategies, n_sizes); NaN with one replicate."""
        if self.n_replicates == 1:
            return np.full(self.errors.shape[:2], np.nan)
        return self.errors.std(axis=2, ddof=1) / np.sqrt(self.n_replicates)

    @property
    def slopes(self) -> np.ndarray:
        """Least-squares slopes of log error on log n, means over the replicates."""
        return self._slopes_by_replicate(self._columns()).mean(axis=1)

    @property
    def slope_intervals(self) -> np.ndarray:
        """Lower and upper limits of the slopes, (n_strategies, 2).

        A t interval over the replicates' own slopes: the sizes of a replicate share a truth, so
        its errors are not independent, those of different replicates are. NaN with one replicate.
        """
        return self._interval(self._slopes_by_replicate(self._columns()))

    @property
    def last_slopes(self) -> np.ndarray:
        """Slopes between the two largest sizes, where a strategy that levels off is flat."""
        return self._slopes_by_replicate(slice(-2, None)).mean(axis=1)

    @property
    def readings(self) -> list[str]:
        """Return a few words for each strategy: how its error behaves, if that can be told."""
        words = []
        width = np.nan_to_num(self.slope_intervals @ [-1.0, 1.0])
        for slope, last, wide in zip(self.slopes, self.last_slopes, width > WIDE, strict=True):
            if wide:
                words.append("needs more replicates")
            elif slope <= PARAMETRIC:
                words.append("falls about like 1/n")
            else:
                words.append("levels off" if last > FLAT else "falls slowly")
        return words

    def _columns(self) -> slice:
        first = int(np.searchsorted(self.sizes, self.slope_from))
        return slice(first if len(self.sizes) - first >= 2 else 0, None)

    def _slopes_by_replicate(self, columns: slice) -> np.ndarray:
        log_n = np.log(self.sizes[columns].astype(float))
        log_n -= log_n.mean()
        tiny = np.finfo(float).tiny
        log_error = np.log(np.maximum(self.errors[:, columns], tiny))
        return np.einsum("j,sjr->sr", log_n, log_error) / (log_n @ log_n)

    def _interval(self, slopes: np.ndarray) -> np.ndarray:
        n = slopes.shape[1]
        if n == 1:
            return np.full((len(slopes), 2), np.nan)
        half = stats.t.ppf(0.5 + self.confidence_level / 2, n - 1)
        half = half * slopes.std(axis=1, ddof=1) / np.sqrt(n)
        return np.column_stack([slopes.mean(axis=1) - half, slopes.mean(axis=1) + half])

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists and numbers, None for what is not known; ready for JSON."""
        lower, upper = self.slope_intervals.T
        return {
            "experiment": "consistency",
            "gate": self.gate,
            "n_replicates": self.n_replicates,
            "sizes": self.sizes.tolist(),
            "slope_from": int(self.sizes[self._columns()][0]),
            "confidence_level": self.confidence_level,
            "seconds": _plain(self.seconds),
            "strategies": [
                {
                    "strategy": name,
                    "errors": [_plain(value) for value in self.mean_errors[s]],
                    "standard_errors": [_plain(value) for value in self.standard_errors[s]],
                    "slope": _plain(self.slopes[s]),
                    "slope_lower": _plain(lower[s]),
                    "slope_upper": _plain(upper[s]),
                    "last_slope": _plain(self.last_slopes[s]),
                    "reading": self.readings[s],
                }
                for s, name in enumerate(self.strategies)
            ],
        }

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each strategy and size."""
        import pandas as pd

        index = pd.MultiIndex.from_product([self.strategies, self.sizes], names=["strategy", "n"])
        columns = {"error": self.mean_errors.ravel(), "std err": self.standard_errors.ravel()}
        return pd.DataFrame(columns, index=index)


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
