"""Information criteria of a fitted mixture of experts."""

from __future__ import annotations

from typing import Any

import numpy as np

from w2s_stats._arrays import beside_X


class CriteriaMixin:
    """AIC, BIC and ICL of the density of y given x; the smaller, the better.

    `n_parameters_` counts the free parameters of that density: constant and collinear columns of X
    have none. (With gate="gaussian-joint" the maximised likelihood is that of (x, y); `summary`
    shows its criteria.)
    """

    n_parameters_: int

    # --- what a mixture has ---------------------------------------------------------------------

    def _check_X(self, X: Any) -> np.ndarray:
        raise NotImplementedError

    def _densities(self, X: np.ndarray, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """p(k | x, y), (n_samples, n_experts), and log p(y | x), of checked X."""
        raise NotImplementedError

    def _weights_of(self, sample_weight: Any, rows: np.ndarray) -> np.ndarray:
        """Weights of the rows, ones where there are none."""
        raise NotImplementedError

    # --- the criteria ---------------------------------------------------------------------------

    @beside_X
    def aic(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Akaike's criterion, -2 log L + 2 p (smaller is better)."""
        _, log_prob = self._densities(self._check_X(X), y)
        log_likelihood = float(self._weights_of(sample_weight, log_prob) @ log_prob)
        return -2.0 * log_likelihood + 2.0 * self.n_parameters_

    @beside_X
    def bic(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Bayesian criterion, -2 log L + p log n, n the sum of the weights."""
        _, log_prob = self._densities(self._check_X(X), y)
        return self._bic(log_prob, self._weights_of(sample_weight, log_prob))

    @beside_X
    def icl(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Integrated completed likelihood: BIC - 2 sum_i w_i log max_k p(k | x_i, y_i).

        Biernacki, Celeux and Govaert (2000), with every row given to its likeliest expert: rows
        that no expert claims clearly count against the model.
        """
        resp, log_prob = self._densities(self._check_X(X), y)
        weight = self._weights_of(sample_weight, log_prob)
        claim = float(weight @ np.log(resp.max(axis=1)))
        return self._bic(log_prob, weight) - 2.0 * claim

    def _bic(self, log_prob: np.ndarray, weight: np.ndarray) -> float:
        log_likelihood, n = float(weight @ log_prob), float(weight.sum())
        return float(-2.0 * log_likelihood + self.n_parameters_ * np.log(n))
