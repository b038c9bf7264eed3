"""What a mixture of few heads loses against a convex class (theory 2.3)."""

from __future__ import annotations

from math import inf, sqrt

from w2s_stats._validation import check_integer
from w2s_stats.bounds._parameters import check_floor


def heads_correction(n_heads: int, gamma: float, *, n_classes: int = 2) -> float:
    """Most by which the gain of a mixture of k softmax heads falls short of its misfit.

    (c - 1)/k + sqrt(2 (1 - gamma)(c - 1) / (gamma k)) with k heads and c classes (theory 2.3), for
    reverse-KL training to the global minimum and a truth in the closed convex hull of heads. The
    constants were derived for this package and are loose for small k: gains seldom exceed
    log(1/gamma), and where the correction does, it says nothing.

    Parameters
    ----------
    n_heads : int
        k >= 1.
    gamma : float
        A floor of all heads' probabilities, known because they were clipped there; at most
        1/n_classes. Without one, 0, the correction is infinite.
    n_classes : int, default=2
        c >= 2.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If an argument is outside its range.

    References
    ----------
    Mulgund and Pabbaraju (2025), Relating Misfit to Gain in Weak-to-Strong Generalization Beyond
    the Squared Loss.

    Examples
    --------
    >>> from w2s_stats.bounds import heads_correction
    >>> round(heads_correction(100, 0.1), 3), round(heads_correction(10_000, 0.1), 3)
    (0.434, 0.043)
    """
    check_integer("n_heads", n_heads, 1)
    check_integer("n_classes", n_classes, 2)
    check_floor(gamma, n_classes)
    if gamma == 0:
        return inf
    spread = (n_classes - 1) / n_heads
    return spread + sqrt(2.0 * (1.0 - gamma) / gamma * spread)
