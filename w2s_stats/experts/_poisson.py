"""Poisson experts: y_m | x, k ~ Poisson(exp(coef[k, m] @ x)), theory 6.1."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from w2s_stats._arrays import array_module
from w2s_stats.experts._newton import newton_step, symmetric
from w2s_stats.experts._tile import Tile


@dataclass(frozen=True)
class Poisson:
    """Log-linear regressions of counts; parameters coef (n_experts, n_outputs, n_features)."""

    kernels: ModuleType
    n_experts: int
    n_features: int
    outputs: slice
    first: int

    @property
    def n_outputs(self) -> int:
        return self.outputs.stop - self.outputs.start

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.n_experts, self.n_outputs, self.n_features),)

    @property
    def n_parameters(self) -> int:
        return self.n_experts * self.n_outputs * self.n_features

    def unpack(self, theta: np.ndarray) -> tuple[np.ndarray, ...]:
        return (theta.reshape(self.shapes[0]),)

    def start(self, mean: np.ndarray) -> np.ndarray:
        """No slope; the intercept, where there is one, at the log of the outputs' means."""
        coef = np.zeros(self.shapes[0])
        if self.first == 0:
            coef[:, :, 0] = np.log(np.maximum(mean[self.outputs], 1e-6))
        return coef.ravel()

    def widened(self, theta: np.ndarray) -> np.ndarray:
        """These experts have no scale of their own."""
        return theta

    def project(self, theta: np.ndarray) -> np.ndarray:
        return theta

    def log_prob(self, tile: Tile, theta: np.ndarray, out: np.ndarray) -> None:
        """Without the constant -log y!, which is the same for all experts."""
        (coef,) = self.unpack(theta)
        self.kernels.poisson_log_prob(tile.X[self.first :], tile.Y[self.outputs], coef, out)

    @property
    def stats_shapes(self) -> tuple[tuple[int, ...], ...]:
        """Score, negative Hessian and weight for each expert and output."""
        k, m, p = self.shapes[0]
        return (k, m, p), (k, m, p, p), (k, m)

    def sufficient_stats(
        self, tile: Tile, theta: np.ndarray, resp: np.ndarray, stats: list[np.ndarray]
    ) -> None:
        (coef,) = self.unpack(theta)
        self.kernels.poisson_stats(tile.X[self.first :], tile.Y[self.outputs], coef, resp, *stats)

    def m_step(self, theta: np.ndarray, stats: list[np.ndarray]) -> np.ndarray:
        score, curvature, _ = stats
        k, m, p = score.shape
        step = newton_step(score.reshape(k * m, p), symmetric(curvature).reshape(k * m, p, p))
        return theta + step.ravel()

    def unbounded(self, theta: np.ndarray) -> np.ndarray:
        """What grows without bound where labels are separated."""
        return theta

    def effective_rows(self, stats: list[np.ndarray]) -> np.ndarray:
        return stats[2].min(axis=1)

    def at_floor(self, theta: np.ndarray) -> np.ndarray:
        return np.zeros(self.n_experts, dtype=bool)

    def score(self, tile: Tile, theta: np.ndarray) -> np.ndarray:
        """Complete-data scores (n_experts, parameters of an expert, n_rows)."""
        (coef,) = self.unpack(theta)
        X, Y = tile.X[self.first :], tile.Y[self.outputs]
        error = np.where(np.isnan(Y), 0.0, Y - _rate(coef @ X))
        return (error[:, :, None, :] * X).reshape(self.n_experts, -1, X.shape[1])

    def curvature(self, tile: Tile, theta: np.ndarray, resp: np.ndarray) -> np.ndarray:
        """Negative complete-data Hessians, summed with the weights resp (n_experts, P, P)."""
        (coef,) = self.unpack(theta)
        X, Y = tile.X[self.first :], tile.Y[self.outputs]
        k, m, p = coef.shape
        out = array_module(X).zeros((k, m * p, m * p))
        rate = np.where(np.isnan(Y), 0.0, _rate(coef @ X))
        for i in range(k):
            for j in range(m):
                own = slice(j * p, (j + 1) * p)
                out[i, own, own] = (X * (resp[i] * rate[i, j])) @ X.T
        return out


def _rate(eta: np.ndarray) -> np.ndarray:
    """exp(eta), held finite as the kernels do: no count is as large."""
    return np.exp(np.minimum(eta, 300.0))
