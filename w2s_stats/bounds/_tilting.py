"""The largest mean of a score over truths near the weak model: Gibbs' principle, theory 9.2."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from w2s_stats.bounds._log_ratio import distributions, log_ratio, row_kl
from w2s_stats.bounds._rows import blocks

# exp of it is zero, and it times zero is not NaN.
_FAR = -800.0
# Relative, of what is spent of the budget; the dual's own error is its square.
_TOLERANCE = 1e-10
_NARROW = 1e-13
_MOST_STEPS = 100


class Tilted(NamedTuple):
    """sup of E sum_j F_j r_j over distributions F with E KL(F || w) <= budget.

    Attributes
    ----------
    value : float
        multiplier * budget + mean of `rows`.
    multiplier : float
        The minimising lambda; 0 where the budget does not bind, inf where it is 0.
    rows : ndarray of shape (n_samples,)
        lambda log sum_j w_j exp(r_j / lambda).
    """

    value: float
    multiplier: float
    rows: np.ndarray


def tilted_supremum(
    weak: np.ndarray,
    student: np.ndarray,
    budget: float,
    weight: np.ndarray | None = None,
    *,
    sign: int = 1,
) -> Tilted:
    """Supremum for the score r = sign * log(s / w): inf over lambda of the convex dual.

    Its derivative in lambda is budget - E KL(F_lambda || w), F_lambda ~ w exp(r / lambda): a root
    is sought, and the value is a limit at any lambda, where it errs by the square of the root's.

    Parameters
    ----------
    weak, student : ndarray of shape (n_samples, n_classes)
    budget : float
        >= 0.
    weight : ndarray of shape (n_samples,) or None
        > 0.
    sign : {1, -1}

    Returns
    -------
    Tilted
    """
    scores = _Scores(weak, student, weight, sign)
    top, spent, linear, variance, least = scores.extremes()
    if np.isinf(scores.mean(top)):
        return Tilted(scores.mean(top), 0.0, top)
    if budget == 0:
        return Tilted(scores.mean(linear), np.inf, linear)
    if scores.mean(spent) <= budget:
        return Tilted(scores.mean(top), 0.0, top)
    if scores.mean(least) > budget:
        # No truth within the budget avoids all classes of score -inf.
        return Tilted(-np.inf, np.inf, np.full(len(top), -np.inf))

    # A small tilt costs variance / (2 lambda^2).
    guess = np.sqrt(scores.mean(variance) / (2 * budget))
    multiplier, rows = scores.spend(budget, float(guess) if 0 < guess < np.inf else 1.0)
    return Tilted(multiplier * budget + scores.mean(rows), multiplier, rows)


class _Scores:
    """Passes over blocks of r = sign * log(s / w) where w > 0; other classes cost infinitely."""

    def __init__(
        self, weak: np.ndarray, student: np.ndarray, weight: np.ndarray | None, sign: int
    ) -> None:
        self.weak, self.student, self.weight, self.sign = weak, student, weight, sign

    def mean(self, rows: np.ndarray) -> float:
        return float(np.average(rows, weights=self.weight))

    def extremes(self) -> np.ndarray:
        """Per row: max r and its cost, mean and variance of r under w, the cost of r > -inf."""
        out = np.empty((5, len(self.weak)))
        for block in blocks(*self.weak.shape):
            w, r = self._block(block)
            top = r.max(axis=1)
            with np.errstate(invalid="ignore"):
                linear = np.multiply(w, r, out=np.zeros_like(r), where=w > 0).sum(axis=1)
                spread = (w * (np.maximum(r, _FAR) - linear[:, None]) ** 2).sum(axis=1)
            spent, least = _cost(w, r == top[:, None]), _cost(w, (r > -np.inf) | (w == 0))
            out[:, block] = top, spent, linear, spread, least
        return out

    def spend(self, budget: float, multiplier: float) -> tuple[float, np.ndarray]:
        """Lambda at which E KL(F_lambda || w) is the budget, and the rows of the dual there.

        Newton's method for log E KL as a function of log lambda, which is a line of slope -2 for
        small tilts and in general has slope -E Var(r / lambda) / E KL; kept between known sides.
        """
        low, high = -np.inf, np.inf
        x = np.log(multiplier)
        for _ in range(_MOST_STEPS):
            multiplier = float(np.exp(x))
            rows, cost, spread = self.tilted(multiplier)
            spent = self.mean(cost)
            low, high = (x, high) if spent > budget else (low, x)
            if abs(spent - budget) <= _TOLERANCE * budget or high - low <= _NARROW:
                break
            step = -np.inf
            if spent > 0:
                slope = max(self.mean(spread) / spent, 1e-300)
                step = np.log(spent / budget) / slope
            x += np.clip(step, -3.0, 3.0)
            if not low < x < high:
                x = (low + high) / 2
        return multiplier, rows

    def tilted(self, multiplier: float) -> np.ndarray:
        """Per row: lambda log sum w exp(r / lambda), KL(F_lambda || w), variance of r / lambda."""
        out = np.empty((3, len(self.weak)))
        for block in blocks(*self.weak.shape):
            w, r = self._block(block)
            top = r.max(axis=1)
            u = r
            with np.errstate(invalid="ignore"):
                u -= top[:, None]
            u /= multiplier
            np.maximum(u, _FAR, out=u)
            tilt = w * np.exp(u)
            total = tilt.sum(axis=1)
            # Each form of the logarithm where it is the exact one.
            with np.errstate(divide="ignore"):
                near = np.log1p((w * np.expm1(u)).sum(axis=1))
            log_sum = np.where(total > 0.5, near, np.log(total))
            tilt /= total[:, None]
            cost = row_kl(tilt, w, log_sum[:, None] - u)
            u -= (tilt * u).sum(axis=1)[:, None]
            spread = (tilt * u * u).sum(axis=1)
            out[:, block] = top + multiplier * log_sum, cost, spread
        return out

    def _block(self, block: slice) -> tuple[np.ndarray, np.ndarray]:
        w, s = distributions(self.weak[block]), distributions(self.student[block])
        r = log_ratio(w, s)
        r *= self.sign
        r[w == 0] = -np.inf
        return w, r


def _cost(w: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """KL(w given the kept classes || w) = -log w(kept) of every row, 0 where all are kept."""
    with np.errstate(divide="ignore"):
        lost = np.log1p(-np.where(kept, 0.0, w).sum(axis=1).clip(max=1.0))
        mass = np.where(kept, w, 0.0).sum(axis=1)
        return -np.where(mass > 0.5, lost, np.log(mass))
