"""Gates: p(k | x), theory 6.1 and 6.2."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from w2s_stats._arrays import array_module
from w2s_stats.experts._multinomial import softmax_curvature
from w2s_stats.experts._newton import block_matrix, newton_step
from w2s_stats.experts._tile import Tile


class PriorGate:
    """What gates share that have no slopes: their logits move by the experts' prior log-odds."""

    n_experts: int

    @property
    def size(self) -> int:
        """Length of the parameter vector: a number an expert, of which only differences count."""
        return self.n_experts

    @property
    def n_parameters(self) -> int:
        return self.n_experts - 1

    def penalty(self, theta: np.ndarray) -> float:
        return 0.0

    def penalty_curvature(self) -> float | np.ndarray:
        return 0.0

    def unbounded(self, theta: np.ndarray) -> np.ndarray:
        """None of its parameters grows without bound where experts are separated."""
        return np.zeros(0)

    def free_features(self, tile: Tile) -> np.ndarray:
        """What the free coefficients of the gate's logits multiply: the row of ones alone."""
        return tile.gate_X[:1]


@dataclass(frozen=True)
class ConstantGate(PriorGate):
    """p(k | x) = pi_k; parameters log pi."""

    n_experts: int

    def start(self) -> np.ndarray:
        return np.full(self.n_experts, -np.log(self.n_experts))

    def log_prior(self, theta: np.ndarray) -> np.ndarray:
        return theta - np.logaddexp.reduce(theta)

    def log_prob(self, tile: Tile, theta: np.ndarray, out: np.ndarray) -> np.ndarray:
        """One column, which stands for every row."""
        return self.log_prior(theta)[:, None]

    @property
    def stats_shapes(self) -> tuple[tuple[int, ...], ...]:
        """The experts' weights."""
        return ((self.n_experts,),)

    def sufficient_stats(
        self,
        tile: Tile,
        theta: np.ndarray,
        log_prob: np.ndarray,
        resp: np.ndarray,
        stats: list[np.ndarray],
    ) -> None:
        count = stats[0]
        count += resp @ tile.X[0]  # the row of ones: BLAS adds faster than a sum along an axis

    def m_step(self, theta: np.ndarray, stats: list[np.ndarray]) -> np.ndarray:
        (count,) = stats
        return np.log(np.maximum(count, 1e-300) / count.sum())


@dataclass(frozen=True)
class SoftmaxGate:
    """log p(k | x) = coef[k] @ x + const, coef[0] = 0; the Gaussian gate on features of degree two.

    The objective is the log-likelihood minus penalty/2 times the sum of squares of the slopes
    around their mean over experts, so that it does not depend on which expert is the reference.
    """

    kernels: ModuleType
    n_experts: int
    n_features: int
    penalty_strength: float = 0.0

    @property
    def size(self) -> int:
        return self.n_experts * self.n_features

    @property
    def n_parameters(self) -> int:
        return (self.n_experts - 1) * self.n_features

    def start(self) -> np.ndarray:
        return np.zeros(self.size)

    def unpack(self, theta: np.ndarray) -> np.ndarray:
        return theta.reshape(self.n_experts, self.n_features)

    def log_prob(self, tile: Tile, theta: np.ndarray, out: np.ndarray) -> np.ndarray:
        self.kernels.softmax_log_prob(tile.gate_X, self.unpack(theta), out)
        return out

    @property
    def stats_shapes(self) -> tuple[tuple[int, ...], ...]:
        """Score, and negative Hessian by experts."""
        k, q = self.n_experts, self.n_features
        return (k, q), (k, k, q, q)

    def sufficient_stats(
        self,
        tile: Tile,
        theta: np.ndarray,
        log_prob: np.ndarray,
        resp: np.ndarray,
        stats: list[np.ndarray],
    ) -> None:
        self.kernels.softmax_stats(tile.gate_X, log_prob, resp, *stats)

    def m_step(self, theta: np.ndarray, stats: list[np.ndarray]) -> np.ndarray:
        """One Newton step; the loop halves it should the objective fall."""
        score, curvature = stats
        free = theta.reshape(self.n_experts, -1)[1:].ravel()
        pull = self.penalty_curvature()
        right = score[1:].ravel() - pull @ free
        step = newton_step(right[None], (block_matrix(curvature[1:, 1:]) + pull)[None])
        moved = theta.copy()
        moved[self.n_features :] += step.ravel()
        return moved

    def penalty_curvature(self) -> np.ndarray:
        """Hessian of the penalty in the free coefficients; the intercepts go free."""
        k, q = self.n_experts - 1, self.n_features
        if self.penalty_strength == 0.0:
            return np.zeros((k * q, k * q))
        slopes = np.diag(np.arange(q) > 0).astype(float)
        return self.penalty_strength * np.kron(np.eye(k) - 1.0 / (k + 1), slopes)

    def penalty(self, theta: np.ndarray) -> float:
        if self.penalty_strength == 0.0:
            return 0.0
        slopes = self.unpack(theta)[:, 1:]
        return 0.5 * self.penalty_strength * float(((slopes - slopes.mean(axis=0)) ** 2).sum())

    def unbounded(self, theta: np.ndarray) -> np.ndarray:
        """What grows without bound where experts are separated."""
        return theta

    def free_features(self, tile: Tile) -> np.ndarray:
        return tile.gate_X


@dataclass(frozen=True)
class TiedGate(PriorGate):
    """q(k | x) = rho_k p(k | x) / sum_j rho_j p(j | x) with p given; parameters log rho.

    Theory 6.1: the target's gate is the source's with another prior. `coef` are the source's gate
    coefficients on the tile's gate features.
    """

    kernels: ModuleType
    coef: np.ndarray

    @property
    def n_experts(self) -> int:  # type: ignore[override]
        return len(self.coef)

    def start(self) -> np.ndarray:
        return np.zeros(self.n_experts)

    def log_prob(self, tile: Tile, theta: np.ndarray, out: np.ndarray) -> np.ndarray:
        coef = self.coef.copy()
        coef[:, 0] += theta
        self.kernels.softmax_log_prob(tile.gate_X, coef, out)
        return out

    @property
    def stats_shapes(self) -> tuple[tuple[int, ...], ...]:
        """The experts' weights, and what the gate expects them to be."""
        return (self.n_experts,), (self.n_experts,)

    def sufficient_stats(
        self,
        tile: Tile,
        theta: np.ndarray,
        log_prob: np.ndarray,
        resp: np.ndarray,
        stats: list[np.ndarray],
    ) -> None:
        count, expected = stats
        count += resp @ tile.X[0]
        expected += np.exp(log_prob) @ tile.weight

    def m_step(self, theta: np.ndarray, stats: list[np.ndarray]) -> np.ndarray:
        """log rho_k += log(sum_i r_ik / sum_i q(k | x_i)), theory 6.2: never a fall."""
        count, expected = stats
        moved = theta + np.log(np.maximum(count, 1e-300) / np.maximum(expected, 1e-300))
        return moved - np.logaddexp.reduce(moved)


def gate_score(gate: PriorGate | SoftmaxGate, tile: Tile, proba: np.ndarray) -> np.ndarray:
    """Complete-data scores of the free gate coefficients, (n_experts, P, n_rows).

    In expert k's row of classes c = 1, 2, ...: (1[c = k] - p_c) x.
    """
    X = gate.free_features(tile)
    n_experts, n_rows = proba.shape
    error = array_module(proba).eye(n_experts)[:, 1:, None] - proba[None, 1:]
    return (error[:, :, None, :] * X).reshape(n_experts, -1, n_rows)


def gate_curvature(gate: PriorGate | SoftmaxGate, tile: Tile, proba: np.ndarray) -> np.ndarray:
    """Negative Hessian of the gate's complete-data log-likelihood, summed over rows."""
    return softmax_curvature(gate.free_features(tile), proba[1:], tile.weight)
