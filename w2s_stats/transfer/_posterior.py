"""A label given its concept, and the concept given labels: densities, draws (theory 6.6)."""

from __future__ import annotations

import numpy as np
from scipy.special import log_softmax, softmax

from w2s_stats.datasets._latent_rows import draw_categories
from w2s_stats.mixture import MixtureOfExpertsClassifier
from w2s_stats.transfer._stages import Mixture, expert_means


def label_log_density(mixture: Mixture, X: np.ndarray, Y: np.ndarray, label: int) -> np.ndarray:
    """log phi(y; x, theta_k) of one of a mixture's labels, less what is the same for all k.

    Kept apart from the gate and not exponentiated: products over many pairs (x, y) stay finite.

    Parameters
    ----------
    mixture : MixtureOfExpertsRegressor or MixtureOfExpertsClassifier
    X : ndarray of shape (n_samples, n_features)
    Y : ndarray of shape (n_samples, n_columns)
        The label as experts see it, NaN where missing (which says nothing).
    label : int
        0 for y, 1 for y'.

    Returns
    -------
    ndarray of shape (n_samples, n_experts)
    """
    n_columns = Y.shape[1]
    columns = slice(label * n_columns, (label + 1) * n_columns)
    own = mixture._parameters.columns(columns)
    eta = own.coef @ np.asarray(X, dtype=np.float64).T + own.intercept[:, :, None]
    y = Y.T[None]
    if isinstance(mixture, MixtureOfExpertsClassifier):
        log_proba = log_softmax(np.insert(eta, 0, 0.0, axis=1), axis=1)
        terms = np.insert(y, 0, 1.0 - y.sum(axis=1), axis=1) * log_proba
    else:
        terms = np.empty_like(eta)
        for m, family in enumerate(mixture._fitted_families()[columns]):
            if family == "poisson":
                terms[:, m] = y[:, m] * eta[:, m] - np.exp(eta[:, m])
            else:
                scale = own.scale[:, m, None]
                terms[:, m] = -0.5 * ((y[:, m] - eta[:, m]) / scale) ** 2 - np.log(scale)
    return np.nansum(terms, axis=1).T


def concept_posterior(mixture: Mixture, X: np.ndarray, log_density: np.ndarray) -> np.ndarray:
    """p(k | x, v), proportional to p(k | x) times the density of v: (n_samples, n_experts)."""
    with np.errstate(divide="ignore"):
        log_gate = np.log(mixture._gate_proba(np.asarray(X, dtype=np.float64)))
    return softmax(log_gate + log_density, axis=1)


def draw_labels(
    mixture: Mixture,
    X: np.ndarray,
    concept: np.ndarray,
    n_columns: int,
    random: np.random.RandomState,
) -> np.ndarray:
    """Draw a mixture's first label given x and the concept.

    Returns
    -------
    ndarray of shape (n_samples, n_columns)
        As experts see labels: real columns, or 0 and 1 for the classes but the first.
    """
    X, rows = np.asarray(X, dtype=np.float64), np.arange(len(X))
    if isinstance(mixture, MixtureOfExpertsClassifier):
        proba = mixture._expert_proba(X)[concept, :, rows]
        return np.eye(proba.shape[1])[draw_categories(random, proba)][:, 1:]
    Y = expert_means(mixture, X, slice(0, n_columns))[concept, :, rows]
    families = mixture._fitted_families()
    for m in range(n_columns):
        if families[m] == "poisson":
            Y[:, m] = random.poisson(Y[:, m])
        else:
            Y[:, m] = random.normal(Y[:, m], mixture.scale_[concept, m])
    return Y
