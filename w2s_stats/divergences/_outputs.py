"""Divergences of real outputs: squared, and of outputs as a distribution over the sample."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from w2s_kernels import cpu
from w2s_kernels._backend import from_tensor, on_gpu
from w2s_stats._arrays import array_module, device_of, to_host
from w2s_stats._validation import check_alignment, check_choice, check_weight
from w2s_stats.divergences import _device
from w2s_stats.divergences._members import Squared
from w2s_stats.divergences._probabilities import as_float_anywhere, check_same_shape
from w2s_stats.divergences._rows import by_rows, output_sums

_LARGEST = 1e300


def squared_distance(f: Any, g: Any, *, sample_weight: Any = None) -> float:
    """Mean squared distance of predictions, d(f, g) = E (f - g)^2 (theory 1.4).

    Parameters
    ----------
    f, g : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Squares are summed over the outputs. Arrays of CuPy, and torch tensors in either memory, are
        read where they lie.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows in the mean.

    Returns
    -------
    float

    Raises
    ------
    TypeError
        If one of `f` and `g` lies on a GPU and the other does not.
    ValueError
        If `f` or `g` is empty or not finite, or their shapes differ.

    Examples
    --------
    >>> from w2s_stats.divergences import squared_distance
    >>> squared_distance([1.0, 2.0], [1.0, 4.0])
    2.0
    """
    check_alignment(f=f, g=g, sample_weight=sample_weight)
    f, g = from_tensor(f, name="f"), from_tensor(g, name="g")
    sample_weight = from_tensor(sample_weight, name="sample_weight")
    if on_gpu(f) or on_gpu(g):
        _device.check_one_memory(f, g, ("f", "g"))
        with device_of(f):
            return _device.squared_distance(f, g, sample_weight, Squared().check)
    Squared().check(f, g, names=("f", "g"))
    return Squared().mean(f, g, sample_weight=sample_weight)


def output_kl_divergence(
    f: Any, g: Any, *, normalize: str = "sum", sample_weight: Any = None
) -> float:
    r"""KL between outputs that are made distributions over the sample.

    Theory 1.3: with f and g divided by their own sums over the sample,

    .. math:: \hat d(f, g) = \sum_i f_i \log (f_i / g_i).

    How a real-valued head becomes a distribution is a choice the paper leaves open. Both are here;
    neither is a divergence of single predictions: f and 2 f have divergence 0 with "sum", f and
    f + 1 with "softmax".

    A row of weight w counts as w rows, in both distributions: a share of the first is
    :math:`w_i f_i / \sum_j w_j f_j`, or :math:`w_i e^{f_i} / \sum_j w_j e^{f_j}`. All weights
    times a constant, or rows of weight zero, change nothing.

    Parameters
    ----------
    f, g : array-like of shape (n_samples,)
        Outputs of two models on the same rows; positive with ``normalize="sum"``. Read where they
        lie, on a GPU too, in one pass; in two where the sums of f and g are far apart.
    normalize : {"sum", "softmax"}, default="sum"
        Whether outputs are divided by their sum, or are logits of a softmax over the sample.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows; all one by default.

    Returns
    -------
    float

    Raises
    ------
    TypeError
        If one of `f` and `g` lies on a GPU and the other does not.
    ValueError
        If `normalize` is neither; if `f` or `g` is empty, not within 1e300, or has other than one
        column; if their shapes differ; if an output is not positive with ``normalize="sum"``; if
        `sample_weight` is negative, all zero, or of another length.

    References
    ----------
    Yao et al. (2025), arXiv:2502.01458, the setting of their Theorem 3.

    Examples
    --------
    >>> from w2s_stats.divergences import output_kl_divergence
    >>> round(output_kl_divergence([1.0, 3.0], [2.0, 2.0]), 4)
    0.1308
    >>> round(output_kl_divergence([0.0, 1.0], [0.0, 0.0], normalize="softmax"), 4)
    0.1109

    The second row twice, or with weight 2:

    >>> round(output_kl_divergence([1.0, 3.0, 3.0], [2.0, 2.0, 2.0]), 4)
    0.0944
    >>> round(output_kl_divergence([1.0, 3.0], [2.0, 2.0], sample_weight=[1, 2]), 4)
    0.0944
    """
    check_choice("normalize", normalize, ("sum", "softmax"))
    check_alignment(f=f, g=g, sample_weight=sample_weight)
    f, g = from_tensor(f, name="f"), from_tensor(g, name="g")
    sample_weight = from_tensor(sample_weight, name="sample_weight")
    if on_gpu(f) or on_gpu(g):
        _device.check_one_memory(f, g, ("f", "g"))
    with device_of(f):
        f, g = as_outputs(f, name="f"), as_outputs(g, name="g")
        if on_gpu(f):
            f, g = _device.pair(f, g, ("f", "g"), (np.float32, np.float64))
        check_same_shape(f, g, names=("f", "g"))
        weight = check_weight(sample_weight, f)
        number: Callable[[int], int] = int
        if weight is not None and not weight.all():
            counted = weight > 0
            f, g, weight = f[counted], g[counted], weight[counted]
            number = partial(_nth, counted)
        return (_sum_kl if normalize == "sum" else _softmax_kl)(f, g, weight, number)


def _nth(counted: np.ndarray, row: int) -> int:
    """What a row, the row-th that counts, is called in the arrays that were given."""
    return int(np.flatnonzero(to_host(counted))[row])


def _sum_kl(
    f: np.ndarray, g: np.ndarray, weight: np.ndarray | None, number: Callable[[int], int]
) -> float:
    """KL of outputs over their sums: excess / sum f - d + log(1 + d), d = sum g / sum f - 1."""
    excess, f_total, g_total = output_sums(f, g, weight, 1.0, 1.0)
    if not 0.0 < max(f_total, g_total) < _LARGEST or np.isnan(excess):
        for values, name in ((f, "f"), (g, "g")):
            _check_size(values, number, name=name)
            check_positive(values, number, name=name)
        # Sums that overflow: take the largest out first.
        f, g = (np.maximum(values / values.max(), 1e-300) for values in (f, g))
        excess, f_total, g_total = output_sums(f, g, weight, 1.0, 1.0)
    d = g_total / f_total - 1.0
    with np.errstate(divide="ignore"):
        off = d - np.log1p(d)
    if off > 0.1 * excess / f_total:
        # That would cancel: once more, of shares.
        excess, f_total, g_total = output_sums(f, g, weight, 1.0 / f_total, 1.0 / g_total)
        d = g_total / f_total - 1.0
        off = d - np.log1p(d)
    return float(max(excess / f_total - off, 0.0))


def _softmax_kl(
    f: np.ndarray, g: np.ndarray, weight: np.ndarray | None, number: Callable[[int], int]
) -> float:
    """KL of softmaxes over the sample; a weight w adds log w to both logits."""
    _check_size(f, number, name="f")
    _check_size(g, number, name="g")
    if weight is not None:
        shift = np.log(weight)
        f, g = f + shift, g + shift
    if on_gpu(f):
        return _device.softmax_kl(f, g)
    return float(by_rows(cpu.divergence.softmax_kl, f[None], g[None], dtype=np.float64)[0])


def as_outputs(values: Any, *, name: str) -> np.ndarray:
    """One output a row, with a single dimension, where it lies."""
    array = as_float_anywhere(values, name=name)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise ValueError(f"{name} must have one output a row; found shape {array.shape}.")
    return array_module(array).ascontiguousarray(array)


def _check_size(values: np.ndarray, number: Callable[[int], int], *, name: str) -> None:
    """Raise unless outputs are in the range of which differences do not overflow."""
    low, high = float(values.min()), float(values.max())
    if not (low >= -_LARGEST and high <= _LARGEST):
        row = int((~(np.abs(values.astype(np.float64)) <= _LARGEST)).argmax())
        raise ValueError(
            f"{name} must lie between -1e300 and 1e300; found {float(values[row]):g} in row "
            f"{number(row)}."
        )


def check_positive(values: np.ndarray, number: Callable[[int], int], *, name: str) -> None:
    """Raise unless outputs can be divided by their sum; `number` says what a row is called.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.divergences._outputs import check_positive
    >>> check_positive(np.array([1.0, -0.5]), int, name="f")
    Traceback (most recent call last):
    ValueError: f must be positive for normalize='sum'; found -0.5 in row 1: normalize='softmax'
    takes any outputs.
    """
    row = int(values.argmin())
    if values[row] <= 0:
        raise ValueError(
            f"{name} must be positive for normalize='sum'; found {float(values[row]):g} in row "
            f"{number(row)}: normalize='softmax' takes any outputs."
        )
