"""Strategies for convex classes of functions, and for students that are projections onto them."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from w2s_stats.bounds import ConvexHull, NormBall, project_least_squares, project_onto_hull
from w2s_stats.testing._rows import Size, normalised, probability_rows, real_rows, shapes, size
from w2s_stats.testing._triples import ModelTriple, Rows

_FLOOR = 1e-3
_EXACT = 1e-9


@st.composite
def convex_classes(
    draw: st.DrawFn,
    rows: Rows | None = None,
    *,
    n_rows: Size = None,
    n_columns: Size = None,
    n_heads: Size = None,
) -> ConvexHull:
    """Strategy for convex hulls of a few heads, which may be equal.

    Parameters
    ----------
    rows : callable, default=None
        From (n_rows, n_columns) to a strategy for one head's predictions, as in `model_triples`.
        None: `probability_rows` with a floor of 1e-3.
    n_rows, n_columns : int or strategy of int, default=None
        None: 1 to 8 rows, 2 to 4 columns.
    n_heads : int or strategy of int, default=None
        None: 1 to 4.

    Returns
    -------
    SearchStrategy of ConvexHull

    Examples
    --------
    >>> from hypothesis import given, settings
    >>> import numpy as np
    >>> from w2s_stats.testing.strategies import convex_classes
    >>> @settings(database=None)
    ... @given(convex_classes(n_heads=3))
    ... def test_no_head_is_beyond_the_maximizer(hull):
    ...     direction = np.ones_like(hull.heads[0])
    ...     best = hull.maximizer(direction)
    ...     assert all(np.vdot(direction, head - best) < 1e-12 for head in hull.heads)
    >>> test_no_head_is_beyond_the_maximizer()
    """
    n, k = draw(shapes(n_rows, n_columns, least_columns=2))
    rows = partial(probability_rows, floor=_FLOOR) if rows is None else rows
    K = draw(size("n_heads", n_heads, st.integers(1, 4), 1))
    return ConvexHull([draw(rows(n, k)) for _ in range(K)])


@st.composite
def linear_classes(draw: st.DrawFn, *, n_rows: Size = None, n_features: Size = None) -> NormBall:
    """Strategy for linear heads of bounded norm, on features that may be collinear or zero.

    Parameters
    ----------
    n_rows, n_features : int or strategy of int, default=None
        None: 1 to 8 rows, 1 to 4 features.

    Returns
    -------
    SearchStrategy of NormBall

    Examples
    --------
    >>> from hypothesis import given, settings
    >>> from w2s_stats.testing.strategies import linear_classes
    >>> @settings(database=None)
    ... @given(linear_classes(n_features=2))
    ... def test_shape(ball):
    ...     assert ball.features.shape[1] == 2 and ball.radius > 0
    >>> test_shape()
    """
    features = draw(real_rows(n_rows, n_features, low=-10.0, high=10.0))
    return NormBall(features, radius=draw(st.floats(0.1, 10.0)))


@st.composite
def hull_triples(
    draw: st.DrawFn,
    rows: Rows | None = None,
    divergence: Any = None,
    *,
    n_rows: Size = None,
    n_columns: Size = None,
    n_heads: Size = None,
) -> ModelTriple:
    """Strategy for a truth in the hull of some heads and a student that projects onto it.

    What the misfit-gain inequality asks for (theory 2.2): the student minimises
    E D(student, weak model) over the hull, and the truth, which is also the ceiling, lies in it.

    Parameters
    ----------
    rows, n_rows, n_columns, n_heads
        As in `convex_classes`.
    divergence : Bregman divergence of `w2s_stats.divergences`, default=None
        None: KL. `rows` must lie inside its domain.

    Returns
    -------
    SearchStrategy of ModelTriple
        With `ceiling` and `function_class`. The rare cases are left out in which the projection's
        own certificate does not show it to be exact to nine digits.

    Examples
    --------
    >>> from w2s_stats.bounds import MisfitGain
    >>> from w2s_stats.divergences import KL
    >>> from w2s_stats.testing import check_bound
    >>> from w2s_stats.testing.strategies import hull_triples
    >>> check_bound(MisfitGain(KL(), n_resamples=100), hull_triples(n_rows=3), max_examples=20)
    """
    n, k = draw(shapes(n_rows, n_columns, least_columns=2))
    rows = partial(probability_rows, floor=_FLOOR) if rows is None else rows
    hull = draw(convex_classes(rows, n_rows=n, n_columns=k, n_heads=n_heads))
    weak = draw(rows(n, k))
    found = project_onto_hull(hull.heads, weak, divergence)
    assume(found.gap <= _EXACT * (1 + found.misfit))
    shares = normalised(draw(real_rows(1, len(hull.heads), low=0.0, high=1.0)))[0]
    truth = np.tensordot(shares, hull.heads, axes=1)
    return ModelTriple(weak, found.fitted, truth, ceiling=truth, function_class=hull)


@st.composite
def linear_triples(draw: st.DrawFn, *, n_rows: Size = None, n_features: Size = None) -> ModelTriple:
    """Strategy for a linear truth of bounded norm and a student of least squares on weak labels.

    What the misfit-gain inequality asks for (theory 2.1): the student is the exact projection of
    the weak model onto the heads whose norm does not exceed the truth's, or a larger limit.

    Parameters
    ----------
    n_rows, n_features : int or strategy of int, default=None
        As in `linear_classes`.

    Returns
    -------
    SearchStrategy of ModelTriple
        One-dimensional, with `ceiling` and `function_class`.

    Examples
    --------
    >>> from w2s_stats.bounds import GainCertificate
    >>> from w2s_stats.testing import check_bound
    >>> from w2s_stats.testing.strategies import linear_triples
    >>> def certificate(case):
    ...     return GainCertificate(case.function_class, n_resamples=100)
    >>> check_bound(certificate, linear_triples(), max_examples=20)
    """
    ball = draw(linear_classes(n_rows=n_rows, n_features=n_features))
    n, d = ball.features.shape
    weak = draw(real_rows(n, 1))[:, 0]
    found = project_least_squares(ball.features, weak, radius=ball.radius)
    theta = draw(real_rows(d, 1, low=-1.0, high=1.0))[:, 0]
    truth = ball.features @ (theta * (ball.radius / max(1.0, float(np.linalg.norm(theta)))))
    return ModelTriple(weak, found.fitted, truth, ceiling=truth, function_class=ball)
