"""How many rows of each concept move to the target, and which."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._arguments import check_count, check_prior, check_real
from ._latent_truth import triangular_prior

_KEPT_SHARE = 0.2


def count_target(target_size: Any, n_samples: int) -> int:
    """Return the number of target rows that `target_size` asks for.

    Parameters
    ----------
    target_size : float in (0, 1) or int in [1, n_samples - 1]
        Share or number of rows.
    n_samples : int
        Rows in all.

    Returns
    -------
    int
        At least one, and fewer than `n_samples`.

    Raises
    ------
    ValueError
        If `target_size` is out of range.
    """
    accepted = f"a share in (0, 1) or an integer from 1 to {n_samples - 1}"
    try:
        if isinstance(target_size, float | np.floating):
            share = check_real(target_size, "target_size", positive=True)
            n_target = round(share * n_samples) if share < 1 else n_samples
        else:
            n_target = check_count(target_size, "target_size", 1)
    except ValueError:
        n_target = 0
    if not 1 <= n_target < n_samples:
        raise ValueError(f"target_size must be {accepted}, got {target_size!r}.")
    return n_target


def choose_target_prior(counts: np.ndarray, n_target: int) -> np.ndarray:
    """Return the strongest default shift that the rows allow.

    On the way from the pool's frequencies to probabilities that rise as the triangular numbers
    (for two concepts .25 and .75), go as far as leaves a fifth of every concept's rows in the
    source.

    Parameters
    ----------
    counts : ndarray of shape (n_experts,)
        Rows of each concept in the pool.
    n_target : int
        Target rows.

    Returns
    -------
    ndarray of shape (n_experts,)
        Concept probabilities of the target.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.datasets._split import choose_target_prior
    >>> choose_target_prior(np.array([70, 30]), 50).round(2)
    array([0.52, 0.48])
    """
    frequencies = counts / counts.sum()
    step = triangular_prior(counts.size)[::-1] - frequencies
    limit = (1 - _KEPT_SHARE) * counts / n_target - frequencies
    rising = step > 0
    length = min(1.0, (limit[rising] / step[rising]).min()) if rising.any() else 0.0
    return frequencies + max(0.0, length) * step


def set_quotas(counts: np.ndarray, n_target: int, target_prior: np.ndarray) -> np.ndarray:
    """Round n_target times the prior to whole rows, by largest remainders.

    Parameters
    ----------
    counts : ndarray of shape (n_experts,)
        Rows of each concept in the pool.
    n_target : int
        Target rows.
    target_prior : ndarray of shape (n_experts,)
        Wanted concept probabilities of the target.

    Returns
    -------
    ndarray of int, shape (n_experts,)
        Target rows of each concept; they sum to `n_target`.

    Raises
    ------
    ValueError
        If a concept has too few rows for its quota and one to stay in the source.
    """
    wanted = n_target * target_prior
    quotas = np.floor(wanted).astype(int)
    first = np.argsort(quotas - wanted, kind="stable")
    quotas[first[: n_target - quotas.sum()]] += 1
    short = np.flatnonzero(quotas > counts - 1)
    if short.size:
        k = short[0]
        with np.errstate(divide="ignore"):
            largest = int(np.min((counts - 1) / target_prior))
        raise ValueError(
            f"target_prior asks for {quotas[k]} target rows of concept {k}, but {counts[k]} rows "
            f"carry it and one must stay in the source; with this prior accepted is a "
            f"target_size of at most {largest} rows."
        )
    return quotas


def split_by_concept(
    rng: np.random.Generator,
    concept: np.ndarray,
    n_experts: int,
    n_target: int,
    target_prior: ArrayLike | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Choose the target rows: fixed numbers of each concept, at random within it.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the draws.
    concept : ndarray of int, shape (n_samples,)
        Each row's concept.
    n_experts : int
        Number of concepts.
    n_target : int
        Target rows.
    target_prior : array-like of shape (n_experts,) or None
        Wanted concept probabilities of the target; None as in `choose_target_prior`.

    Returns
    -------
    in_target : ndarray of bool, shape (n_samples,)
        Membership.
    target_prior : ndarray of shape (n_experts,)
        The prior that was aimed at.

    Raises
    ------
    ValueError
        If the prior is none, or the rows do not suffice.
    """
    counts = np.bincount(concept, minlength=n_experts)
    if counts.min() < 2:
        k = int(counts.argmin())
        raise ValueError(
            f"mixture gives concept {k} only {counts[k]} of the {concept.size} rows, and at least "
            "2 are needed, one for each domain: fit fewer experts or pass more rows."
        )
    if target_prior is None:
        prior = choose_target_prior(counts, n_target)
    else:
        prior = check_prior(target_prior, "target_prior", n_experts, positive=False)
    quotas = set_quotas(counts, n_target, prior)
    in_target = np.zeros(concept.size, dtype=bool)
    for k, quota in enumerate(quotas):
        in_target[rng.choice(np.flatnonzero(concept == k), size=quota, replace=False)] = True
    return in_target, prior
