"""Matching the experts of two fitted mixtures, and whether their errors let one trust it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from w2s_stats.transfer._matching import (
    Matching,
    margin_of,
    match_experts,
    parameter_cost,
    prediction_cost,
)
from w2s_stats.transfer._stages import Mixture, expert_means

_CHUNK = 1 << 16
# For each draw from the estimates' distribution fewer rows will do.
_DRAWS, _ROWS_OF_A_DRAW = 100, 500
_ONE_SIDED_5_PERCENT = 1.645


@dataclass(frozen=True)
class Comparison:
    """The experts of y' in both mixtures, and the rows of x over which they are compared.

    Attributes
    ----------
    source, target : MixtureOfExpertsRegressor or MixtureOfExpertsClassifier
    label : int
        Which of the source's labels is compared: 1 for y' of (y, y'), 0 for y alone.
    X : ndarray of shape (n_samples, n_features)
    weight : ndarray of shape (n_samples,) or None
    unit : ndarray of shape (n_outputs,) or None
        Unit of each output, so that several of them add up.
    distance : {"prediction", "parameters"}
    """

    source: Mixture
    target: Mixture
    label: int
    X: np.ndarray
    weight: np.ndarray | None
    unit: np.ndarray | None
    distance: str

    def cost(self) -> np.ndarray:
        """Costs between the source's experts (rows) and the target's (columns), theory 6.3."""
        if self.distance == "parameters":
            return parameter_cost(
                self._linear(self.source, self.label), self._linear(self.target, 0)
            )
        weight = np.ones(len(self.X)) if self.weight is None else self.weight
        total = np.zeros((self.source.n_experts, self.target.n_experts))
        for start in range(0, len(self.X), _CHUNK):
            rows = slice(start, start + _CHUNK)
            x, w = np.asarray(self.X[rows], dtype=np.float64), weight[rows]
            means = self._means(self.source, self.label, x), self._means(self.target, 0, x)
            total += w.sum() * prediction_cost(*means, w)
        return total / weight.sum()

    def _columns(self, label: int) -> slice:
        n = self.target._parameters.coef.shape[1]
        return slice(label * n, (label + 1) * n)

    def _linear(self, mixture: Mixture, label: int) -> np.ndarray:
        own = mixture._parameters.columns(self._columns(label))
        return np.concatenate([own.intercept[:, :, None], own.coef], axis=2)

    def _means(self, mixture: Mixture, label: int, X: np.ndarray) -> np.ndarray:
        means = expert_means(mixture, X, self._columns(label), label)
        return means if self.unit is None else means / self.unit[:, None]

    def draws(self, random: np.random.RandomState) -> Iterator[Comparison]:
        """The same, fewer rows, with experts drawn from the estimates' asymptotic distributions."""
        rows = np.linspace(0, len(self.X) - 1, min(_ROWS_OF_A_DRAW, len(self.X))).astype(int)
        weight = None if self.weight is None else self.weight[rows]
        strip = replace(self, X=self.X[rows], weight=weight)
        for source, target in zip(
            _draw_experts(self.source, random), _draw_experts(self.target, random), strict=False
        ):
            yield replace(strip, source=source, target=target)


def match_mixtures(comparison: Comparison, matching: str) -> tuple[Matching, float]:
    """Match, and estimate the standard error of the margin.

    The error is the standard deviation of the margin, the assignment and x held, over experts drawn
    from the asymptotic distributions of the two fits; NaN where a fit has none.
    """
    found = match_experts(comparison.cost(), matching)
    if len(found.cost) == 1:
        return found, 0.0
    # A fixed seed: the draws compute a number, they are no part of the estimator's randomness.
    draws = comparison.draws(np.random.RandomState(0))
    margins = [margin_of(drawn.cost(), found.assignment) for drawn in draws]
    return found, float(np.std(margins)) if margins else np.nan


def is_separated(found: Matching, error: float) -> bool | None:
    """Whether the margin is clear of 0; None where it is positive and its error unknown."""
    if not found.margin > 0:
        return False
    return None if np.isnan(error) else bool(found.margin > _ONE_SIDED_5_PERCENT * error)


def _draw_experts(mixture: Mixture, random: np.random.RandomState) -> Iterator[Mixture]:
    """Mixtures whose experts' coefficients are drawn around the estimates; none if singular."""
    own, covariance = mixture._parameters, mixture.covariance_
    if covariance is None:
        return
    cells = _positions(mixture)
    among = covariance[np.ix_(cells.ravel(), cells.ravel())]
    if np.isnan(among).any():
        return
    values, vectors = np.linalg.eigh(among)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    first = int(mixture.fit_intercept)
    for _ in range(_DRAWS):
        step = (root @ random.standard_normal(len(root))).reshape(cells.shape)
        intercept = own.intercept + step[:, :, 0] if first else own.intercept
        drawn = copy.copy(mixture)
        drawn._set_experts(replace(own, coef=own.coef + step[:, :, first:], intercept=intercept))
        yield drawn


def _positions(mixture: Mixture) -> np.ndarray:
    """Where the covariance has the coefficients: (n_experts, n_columns, n_terms)."""
    n_experts, n_columns, n_features = mixture._parameters.coef.shape
    n_terms = n_features + int(mixture.fit_intercept)
    gaussian = [block.family == "gaussian" for block in mixture._blocks_ for _ in _range(block)]
    lengths = np.tile([n_terms + scale for scale in gaussian], n_experts)
    n_gate = len(mixture.param_names_) - lengths.sum()
    starts = n_gate + np.concatenate([[0], np.cumsum(lengths)[:-1]])
    return starts.reshape(n_experts, n_columns)[:, :, None] + np.arange(n_terms)


def _range(block) -> range:  # type: ignore[no-untyped-def]
    return range(block.start, block.stop)
