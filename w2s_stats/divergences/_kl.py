"""Mean KL of probabilities or logits (theory 1.1, 1.2)."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from w2s_kernels import cpu
from w2s_kernels._backend import from_tensor, is_cuda_bfloat16, on_gpu
from w2s_stats._arrays import device_of
from w2s_stats._validation import check_alignment
from w2s_stats.divergences import _device
from w2s_stats.divergences._probabilities import (
    TOLERANCE,
    as_float,
    check_class_columns,
    check_probabilities,
    check_same_shape,
)
from w2s_stats.divergences._rows import by_rows, mean, mean_by_rows

_LARGEST_LOGIT = 1e300


def kl_divergence(
    p: Any,
    q: Any,
    *,
    from_logits: bool = False,
    sample_weight: Any = None,
    per_sample: bool = False,
) -> float | np.ndarray:
    r"""Mean Kullback-Leibler divergence of predicted distributions, d(p, q) = E KL(p(x) || q(x)).

    Theory 1.1: :math:`d(p, q) = \frac1n \sum_i \sum_j p_{ij} \log (p_{ij} / q_{ij})`, the first
    argument first, in nats; 0 log 0 = 0, and infinite where q = 0 < p. Rows of probabilities are
    taken as if divided by their sums, so that rounded rows have no negative divergence.

    From logits z and u (theory 1.2), p = softmax(z), q = softmax(u) and t = (z - u) - sum p (z - u)

    .. math:: \mathrm{KL} = \log\Bigl(1 + \sum_j p_j (e^{-t_j} - 1 + t_j)\Bigr),

    by a series where t is small, and as sum p (z - u) - lse(z) + lse(u) where KL is large. No
    matrix of probabilities is made, whatever the number of classes, and no term cancels near zero.

    Parameters
    ----------
    p, q : array-like of shape (n_samples, n_classes)
        Probabilities: non-negative, rows sum to 1 within 1e-6 (float32: 1e-4). With `from_logits`,
        logits up to 1e300; -inf is a probability of zero. float32 is read as it is, and rows are
        then within 3e-6 of their value (logits: 1e-5). Arrays of CuPy, and torch tensors in either
        memory, are read where they lie; on a GPU logits may be of float16 or bfloat16.
    from_logits : bool, default=False
        Whether `p` and `q` are logits.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows in the mean.
    per_sample : bool, default=False
        Whether to return every row's divergence instead of their mean.

    Returns
    -------
    float, or ndarray of shape (n_samples,) with `per_sample`, CuPy's if `p` and `q` lie on a GPU

    Raises
    ------
    TypeError
        If one of `p` and `q` lies on a GPU and the other does not.
    ValueError
        If `p` or `q` is empty, does not have two dimensions and two columns, holds NaN, infinity
        (logits: inf, or a row of -inf only) or a negative probability, or a row that does not sum
        to 1; if their shapes differ; if `sample_weight` is given with `per_sample`.

    Examples
    --------
    >>> from w2s_stats.divergences import kl_divergence
    >>> weak, student = [[0.6, 0.4], [0.5, 0.5]], [[0.9, 0.1], [0.5, 0.5]]
    >>> round(kl_divergence(student, weak), 4)
    0.1131
    >>> kl_divergence(student, weak, per_sample=True).round(4)
    array([0.2263, 0.    ])

    Logits that differ by a constant are the same prediction:

    >>> kl_divergence([[1.0, 3.0]], [[2.0, 4.0]], from_logits=True)
    0.0
    """
    if per_sample and sample_weight is not None:
        raise ValueError(
            "sample_weight must be None with per_sample=True: no mean is taken that it could weigh."
        )
    check_alignment(p=p, q=q, sample_weight=sample_weight)
    sample_weight = from_tensor(sample_weight, name="sample_weight")
    bits = from_logits and is_cuda_bfloat16(p) and is_cuda_bfloat16(q)
    p, q = from_tensor(p, name="p", bits=bits), from_tensor(q, name="q", bits=bits)
    if on_gpu(p) or on_gpu(q):
        with device_of(p):
            there = (
                _device.softmax_kl_rows(p, q, _check_logits, bits=bits)
                if from_logits
                else _device.kl_rows(p, q)
            )
            return there if per_sample else _device.mean(there, sample_weight)
    rows_of, kernel = (
        (softmax_kl_rows, cpu.divergence.softmax_kl) if from_logits else (kl_rows, _simplex_kl)
    )
    if per_sample:
        return rows_of(p, q)
    p, q = _pair(p, q)
    found = mean_by_rows(kernel, p, q, sample_weight) if p.dtype == q.dtype else None
    # The rows' own function says what is wrong, and takes two types.
    return mean(rows_of(p, q), sample_weight) if found is None else found


def kl_rows(p: Any, q: Any) -> np.ndarray:
    """KL(p || q) of every row of probabilities, checked in the pass that computes it."""
    p, q = _pair(p, q)
    # Of one type the wider tolerance, of two each its own.
    widest = max(TOLERANCE[p.dtype], TOLERANCE[q.dtype])
    value = by_rows(partial(_simplex_kl, tolerance=widest), p, q)
    if np.isnan(value).any() or p.dtype != q.dtype:
        check_probabilities(p, name="p")
        check_probabilities(q, name="q")
    if np.isnan(value).any():
        # A sum at the very tolerance, which float32 rounds to either side.
        value = by_rows(partial(_simplex_kl, tolerance=2 * max(TOLERANCE.values())), p, q)
    return value


def _simplex_kl(
    p: np.ndarray, q: np.ndarray, out: np.ndarray, tolerance: float | None = None
) -> int:
    tolerance = TOLERANCE[p.dtype] if tolerance is None else tolerance
    return cpu.divergence.simplex_kl(p, q, tolerance, out)


def softmax_kl_rows(z: Any, u: Any) -> np.ndarray:
    """KL(softmax(z) || softmax(u)) of every row, checked in the pass that computes it."""
    z, u = _pair(z, u)
    value = by_rows(cpu.divergence.softmax_kl, z, u)
    if np.isnan(value).any():
        row = int(np.isnan(value).argmax())
        _check_logits(z[row], row, name="p")
        _check_logits(u[row], row, name="q")
    return value


def _pair(p: Any, q: Any) -> tuple[np.ndarray, np.ndarray]:
    p, q = as_float(p, name="p"), as_float(q, name="q")
    check_class_columns(p, None, name="p")
    check_class_columns(q, None, name="q")
    check_same_shape(p, q, names=("p", "q"))
    return p, q


def _check_logits(row: np.ndarray, number: int, *, name: str) -> None:
    """Raise if a row is not one of logits."""
    if (row == -np.inf).all():
        raise ValueError(
            f"{name} must have a logit above -inf in every row; found none in row {number}."
        )
    finite = row[row != -np.inf].astype(np.float64)
    wrong = finite[~(np.abs(finite) <= _LARGEST_LOGIT)]
    if wrong.size:
        raise ValueError(
            f"{name} must hold logits between -1e300 and 1e300, or -inf; found {wrong[0]:g} in row "
            f"{number}."
        )
