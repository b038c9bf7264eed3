"""Rows of the latent concept model (theory §6.1): means, gates and draws, given the truth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import expit, softmax

LARGEST_RATE = 1e9


def expert_means(X: np.ndarray, coef: np.ndarray, intercept: np.ndarray, expert: str) -> np.ndarray:
    """Return every expert's conditional mean at every row.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Inputs.
    coef : ndarray of shape (n_experts, n_outputs, n_features)
        Coefficients of the linear predictors.
    intercept : ndarray of shape (n_experts, n_outputs)
        Intercepts.
    expert : {"gaussian", "poisson", "bernoulli", "multinomial"}
        Family; its mean is the predictor, its exponential, the logistic function or the softmax.

    Returns
    -------
    ndarray of shape (n_samples, n_experts, n_outputs)
        Means; class probabilities for "multinomial", P(y = 1) for "bernoulli".
    """
    predictor = np.einsum("nd,kod->nko", X, coef) + intercept
    if expert == "poisson":
        return np.exp(predictor)
    if expert == "bernoulli":
        return expit(predictor)
    return softmax(predictor, axis=2) if expert == "multinomial" else predictor


def gate_probabilities(X: np.ndarray, truth: Mapping[str, Any], prior: np.ndarray) -> np.ndarray:
    """Return p(k|x) proportional to prior_k g(x; eta_k) (theory §6.1).

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Inputs.
    truth : mapping
        Holds ``gate`` and the gate's parameters.
    prior : ndarray of shape (n_experts,)
        Concept prior of one domain; zeros allowed.

    Returns
    -------
    ndarray of shape (n_samples, n_experts)
        Rows sum to one.
    """
    if truth["gate"] == "gaussian":
        root = np.linalg.cholesky(truth["gate_covariance"])
        centred = X[None, :, :] - truth["gate_mean"][:, None, :]
        whitened = np.linalg.solve(root, centred.transpose(0, 2, 1))
        log_det = np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
        log_g = -0.5 * np.square(whitened).sum(axis=1).T - log_det
    else:
        log_g = X @ truth["gate_coef"].T + truth["gate_intercept"]
    with np.errstate(divide="ignore"):
        return softmax(log_g + np.log(prior), axis=1)


def draw_categories(
    rng: np.random.Generator | np.random.RandomState, proba: np.ndarray
) -> np.ndarray:
    """Draw one category for each row of probabilities.

    Parameters
    ----------
    rng : numpy.random.Generator or numpy.random.RandomState
        Source of the draws.
    proba : ndarray of shape (n_samples, n_categories)
        Rows sum to one.

    Returns
    -------
    ndarray of shape (n_samples,)
        Integers in [0, n_categories).
    """
    edges = np.cumsum(proba, axis=1)
    uniform = rng.random(size=(proba.shape[0], 1)) * edges[:, -1:]
    return (uniform >= edges[:, :-1]).sum(axis=1)


def draw_labels(
    rng: np.random.Generator, mean: np.ndarray, scale: np.ndarray | None, expert: str
) -> np.ndarray:
    """Draw labels given each row's conditional mean.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the draws.
    mean : ndarray of shape (n_samples, n_outputs)
        Conditional means as from `expert_means`, one concept a row.
    scale : ndarray of shape (n_samples, n_outputs) or None
        Standard deviations, for Gaussian experts.
    expert : {"gaussian", "poisson", "bernoulli", "multinomial"}
        Family.

    Returns
    -------
    ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Floats for "gaussian" and "poisson", integer classes otherwise.

    Raises
    ------
    ValueError
        If a Poisson mean is above 1e9.
    """
    if expert == "multinomial":
        return draw_categories(rng, mean)
    if expert == "bernoulli":
        return (rng.random(mean.shape[0]) < mean[:, 0]).astype(int)
    if expert == "poisson":
        if mean.size and not mean.max() <= LARGEST_RATE:
            raise ValueError(
                f"expert='poisson' needs mean counts of at most {LARGEST_RATE:.0e}, got "
                f"{mean.max():.3g}: choose smaller coefficients or a smaller weak_shift."
            )
        y = rng.poisson(mean).astype(float)
    else:
        assert scale is not None
        y = mean + scale * rng.standard_normal(mean.shape)
    return y[:, 0] if y.shape[1] == 1 else y


def draw_rows(
    rng: np.random.Generator, truth: Mapping[str, Any], n_samples: int, domain: str
) -> dict[str, np.ndarray]:
    """Draw X, K, Y and Y' of one domain.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the draws.
    truth : mapping
        The parameters.
    n_samples : int
        Number of rows, may be zero.
    domain : {"source", "target"}
        Which prior and which weak experts apply.

    Returns
    -------
    dict
        ``X``, ``concept``, ``y_gold`` and ``y_weak``.
    """
    expert = truth["expert"]
    X = rng.standard_normal((n_samples, truth["coef"].shape[2]))
    concept = draw_categories(rng, gate_probabilities(X, truth, truth[f"{domain}_prior"]))
    rows = np.arange(n_samples)
    drawn = {"X": X, "concept": concept}
    for key, prefix in (("y_gold", ""), ("y_weak", f"{domain}_weak_")):
        means = expert_means(X, truth[f"{prefix}coef"], truth[f"{prefix}intercept"], expert)
        scale = truth[f"{prefix}scale"]
        spread = None if scale is None else scale[concept]
        drawn[key] = draw_labels(rng, means[rows, concept], spread, expert)
    return drawn
