"""Information criteria of a fitted mixture of experts."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from w2s_stats._arrays import beside_X


class Criteria(NamedTuple):
    """What one pass over the rows says of a fitted mixture."""

    log_likelihood: float
    aic: float
    bic: float
    icl: float


class CriteriaMixin:
    """AIC, BIC and ICL of the density of y given x; the smaller, the better.

    `n_parameters_` counts the free parameters of that density: constant and collinear columns of X
    have none. (With gate="gaussian-joint" the maximised likelihood is that of (x, y); `summary`
    shows its criteria.) Rows without a label have none: they do not count.
    """

    n_parameters_: int

    # --- what a mixture has ---------------------------------------------------------------------

    def _check_X(self, X: Any) -> np.ndarray:
        raise NotImplementedError

    def _labels(self, y: Any, X: np.ndarray) -> np.ndarray:
        """Encoded labels, NaN where missing."""
        raise NotImplementedError

    def _densities_of(self, X: np.ndarray, Y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """p(k | x, y), (n_samples, n_experts), and log p(y | x), of checked X and encoded y."""
        raise NotImplementedError

    def _weights_of(self, sample_weight: Any, rows: np.ndarray) -> np.ndarray:
        """Weights of the rows, ones where there are none."""
        raise NotImplementedError

    # --- the criteria ---------------------------------------------------------------------------

    @beside_X
    def aic(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Akaike's criterion, -2 log L + 2 p (smaller is better)."""
        return self._criteria(X, y, sample_weight).aic

    @beside_X
    def bic(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Bayesian criterion, -2 log L + p log n, n the sum of the weights of rows with a label."""
        return self._criteria(X, y, sample_weight).bic

    @beside_X
    def icl(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Integrated completed likelihood: BIC - 2 sum_i w_i log max_k p(k | x_i, y_i).

        Biernacki, Celeux and Govaert (2000), with every row given to its likeliest expert: rows
        that no expert claims clearly count against the model.
        """
        return self._criteria(X, y, sample_weight).icl

    def _criteria(self, X: Any, y: Any, sample_weight: Any) -> Criteria:
        X = self._check_X(X)
        Y = self._labels(y, X)
        resp, log_prob = self._densities_of(X, Y)
        weight = self._weights_of(sample_weight, log_prob) * ~np.isnan(Y).all(axis=1)
        log_likelihood, n = float(weight @ log_prob), float(weight.sum())
        claim = float(weight @ np.log(resp.max(axis=1)))
        bic = -2.0 * log_likelihood + self.n_parameters_ * np.log(n)
        aic = -2.0 * log_likelihood + 2.0 * self.n_parameters_
        return Criteria(log_likelihood, aic, float(bic), float(bic - 2.0 * claim))
