"""What refinement does to weak labels and to the frequencies of concepts (theory 6.6)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_stats.datasets._latent_rows import draw_categories
from w2s_stats.transfer._posterior import (
    concept_posterior,
    draw_labels,
    label_log_density,
)
from w2s_stats.transfer._stages import Mixture

# Draws of v for a column of the confusion matrix: standard errors below 0.004.
_DRAWS = 20_000


@dataclass(frozen=True)
class Refinement:
    """Refine labels by the source's mixture, given one weak label or a context of several.

    Attributes
    ----------
    source : MixtureOfExpertsRegressor or MixtureOfExpertsClassifier
        Fitted to (y, y').
    n_columns : int
        Columns of a label as experts see it.
    n_context : int or None
        Pairs (x_j, y'_j) in a context; None refines each label given itself alone.
    """

    source: Mixture
    n_columns: int
    n_context: int | None

    def posterior(
        self, X: np.ndarray, W: np.ndarray, weight: np.ndarray, random: np.random.RandomState
    ) -> np.ndarray:
        """p(k | x, v): v the row's own y', or pairs drawn from all rows by their weights."""
        log_density = label_log_density(self.source, X, W, 1)
        if self.n_context is not None:
            own, log_density = log_density, np.zeros_like(log_density)
            for _ in range(self.n_context):
                log_density += own[_draw_rows(weight, len(X), random)]
        return concept_posterior(self.source, X, log_density)

    def refine(
        self, X: np.ndarray, posterior: np.ndarray, random: np.random.RandomState
    ) -> np.ndarray:
        """Draw a label from sum_k p(k | x, v) phi(y; x, theta_k)."""
        concept = draw_categories(random, posterior)
        return draw_labels(self.source, X, concept, self.n_columns, random)

    def confusion(
        self,
        target: Mixture,
        assignment: np.ndarray,
        X: np.ndarray,
        weight: np.ndarray,
        random: np.random.RandomState,
    ) -> np.ndarray:
        """Proposition 3.2: the mean over x and v of p(k | x, v), v drawn with theta^wq_k'.

        Returns
        -------
        ndarray of shape (n_experts, n_experts)
            Row k': concept that v comes from; column k: concept it is refined to. Rows sum to one.
        """

        def draw_x() -> np.ndarray:
            return X[_draw_rows(weight, _DRAWS, random)]

        x = draw_x()
        out = np.empty((len(assignment), len(assignment)))
        for k, expert in enumerate(assignment):
            log_density = np.zeros((_DRAWS, len(assignment)))
            for _ in range(self.n_context or 1):
                at = x if self.n_context is None else draw_x()
                log_density += self._density_of_draws(target, expert, at, random)
            out[k] = concept_posterior(self.source, x, log_density).mean(axis=0)
        return out

    def _density_of_draws(
        self, target: Mixture, expert: int, X: np.ndarray, random: np.random.RandomState
    ) -> np.ndarray:
        concept = np.full(len(X), expert)
        W = draw_labels(target, X, concept, self.n_columns, random)
        return label_log_density(self.source, X, W, 1)


def _draw_rows(weight: np.ndarray, size: int, random: np.random.RandomState) -> np.ndarray:
    return random.choice(len(weight), size=size, p=weight / weight.sum())
