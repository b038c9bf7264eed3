"""Parameters of the latent concept model (theory §6.1), drawn before any row is."""

from __future__ import annotations

from typing import Any

import numpy as np

SEPARATION = {"gaussian": 2.0, "poisson": 1.5, "bernoulli": 4.0, "multinomial": 4.0}
TRUTH_KEYS = (
    "expert",
    "gate",
    "n_classes",
    "coef",
    "intercept",
    "scale",
    "source_weak_coef",
    "source_weak_intercept",
    "source_weak_scale",
    "target_weak_coef",
    "target_weak_intercept",
    "target_weak_scale",
    "gate_coef",
    "gate_intercept",
    "gate_mean",
    "gate_covariance",
    "source_prior",
    "target_prior",
)


def triangular_prior(n_experts: int) -> np.ndarray:
    """Return falling concept probabilities proportional to the triangular numbers.

    For three concepts they are .6, .3, .1; the default target prior is the reverse.

    Parameters
    ----------
    n_experts : int
        Number of concepts.

    Returns
    -------
    ndarray of shape (n_experts,)
        Probabilities, largest first.

    Examples
    --------
    >>> from w2s_stats.datasets._latent_truth import triangular_prior
    >>> triangular_prior(3)
    array([0.6, 0.3, 0.1])
    """
    rank = np.arange(n_experts, 0, -1)
    weight = rank * (rank + 1) / 2
    return weight / weight.sum()


def draw_directions(rng: np.random.Generator, n_rows: int, size: int) -> np.ndarray:
    """Draw unit vectors: orthogonal to each other where the space has room for them.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the draws.
    n_rows : int
        Number of vectors.
    size : int
        Their length.

    Returns
    -------
    ndarray of shape (n_rows, size)
        Orthonormal rows if ``n_rows <= size``, else independent rows of norm one.
    """
    normal = rng.standard_normal((n_rows, size))
    if n_rows > size:
        return normal / np.linalg.norm(normal, axis=1, keepdims=True)
    q, r = np.linalg.qr(normal.T)
    return (q * np.sign(np.diag(r))).T


def _draw_predictors(
    rng: np.random.Generator, n_experts: int, n_rows: int, n_features: int
) -> np.ndarray:
    """Draw [coef, intercept] of linear predictors with mean square one over X ~ N(0, I)."""
    size = n_rows * (n_features + 1)
    drawn = np.sqrt(n_rows) * draw_directions(rng, n_experts, size)
    return drawn.reshape(n_experts, n_rows, n_features + 1)


def _draw_gate(
    rng: np.random.Generator, gate: str, n_experts: int, n_features: int, gate_scale: float
) -> dict[str, Any]:
    """Draw the parameters of the gate function g(x; eta_k)."""
    none = dict.fromkeys(("gate_coef", "gate_intercept", "gate_mean", "gate_covariance"))
    directions = gate_scale * draw_directions(rng, n_experts, n_features)
    if gate == "gaussian":
        axes = rng.standard_normal((n_experts, n_features, n_features))
        axes = np.linalg.qr(axes)[0]
        variances = rng.uniform(0.6, 1.6, (n_experts, n_features))
        covariance = np.einsum("kij,kj,klj->kil", axes, variances, axes)
        return none | {"gate_mean": directions, "gate_covariance": covariance}
    coef = np.zeros((n_experts, n_features))
    if gate == "softmax":
        coef[1:] = directions[1:]
    return none | {"gate_coef": coef, "gate_intercept": np.zeros(n_experts)}


def draw_truth(
    rng: np.random.Generator,
    *,
    n_features: int,
    n_experts: int,
    expert: str,
    gate: str,
    n_outputs: int,
    n_classes: int | None,
    separation: float,
    noise: float,
    weak_shift: float,
    weak_drift: float,
    weak_noise: float,
    gate_scale: float,
) -> dict[str, Any]:
    """Draw strong experts, weak experts of both domains, and the gate.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the draws; they do not depend on any number of rows.
    n_features, n_experts, n_outputs : int
        Sizes.
    expert, gate : str
        Families.
    n_classes : int or None
        Number of classes for logistic experts.
    separation, noise, weak_shift, weak_drift, weak_noise, gate_scale : float
        As in :func:`w2s_stats.datasets.make_latent_concept_shift`.

    Returns
    -------
    dict
        The truth's entries, all but the priors.
    """
    n_rows = n_classes - 1 if expert == "multinomial" and n_classes else n_outputs
    shape = (n_experts, n_rows, n_features)
    strong = separation / np.sqrt(2.0) * _draw_predictors(rng, *shape)
    source_weak = strong + weak_shift * _draw_predictors(rng, *shape)
    target_weak = source_weak + weak_drift * _draw_predictors(rng, *shape)
    truth: dict[str, Any] = {"expert": expert, "gate": gate, "n_classes": n_classes}
    for prefix, predictor, spread in (
        ("", strong, noise),
        ("source_weak_", source_weak, weak_noise),
        ("target_weak_", target_weak, weak_noise),
    ):
        if expert == "multinomial":  # the first class is the reference
            predictor = np.pad(predictor, ((0, 0), (1, 0), (0, 0)))
        scale = np.full((n_experts, n_outputs), spread) if expert == "gaussian" else None
        truth[f"{prefix}coef"] = predictor[:, :, :-1].copy()
        truth[f"{prefix}intercept"] = predictor[:, :, -1] + (1.0 if expert == "poisson" else 0.0)
        truth[f"{prefix}scale"] = scale
    return truth | _draw_gate(rng, gate, n_experts, n_features, gate_scale)
