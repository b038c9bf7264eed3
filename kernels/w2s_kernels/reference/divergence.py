"""Divergences of rows of probabilities, and of rows of logits."""

from __future__ import annotations

import numpy as np
from scipy.special import log_softmax, rel_entr


def generalized_kl(
    p: np.ndarray, q: np.ndarray, out: np.ndarray, p_total: np.ndarray, q_total: np.ndarray
) -> int:
    """Write sum_j p log(p/q) - p + q of each row, and the rows' sums of p and of q.

    Infinite where q = 0 < p. NaN where a row holds NaN or a negative entry; returns how many do.
    """
    p, q = p.astype(np.float64), q.astype(np.float64)
    term = np.where((p < 0) | (q < 0), np.nan, rel_entr(p, q) - p + q)
    out[:] = term.sum(axis=1)
    p_total[:] = p.sum(axis=1)
    q_total[:] = q.sum(axis=1)
    return int(np.isnan(out).sum())


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
