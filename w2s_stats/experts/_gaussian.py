"""Gaussian experts: y_m | x, k ~ N(coef[k, m] @ x, scale[k, m]^2), theory 6.1."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from w2s_stats._arrays import array_module
from w2s_stats.experts._newton import solve
from w2s_stats.experts._tile import Tile


@dataclass(frozen=True)
class Gaussian:
    """Linear regressions with their own variances; the outputs are observed in the same rows.

    The parameters of a block are one vector: coef (n_experts, n_outputs, n_features), then
    log_scale (n_experts, n_outputs).
    """

    kernels: ModuleType
    n_experts: int
    n_features: int
    outputs: slice
    first: int  # 0: the row of ones is a feature (the intercept); 1: it is not
    floor: float  # least variance, in units of the outputs' variances

    @property
    def n_outputs(self) -> int:
        return self.outputs.stop - self.outputs.start

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of the arrays that the parameter vector holds, experts along the first axis."""
        outputs = (self.n_experts, self.n_outputs)
        return ((*outputs, self.n_features), outputs)

    @property
    def n_parameters(self) -> int:
        return self.n_experts * self.n_outputs * (self.n_features + 1)

    def unpack(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        shape = self.n_experts, self.n_outputs, self.n_features
        size = math.prod(shape)
        return theta[:size].reshape(shape), theta[size:].reshape(shape[:2])

    def start(self, mean: np.ndarray) -> np.ndarray:
        """No slope, and the outputs' own mean (0) and variance (1): they are standardised."""
        return np.zeros(self.n_parameters)

    def widened(self, theta: np.ndarray) -> np.ndarray:
        """The same regressions with half the outputs' own standard deviations."""
        coef, log_scale = self.unpack(theta)
        return np.concatenate([coef.ravel(), np.full(log_scale.size, np.log(0.5))])

    def project(self, theta: np.ndarray) -> np.ndarray:
        """Put every variance at the floor or above."""
        coef, log_scale = self.unpack(theta)
        return np.concatenate(
            [coef.ravel(), np.maximum(log_scale, 0.5 * np.log(self.floor)).ravel()]
        )

    def log_prob(self, tile: Tile, theta: np.ndarray, out: np.ndarray) -> None:
        coef, log_scale = self.unpack(theta)
        self.kernels.gaussian_log_prob(
            tile.X[self.first :], tile.Y[self.outputs], coef, log_scale, out
        )

    @property
    def stats_shapes(self) -> tuple[tuple[int, ...], ...]:
        """Moments of x, of x and the residuals, squared residuals, and the experts' weights."""
        k, m, p = self.shapes[0]
        return (k, p, p), (k, m, p), (k, m), (k,)

    def sufficient_stats(
        self, tile: Tile, theta: np.ndarray, resp: np.ndarray, stats: list[np.ndarray]
    ) -> None:
        coef, _ = self.unpack(theta)
        self.kernels.gaussian_stats(tile.X[self.first :], tile.Y[self.outputs], coef, resp, *stats)

    def whole_pass(
        self,
        tile: Tile,
        theta: np.ndarray,
        log_gate: np.ndarray,
        resp: np.ndarray,
        stats: list[np.ndarray],
    ) -> float:
        """log_prob, posterior and sufficient_stats of a mixture of these experts alone."""
        X, Y = tile.X[self.first :], tile.Y[self.outputs]
        return self.kernels.gaussian_pass(
            X, Y, tile.weight, log_gate, *self.unpack(theta), resp, *stats
        )

    def mixture_pass(
        self,
        data: tuple[np.ndarray, np.ndarray, np.ndarray],
        log_prior: np.ndarray,
        theta: np.ndarray,
        lanes: tuple[int, np.ndarray],
        log_likelihood: np.ndarray,
        mass: np.ndarray,
        stats: list[np.ndarray],
    ) -> None:
        """whole_pass of the tiles of many lanes, under a constant gate."""
        self.kernels.gaussian_mixture_pass(
            *data, log_prior, *self.unpack(theta), *lanes, log_likelihood, mass, *stats
        )

    def m_step(self, theta: np.ndarray, stats: list[np.ndarray]) -> np.ndarray:
        """Weighted least squares by its normal equations in residuals, theory 6.2.

        Solved for the change of coef: their right-hand side vanishes at the optimum, so that
        whitened features and a repeated step give the digits that a factorisation of X would.
        """
        gram, cross, square, count = stats
        coef, _ = self.unpack(theta)
        step = solve(gram, cross)
        residual = square - (step * cross).sum(-1)
        variance = np.maximum(residual / np.maximum(count, 1e-300)[:, None], self.floor)
        return np.concatenate([(coef + step).ravel(), 0.5 * np.log(variance).ravel()])

    def unbounded(self, theta: np.ndarray) -> np.ndarray:
        """None of its parameters grows without bound where labels are separated."""
        return np.zeros(0)

    def effective_rows(self, stats: list[np.ndarray]) -> np.ndarray:
        return stats[3]

    def at_floor(self, theta: np.ndarray) -> np.ndarray:
        """Which experts have a variance at the floor."""
        _, log_scale = self.unpack(theta)
        return (2.0 * log_scale <= np.log(self.floor) + 1e-6).any(axis=1)

    def score(self, tile: Tile, theta: np.ndarray) -> np.ndarray:
        """Complete-data scores (n_experts, parameters of an expert, n_rows)."""
        coef, log_scale = self.unpack(theta)
        X, Y = tile.X[self.first :], tile.Y[self.outputs]
        precision = np.exp(-2.0 * log_scale)[:, :, None]
        residual = np.where(np.isnan(Y), 0.0, Y - coef @ X)
        slope = (precision * residual)[:, :, None, :] * X
        scale = np.where(np.isnan(Y), 0.0, precision * residual**2 - 1.0)
        return np.concatenate([slope.reshape(self.n_experts, -1, X.shape[1]), scale], axis=1)

    def curvature(self, tile: Tile, theta: np.ndarray, resp: np.ndarray) -> np.ndarray:
        """Negative complete-data Hessians, summed with the weights resp (n_experts, P, P)."""
        coef, log_scale = self.unpack(theta)
        X, Y = tile.X[self.first :], tile.Y[self.outputs]
        k, m, p = coef.shape
        out = array_module(X).zeros((k, m * (p + 1), m * (p + 1)))
        resp = np.where(np.isnan(Y[0]), 0.0, resp)
        precision = np.exp(-2.0 * log_scale)
        residual = np.where(np.isnan(Y), 0.0, Y - coef @ X)
        for i in range(k):
            gram = (X * resp[i]) @ X.T
            for j in range(m):
                own, scale = slice(j * p, (j + 1) * p), m * p + j
                out[i, own, own] = precision[i, j] * gram
                cross = 2.0 * precision[i, j] * X @ (resp[i] * residual[i, j])
                out[i, own, scale] = out[i, scale, own] = cross
                out[i, scale, scale] = 2.0 * precision[i, j] * resp[i] @ residual[i, j] ** 2
        return out
