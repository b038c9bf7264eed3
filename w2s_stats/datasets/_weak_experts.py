"""Experts of a fitted mixture as plain arrays, and weakened copies of them."""

from __future__ import annotations

import numpy as np

from ._latent_rows import expert_means


def mixture_means(X: np.ndarray, experts: dict[str, np.ndarray], families: list[str]) -> np.ndarray:
    """Return every expert's conditional mean at every row, each output in its own family.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Inputs.
    experts : dict
        Holds ``coef`` (n_experts, n_outputs, n_features) and ``intercept`` (n_experts, n_outputs).
    families : list of {"gaussian", "poisson"}, length n_outputs
        Family of each output.

    Returns
    -------
    ndarray of shape (n_samples, n_experts, n_outputs)
        Means.
    """
    columns = [
        expert_means(X, experts["coef"][:, [o]], experts["intercept"][:, [o]], family)
        for o, family in enumerate(families)
    ]
    return np.concatenate(columns, axis=2)


def weaken_experts(
    X: np.ndarray,
    y: np.ndarray,
    strong: dict[str, np.ndarray],
    families: list[str],
    shift: float,
    shrink: float,
    noise: float,
) -> dict[str, np.ndarray]:
    """Return the weak experts: flattened around the mean of X, and moved up.

    The formula stands in :func:`w2s_stats.datasets.make_concept_shift`.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Inputs.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Strong labels, whose standard deviation is the unit of `shift` for Gaussian experts.
    strong : dict
        Holds ``coef``, ``intercept`` and ``scale``.
    families : list of {"gaussian", "poisson"}, length n_outputs
        Family of each output.
    shift, shrink, noise : float
        `weak_shift`, `weak_shrink` and `weak_noise`.

    Returns
    -------
    dict
        New ``coef``, ``intercept`` and ``scale``.
    """
    n_experts = strong["coef"].shape[0]
    factor = 1.0 - shrink * np.arange(1, n_experts + 1) / n_experts
    coef = factor[:, None, None] * strong["coef"]
    spread = np.std(y.reshape(y.shape[0], -1), axis=0)
    unit = np.where([family == "gaussian" for family in families], spread, 1.0)
    turned = (strong["coef"] - coef) @ X.mean(axis=0)
    return {
        "coef": coef,
        "intercept": strong["intercept"] + turned + shift * unit,
        "scale": noise * strong["scale"],
    }
