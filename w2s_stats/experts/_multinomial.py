"""Multinomial experts: log P(y = c | x, k) = coef[k, c] @ x + const, theory 6.1."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from w2s_stats._arrays import array_module, softmax
from w2s_stats.experts._newton import block_matrix, newton_step
from w2s_stats.experts._tile import Tile


@dataclass(frozen=True)
class Multinomial:
    """Logistic regressions of one label; two classes are the Bernoulli case.

    The label's rows in a tile are the probabilities of classes 1, 2, ... (0 or 1 for a hard label):
    class 0 is the reference, whose coefficients are zero. Parameters: coef (n_experts, n_classes -
    1, n_features).
    """

    kernels: ModuleType
    n_experts: int
    n_features: int
    outputs: slice
    first: int

    @property
    def n_free(self) -> int:
        """Classes but the reference."""
        return self.outputs.stop - self.outputs.start

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.n_experts, self.n_free, self.n_features),)

    @property
    def n_parameters(self) -> int:
        return self.n_experts * self.n_free * self.n_features

    def unpack(self, theta: np.ndarray) -> tuple[np.ndarray, ...]:
        return (theta.reshape(self.shapes[0]),)

    def start(self, mean: np.ndarray) -> np.ndarray:
        """No slope; the intercepts, where there are any, at the classes' frequencies."""
        coef = np.zeros(self.shapes[0])
        if self.first == 0:
            frequency = mean[self.outputs]
            rest = max(1.0 - frequency.sum(), 1e-6)
            coef[:, :, 0] = np.log(np.maximum(frequency, 1e-6) / rest)
        return coef.ravel()

    def widened(self, theta: np.ndarray) -> np.ndarray:
        """These experts have no scale of their own."""
        return theta

    def project(self, theta: np.ndarray) -> np.ndarray:
        return theta

    def log_prob(self, tile: Tile, theta: np.ndarray, out: np.ndarray) -> None:
        (coef,) = self.unpack(theta)
        self.kernels.multinomial_log_prob(tile.X[self.first :], tile.Y[self.outputs], coef, out)

    @property
    def stats_shapes(self) -> tuple[tuple[int, ...], ...]:
        """Score and negative Hessian by classes, and weight, for each expert."""
        k, c, p = self.shapes[0]
        return (k, c, p), (k, c, c, p, p), (k,)

    def sufficient_stats(
        self, tile: Tile, theta: np.ndarray, resp: np.ndarray, stats: list[np.ndarray]
    ) -> None:
        (coef,) = self.unpack(theta)
        self.kernels.multinomial_stats(
            tile.X[self.first :], tile.Y[self.outputs], coef, resp, *stats
        )

    def m_step(self, theta: np.ndarray, stats: list[np.ndarray]) -> np.ndarray:
        score, curvature, _ = stats
        step = newton_step(score.reshape(self.n_experts, -1), block_matrix(curvature))
        return theta + step.ravel()

    def unbounded(self, theta: np.ndarray) -> np.ndarray:
        """What grows without bound where labels are separated."""
        return theta

    def effective_rows(self, stats: list[np.ndarray]) -> np.ndarray:
        return stats[2]

    def at_floor(self, theta: np.ndarray) -> np.ndarray:
        return np.zeros(self.n_experts, dtype=bool)

    def _free_proba(self, tile: Tile, theta: np.ndarray) -> np.ndarray:
        (coef,) = self.unpack(theta)
        logits = coef @ tile.X[self.first :]
        reference = array_module(logits).zeros((self.n_experts, 1, logits.shape[-1]))
        return softmax(np.concatenate([reference, logits], axis=1), axis=1)[:, 1:]

    def score(self, tile: Tile, theta: np.ndarray) -> np.ndarray:
        """Complete-data scores (n_experts, parameters of an expert, n_rows)."""
        X, Y = tile.X[self.first :], tile.Y[self.outputs]
        error = np.where(np.isnan(Y), 0.0, Y - self._free_proba(tile, theta))
        return (error[:, :, None, :] * X).reshape(self.n_experts, -1, X.shape[1])

    def curvature(self, tile: Tile, theta: np.ndarray, resp: np.ndarray) -> np.ndarray:
        """Negative complete-data Hessians, summed with the weights resp (n_experts, P, P)."""
        X, Y = tile.X[self.first :], tile.Y[self.outputs]
        proba = self._free_proba(tile, theta)
        resp = np.where(np.isnan(Y[0]), 0.0, resp)
        return np.stack([softmax_curvature(X, proba[k], resp[k]) for k in range(self.n_experts)])


def softmax_curvature(X: np.ndarray, proba: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Sum of weight (diag(p) - p p') kron x x' over rows: (C p, C p) for proba (C, n_rows)."""
    n_free, p = len(proba), len(X)
    out = array_module(X).empty((n_free, p, n_free, p))
    for c in range(n_free):
        for b in range(n_free):
            out[c, :, b, :] = (X * (weight * proba[c] * ((b == c) - proba[b]))) @ X.T
    return out.reshape(n_free * p, n_free * p)
