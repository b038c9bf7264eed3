"""Divergences of rows of probabilities, and of rows of logits."""

from __future__ import annotations

import numpy as np
from scipy.special import log_softmax, rel_entr


def generalized_kl(
    p: np.ndarray, q: np.ndarray, out: np.ndarray, p_total: np.ndarray, q_total: np.ndarray
) -> int:
    """Write sum_j p log(p/q) - p + q of each row, and the rows' sums of p and of q.

    Infinite where q = 0 < p or q = inf. NaN where a row holds NaN, a negative entry or p = inf;
    returns how many do.
    """
    p, q = p.astype(np.float64), q.astype(np.float64)
    term = np.where((q == np.inf) & (p < np.inf), np.inf, rel_entr(p, q) - p + q)
    term[(p < 0) | (q < 0) | np.isnan(p + q)] = np.nan
    out[:] = term.sum(axis=1)
    p_total[:] = p.sum(axis=1)
    q_total[:] = q.sum(axis=1)
    return int(np.isnan(out).sum())


def simplex_kl(p: np.ndarray, q: np.ndarray, tolerance: float, out: np.ndarray) -> int:
    """Write KL of each row of p from that of q, both taken as if divided by their sums.

    Infinite where q = 0 < p. NaN where a row holds NaN or a negative entry or does not sum to one
    within the tolerance, 1e-3 at most; returns how many do.
    """
    p_total, q_total = np.empty((2, len(p)))
    generalized_kl(p, q, out, p_total, q_total)
    d = (q_total - p_total) / p_total
    out[:] = np.maximum(out / p_total - (d - np.log1p(d)), 0.0)
    out[~(np.abs(p_total - 1) <= tolerance) | ~(np.abs(q_total - 1) <= tolerance)] = np.nan
    return int(np.isnan(out).sum())


def output_kl(
    f: np.ndarray,
    g: np.ndarray,
    weight: np.ndarray,
    f_scale: float,
    g_scale: float,
    sums: np.ndarray,
) -> int:
    """Add sum w (a log(a/b) - a + b), sum w a and sum w b, of a = f f_scale and b = g g_scale.

    An empty `weight` stands for ones. Returns 1 if an a or b is not positive or not finite, and
    the first sum is NaN then; 0 otherwise.
    """
    weight = weight if weight.size else np.ones(len(f))
    a, b = f.astype(np.float64) * f_scale, g.astype(np.float64) * g_scale
    term = np.where((a > 0) & (b > 0), rel_entr(a, b) - a + b, np.nan)
    sums += weight @ term, weight @ a, weight @ b
    return int(np.isnan(sums[0]))


def softmax_kl(z: np.ndarray, u: np.ndarray, out: np.ndarray) -> int:
    """Write KL(softmax(z) || softmax(u)) of each row; a logit of -inf is a probability of zero.

    Infinite where u_j = -inf < z_j. NaN where a row holds NaN or inf, or -inf only; returns how
    many do.
    """
    z, u = z.astype(np.float64), u.astype(np.float64)
    log_p, log_q = log_softmax(z, axis=1), log_softmax(u, axis=1)
    term = np.where(z == -np.inf, 0.0, np.exp(log_p) * (log_p - log_q))
    out[:] = term.sum(axis=1)
    out[((u == -np.inf) & (z > -np.inf)).any(axis=1)] = np.inf
    for logits in (z, u):
        top = logits.max(axis=1)
        out[np.isnan(top) | np.isinf(top)] = np.nan
    return int(np.isnan(out).sum())
