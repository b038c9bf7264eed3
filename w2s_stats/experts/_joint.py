"""The joint-density gate: p(x) itself a Gaussian mixture, theory 6.2."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np
from scipy.linalg import solve_triangular

from w2s_stats._arrays import beside
from w2s_stats.experts._gates import PriorGate
from w2s_stats.experts._newton import symmetric
from w2s_stats.experts._tile import Tile

# Least variance of x along any direction within an expert, relative to its variance in all rows.
_FLOOR = 1e-6


@dataclass(frozen=True)
class JointGate(PriorGate):
    """p(k, x) = pi_k N(x; mean_k, covariance_k), so that the objective is that of (x, y).

    Its M-step is closed. It contradicts p(x) = q(x) when the priors of two domains differ (theory
    6.2), so it is offered by name only. Parameters: log pi, the means, and the Cholesky factors of
    the covariances row by row with the logarithms of their diagonals, all on whitened x.
    """

    kernels: ModuleType  # a backend's `gram`
    n_experts: int
    n_features: int  # without the row of ones

    @property
    def size(self) -> int:
        return self.n_experts * (1 + self.n_features + self._n_factor)

    @property
    def _n_factor(self) -> int:
        return self.n_features * (self.n_features + 1) // 2

    @property
    def n_parameters(self) -> int:
        return self.size - 1

    def start(self) -> np.ndarray:
        prior = np.full(self.n_experts, -np.log(self.n_experts))
        return np.concatenate([prior, np.zeros(self.size - self.n_experts)])

    def unpack(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Log prior (n_experts,), means, and Cholesky factors of the covariances."""
        k, d = self.n_experts, self.n_features
        log_prior, mean, packed = np.split(theta, [k, k + k * d])
        factor = np.zeros((k, d, d))
        factor[:, *np.tril_indices(d)] = packed.reshape(k, -1)
        diagonal = np.arange(d)
        factor[:, diagonal, diagonal] = np.exp(factor[:, diagonal, diagonal])
        return log_prior - np.logaddexp.reduce(log_prior), mean.reshape(k, d), factor

    def log_prob(self, tile: Tile, theta: np.ndarray, out: np.ndarray) -> np.ndarray:
        """log p(k, x), which takes the place of log p(k | x) in the joint objective."""
        log_prior, mean, factor = self.unpack(theta)
        Z = tile.X[1:]
        for k in range(self.n_experts):
            # The factor's condition is bounded by the floor: its inverse is safe, and quicker.
            root, center = beside(np.linalg.inv(factor[k]), Z), beside(mean[k][:, None], Z)
            standard = root @ (Z - center)
            out[k] = log_prior[k] - 0.5 * (standard**2).sum(axis=0)
            out[k] -= np.log(np.diag(factor[k])).sum() + 0.5 * len(Z) * np.log(2 * np.pi)
        return out

    @property
    def stats_shapes(self) -> tuple[tuple[int, ...], ...]:
        """Moments of (1, x) for each expert."""
        size = self.n_features + 1
        return ((self.n_experts, size, size),)

    def sufficient_stats(
        self,
        tile: Tile,
        theta: np.ndarray,
        log_prob: np.ndarray,
        resp: np.ndarray,
        stats: list[np.ndarray],
    ) -> None:
        for k in range(self.n_experts):
            self.kernels.add_weighted_gram(tile.X, resp[k], stats[0][k])

    def m_step(self, theta: np.ndarray, stats: list[np.ndarray]) -> np.ndarray:
        """Weighted means and covariances.

        Eigenvalues below the floor are put there, which is the maximum under that constraint.
        """
        moments = symmetric(stats[0])
        count = np.maximum(moments[:, 0, 0], 1e-300)
        mean = moments[:, 1:, 0] / count[:, None]
        covariance = moments[:, 1:, 1:] / count[:, None, None]
        covariance = covariance - mean[:, :, None] * mean[:, None, :]
        values, vectors = np.linalg.eigh(covariance)
        values = np.maximum(values, _FLOOR)
        covariance = (vectors * values[:, None, :]) @ np.swapaxes(vectors, 1, 2)
        factor = np.linalg.cholesky(covariance)
        diagonal = np.arange(self.n_features)
        factor[:, diagonal, diagonal] = np.log(factor[:, diagonal, diagonal])
        packed = factor[:, *np.tril_indices(self.n_features)]
        return np.concatenate([np.log(count / count.sum()), mean.ravel(), packed.ravel()])

    def logits(self, theta: np.ndarray) -> np.ndarray:
        """Coefficients of log p(k, x) on (1, z, z_i z_j for i <= j), which imply p(k | x)."""
        log_prior, mean, factor = self.unpack(theta)
        i, j = np.triu_indices(self.n_features)
        rows = []
        for k in range(self.n_experts):
            root = solve_triangular(
                factor[k], np.eye(self.n_features), lower=True, check_finite=False
            )
            precision = root.T @ root
            slope = precision @ mean[k]
            constant = log_prior[k] - np.log(np.diag(factor[k])).sum() - 0.5 * mean[k] @ slope
            square = -0.5 * precision[i, j] * np.where(i == j, 1.0, 2.0)
            rows.append(np.concatenate([[constant], slope, square]))
        return np.stack(rows)
