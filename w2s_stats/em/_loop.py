"""The EM loop: vectors in, a vector out. It knows nothing of experts and gates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from w2s_stats.exceptions import LikelihoodFellError

# A mean log-likelihood is a sum of many terms: this much of its size is rounding, not a fall.
_ROUNDING = 1e-12
# Near-singular experts round more than that. A fall below this, at a step halved until it is
# nothing, ends a run that has not shown that it converged; a larger one says that a model is wrong.
_NOISE = 1e-8
_HALVINGS = 40
_MEMORY = 8
_PACE = 20  # accepted steps over which the present pace is taken
_PLAIN_STEPS = 4  # before the first extrapolation: a random start says little about the end


class Step(NamedTuple):
    """What one pass over the data says about a parameter vector."""

    objective: float
    proposal: np.ndarray  # the EM update
    info: Any


@dataclass(frozen=True)
class Trace:
    """Where a run ended and how it got there."""

    theta: np.ndarray
    step: Step
    objectives: np.ndarray  # after every accepted step, not falling but by rounding
    n_iter: int  # passes over the data
    converged: bool


@dataclass
class _Anderson:
    """Anderson acceleration: the combination of past steps with the least squared residual."""

    changes: list[np.ndarray] = field(default_factory=list)
    residual_changes: list[np.ndarray] = field(default_factory=list)
    last: tuple[np.ndarray, np.ndarray] | None = None

    def propose(self, theta: np.ndarray, residual: np.ndarray) -> np.ndarray:
        if self.last is not None:
            self.changes.append(theta - self.last[0])
            self.residual_changes.append(residual - self.last[1])
            del self.changes[:-_MEMORY], self.residual_changes[:-_MEMORY]
        self.last = theta, residual
        if len(self.changes) < 2:
            return theta + residual
        R = np.stack(self.residual_changes, axis=1)
        combination = np.linalg.lstsq(R, residual, rcond=1e-8)[0]
        return theta + residual - (np.stack(self.changes, axis=1) + R) @ combination

    def forget(self) -> None:
        self.changes.clear()
        self.residual_changes.clear()
        self.last = None


def maximise(
    evaluate: Callable[[np.ndarray], Step],
    theta: np.ndarray,
    *,
    tol: float,
    max_iter: int,
    project: Callable[[np.ndarray], np.ndarray] = lambda theta: theta,
    target: float = -np.inf,
) -> Trace:
    """Raise the objective from theta by EM with Anderson acceleration.

    It never falls by more than rounding.

    An extrapolated point is kept only if the objective there is not lower; otherwise the plain EM
    step is taken, and a plain step with a Newton part that overshoots is halved until it rises.
    The run has converged when, along two plain steps, Aitken's estimate of the rise still to come,
    rise * rate / (1 - rate), is below `tol`. It gives up when, rising at its present pace to the
    last pass, it would end below `target`.

    Raises
    ------
    LikelihoodFellError
        If no fraction of an EM step keeps the objective: a sign of an error in a model.
    """
    current = evaluate(theta)
    objectives, n_iter, converged = [current.objective], 1, False
    anderson = _Anderson()
    plain_rises: list[float] = []
    checking = False
    while n_iter < max_iter and not converged:
        if _hopeless(objectives, target, max_iter - n_iter):
            break
        rounding = _ROUNDING * (1.0 + abs(current.objective))
        accelerate = not checking and n_iter >= _PLAIN_STEPS
        residual = current.proposal - theta
        candidate = project(anderson.propose(theta, residual)) if accelerate else current.proposal
        step = evaluate(candidate)
        n_iter += 1
        if accelerate and not step.objective >= current.objective:
            anderson.forget()
            candidate = current.proposal
            step = evaluate(candidate)
            n_iter += 1
        for _ in range(_HALVINGS):
            if step.objective >= current.objective - rounding:
                break
            candidate = project(0.5 * (theta + candidate))
            step = evaluate(candidate)
            n_iter += 1
        else:
            if not step.objective >= current.objective - _NOISE * (1.0 + abs(current.objective)):
                raise LikelihoodFellError(current.objective, step.objective, n_iter)
            break
        rise = step.objective - current.objective
        theta, current = candidate, step
        objectives.append(step.objective)
        if checking:
            plain_rises.append(rise)
            if len(plain_rises) == 2:
                converged = _remaining(plain_rises, rounding) <= tol
                checking = False
        elif rise <= tol:
            checking, plain_rises = True, []
    return Trace(theta, current, np.array(objectives), n_iter, converged)


def _hopeless(objectives: list[float], target: float, passes_left: int) -> bool:
    if len(objectives) <= _PACE:
        return False
    pace = (objectives[-1] - objectives[-1 - _PACE]) / _PACE
    return objectives[-1] + passes_left * pace < target


def _remaining(rises: list[float], rounding: float) -> float:
    """Aitken's estimate of the rise that is left after two rises."""
    first, second = rises
    if second <= rounding * 1e-2:
        return 0.0
    rate = second / first if first > 0 else 1.0
    return second * rate / (1.0 - rate) if rate < 1.0 else np.inf
