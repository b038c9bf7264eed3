"""What makes a divergence one."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from hypothesis import strategies as st

from w2s_stats.divergences import KL
from w2s_stats.testing._law import check_instance, demand, for_all
from w2s_stats.testing._rows import probability_rows, real_rows, shapes
from w2s_stats.testing._triples import Rows

# Away from an open end of a domain, and the width that stands for an infinite one.
_MARGIN, _WIDTH = 1e-3, 100.0
_DIFFERENT = 1e-3


def check_divergence(
    divergence: Any,
    rows: Rows | None = None,
    *,
    tolerance: float = 1e-9,
    max_examples: int = 200,
) -> None:
    r"""Check the laws of divergences on generated predictions.

    D(p, q) is a number for each row that other rows have no part in; it is zero at p = q, above
    zero where the two differ, and convex in p. With `potential` and `gradient` it is Bregman's
    (theory 1.5), :math:`D(p, q) = \varphi(p) - \varphi(q) - \langle p - q, \nabla\varphi(q)\rangle`
    (never being negative, it then shows that the gradient is the potential's); with `mean`, that is
    the weighted mean over the rows.

    Parameters
    ----------
    divergence : object
        With ``pointwise(p, q) -> (n_samples,)``; ``potential(p)``, ``gradient(q)`` and
        ``mean(p, q, sample_weight=...)`` are checked where they exist.
    rows : callable, default=None
        From (n_rows, n_columns) to a strategy for p and for q, whose mixtures lie in the domain
        too. None: inside `p_range` and `q_range` of a member of `w2s_stats.divergences.Bregman`.
    tolerance : float, default=1e-9
        Of rounding, relative to the terms that a law adds.
    max_examples : int, default=200
        Generated cases; the same ones in every run of the same code.

    Raises
    ------
    AssertionError
        If a law fails: one sentence that says which, at what numbers, which are the smallest found.
    TypeError
        If `divergence` is a class.
    ValueError
        If `rows` is None and the divergence does not tell its domain.

    Examples
    --------
    >>> from w2s_stats.divergences import KL, Squared
    >>> from w2s_stats.testing import check_divergence
    >>> check_divergence(KL(), max_examples=50)
    >>> class Halved(Squared):
    ...     def gradient(self, q):
    ...         return 0.5 * super().gradient(q)
    >>> check_divergence(Halved())  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    AssertionError: Halved() breaks the law that D(p, q) = phi(p) - phi(q) - <p - q, grad phi(q)>...
    """
    check_instance("divergence", divergence)
    p_rows, q_rows = (rows, rows) if rows is not None else _domain(divergence)
    pairs = shapes(None, None, least_columns=2).flatmap(
        lambda shape: st.tuples(p_rows(*shape), p_rows(*shape), q_rows(*shape))
    )
    law = partial(_check_rows, divergence, tolerance=tolerance)
    for_all(pairs, law, max_examples=max_examples)


def _check_rows(
    divergence: Any, case: tuple[np.ndarray, np.ndarray, np.ndarray], *, tolerance: float
) -> None:
    p, other, q = case
    found = np.asarray(divergence.pointwise(p, q))
    require = partial(demand, subject=divergence, p=p, q=q)
    require(
        found.shape == (len(p),),
        law="pointwise(p, q) has a number for every row",
        shape=found.shape,
    )
    size = 1 + np.abs(p).sum(axis=1) + np.abs(q).sum(axis=1)
    rounding = tolerance * size

    itself = np.asarray(divergence.pointwise(q, q))
    require(bool((np.abs(itself) <= rounding).all()), law="D(q, q) = 0", found=itself)
    require(bool((found >= -rounding).all()), law="D(p, q) >= 0", found=found)
    apart = np.abs(p - q).max(axis=1) > _DIFFERENT * np.maximum(np.abs(p), np.abs(q)).max(axis=1)
    require(bool((found[apart] > 0).all()), law="D(p, q) > 0 where p and q differ", found=found)

    middle, second = divergence.pointwise(0.5 * (p + other), q), divergence.pointwise(other, q)
    chord = 0.5 * (found + second)
    require(
        bool((middle <= chord + tolerance * (size + np.abs(chord))).all()),
        law="D is convex in its first argument, D((p + p')/2, q) <= (D(p, q) + D(p', q))/2",
        other=other,
        middle=middle,
        ends=chord,
    )
    alone = np.concatenate(
        [divergence.pointwise(p[i : i + 1], q[i : i + 1]) for i in range(len(p))]
    )
    require(
        np.allclose(alone, found, rtol=tolerance, atol=tolerance * size.max()),
        law="a row's divergence does not depend on other rows",
        alone=alone,
        together=found,
    )
    if hasattr(divergence, "potential") and hasattr(divergence, "gradient"):
        _check_bregman(divergence, p, q, found, tolerance)
    if hasattr(divergence, "mean"):
        weight = np.arange(1.0, len(p) + 1)
        mean = divergence.mean(p, q, sample_weight=weight)
        expected = np.average(found, weights=weight)
        require(
            np.isclose(mean, expected, rtol=tolerance, atol=tolerance * size.max()),
            law="mean is the weighted mean of pointwise",
            weight=weight,
            mean=mean,
            expected=expected,
        )


def _check_bregman(
    divergence: Any, p: np.ndarray, q: np.ndarray, found: np.ndarray, tolerance: float
) -> None:
    slope = np.asarray(divergence.gradient(q))
    # On the border of the domain, where the gradient is infinite, the definition says nothing.
    inside = np.isfinite(slope).all(axis=1)
    if not inside.any():
        return
    p, q, found, slope = p[inside], q[inside], found[inside], slope[inside]
    at_p, at_q = divergence.potential(p), divergence.potential(q)
    terms = (p - q) * slope
    expected = at_p - at_q - terms.sum(axis=1)
    # What is left of large terms is exact only to the rounding of these.
    size = 1 + np.abs(at_p) + np.abs(at_q) + np.abs(terms).sum(axis=1)
    demand(
        bool((np.abs(found - expected) <= tolerance * size).all()),
        divergence,
        "D(p, q) = phi(p) - phi(q) - <p - q, grad phi(q)>",
        p=p,
        q=q,
        found=found,
        expected=expected,
    )


def _domain(divergence: Any) -> tuple[Rows, Rows]:
    """Strategies for p and q of a member that tells its ranges."""
    if isinstance(divergence, KL):
        return probability_rows, partial(probability_rows, floor=_MARGIN)
    if not (hasattr(divergence, "p_range") and hasattr(divergence, "q_range")):
        raise ValueError(
            f"rows must be given for {type(divergence).__name__}, which has no p_range and q_range."
        )
    return _inside(divergence.p_range), _inside(divergence.q_range)


def _inside(allowed: Any) -> Rows:
    low = max(allowed.low + _MARGIN * allowed.open_low, -_WIDTH)
    high = min(allowed.high - _MARGIN * allowed.open_high, _WIDTH)
    return partial(real_rows, low=low, high=high)
