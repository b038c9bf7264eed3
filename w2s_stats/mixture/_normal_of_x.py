"""The joint-density gate seen as one more expert: x is an output, the gate is constant."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from w2s_stats._arrays import beside, to_host
from w2s_stats.em import Mixture, Tiles
from w2s_stats.experts import ConstantGate, JointGate, Tile

# A variance along some direction below this share of all rows' is at the gate's floor, or nearly.
_FLAT = 2e-6


@dataclass(frozen=True)
class NormalOfX:
    """x | k ~ N(mean_k, covariance_k), an exponential family in t(x) = (x, x_i x_j for i <= j).

    log p(x | k) = eta_k . t(x) - A(eta_k): the score is t(x) - E_k[t], and the curvature Cov_k[t].
    The parameters eta_k are the gate's coefficients on (x, x_i x_j), but for the common reference.
    """

    n_experts: int
    n_features: int
    # Of the parameters at which they were asked for: they cost more than a strip of rows.
    _spreads: dict[bytes, np.ndarray] = field(default_factory=dict, repr=False, compare=False)

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        d = self.n_features
        return ((self.n_experts, d + d * (d + 1) // 2),)

    @property
    def n_parameters(self) -> int:
        return math.prod(self.shapes[0])

    def unpack(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Means (n_experts, d) and covariances (n_experts, d, d) of natural parameters."""
        d, natural = self.n_features, to_host(theta).reshape(self.shapes[0])
        half = np.zeros((self.n_experts, d, d))
        half[:, *np.triu_indices(d)] = -natural[:, d:]
        covariance = np.linalg.inv(half + half.swapaxes(1, 2))
        return (covariance @ natural[:, :d, None])[:, :, 0], covariance

    def flat(self, theta: np.ndarray) -> np.ndarray:
        """Which experts have x on a plane: no maximum, but where the gate's floor stopped it."""
        return np.linalg.eigvalsh(self.unpack(theta)[1]).min(axis=1, initial=1.0) < _FLAT

    def expected(self, theta: np.ndarray) -> np.ndarray:
        """E_k[t], (n_experts, P)."""
        m, S = self.unpack(theta)
        i, j = np.triu_indices(self.n_features)
        return np.concatenate([m, S[:, i, j] + m[:, i] * m[:, j]], axis=1)

    def spread(self, theta: np.ndarray) -> np.ndarray:
        """Cov_k[t], (n_experts, P, P)."""
        theta = to_host(theta)
        key = theta.tobytes()
        if key not in self._spreads:
            self._spreads[key] = self._isserlis(theta)
        return self._spreads[key]

    def _isserlis(self, theta: np.ndarray) -> np.ndarray:
        """Moments of order four by Isserlis' theorem."""
        m, S = self.unpack(theta)
        i, j = np.triu_indices(self.n_features)
        # Cov(x_a, x_i x_j), and Cov(x_g x_h, x_i x_j) with the pairs (g, h) along the rows.
        mixed = m[:, None, i] * S[:, :, j] + m[:, None, j] * S[:, :, i]
        g, h = i[:, None], j[:, None]
        squares = S[:, g, i] * S[:, h, j] + S[:, g, j] * S[:, h, i]
        for a, b in ((g, h), (h, g)):
            squares += m[:, a] * (m[:, None, i] * S[:, b, j] + m[:, None, j] * S[:, b, i])
        return np.block([[S, mixed], [mixed.swapaxes(1, 2), squares]])

    def log_prob(self, tile: Tile, theta: np.ndarray, out: np.ndarray) -> None:
        """Add log p(x | k) to out, (n_experts, n_rows)."""
        mean, covariance = self.unpack(theta)
        natural = theta.reshape(self.shapes[0])
        log_norm = 0.5 * (natural[:, : self.n_features] * mean).sum(axis=1)
        log_norm += 0.5 * np.linalg.slogdet(2.0 * np.pi * covariance)[1]
        features = tile.gate_X[1:]
        out += beside(natural, features) @ features - beside(log_norm[:, None], features)

    def score(self, tile: Tile, theta: np.ndarray) -> np.ndarray:
        """Complete-data scores (n_experts, P, n_rows)."""
        expected = self.expected(theta)
        return tile.gate_X[1:] - beside(expected[:, :, None], tile.gate_X)

    def curvature(self, tile: Tile, theta: np.ndarray, resp: np.ndarray) -> np.ndarray:
        """Negative complete-data Hessians, summed with the weights resp (n_experts, P, P)."""
        return resp.sum(axis=1)[:, None, None] * beside(self.spread(theta), resp)


def x_as_output(mixture: Mixture, gate: JointGate, theta: np.ndarray) -> tuple[Mixture, np.ndarray]:
    """The same likelihood of (x, y) and the same parameters, the density of x among the experts."""
    tiles = mixture.tiles
    part, _ = mixture.split(theta)
    with_squares = Tiles(
        tiles.X,
        tiles.Y,
        tiles.weight,
        tiles.coordinates,
        quadratic_gate=True,
        n_experts=gate.n_experts,
        kernels=tiles.kernels,
    )
    of_x = NormalOfX(gate.n_experts, gate.n_features)
    experts: Any = (of_x, *mixture.experts)
    twin = Mixture(ConstantGate(gate.n_experts), experts, with_squares, mixture.kernels)
    log_prior, natural = gate.unpack(part)[0], gate.logits(part)[:, 1:]
    of_x.spread(natural)  # once, before threads ask for it
    return twin, np.concatenate([log_prior, natural.ravel(), theta[gate.size :]])
