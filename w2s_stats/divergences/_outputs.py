"""Divergences of real outputs: squared, and of outputs as a distribution over the sample."""

from __future__ import annotations

from typing import Any

import numpy as np

from w2s_stats._validation import check_choice
from w2s_stats.divergences._members import Squared
from w2s_stats.divergences._probabilities import as_float, check_same_shape
from w2s_stats.divergences._rows import excess, softmax_kl


def squared_distance(f: Any, g: Any, *, sample_weight: Any = None) -> float:
    """Mean squared distance of predictions, d(f, g) = E (f - g)^2 (theory 1.4).

    Parameters
    ----------
    f, g : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Squares are summed over the outputs.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows in the mean.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If `f` or `g` is empty or not finite, or their shapes differ.

    Examples
    --------
    >>> from w2s_stats.divergences import squared_distance
    >>> squared_distance([1.0, 2.0], [1.0, 4.0])
    2.0
    """
    Squared().check(f, g, names=("f", "g"))
    return Squared().mean(f, g, sample_weight=sample_weight)


def output_kl_divergence(f: Any, g: Any, *, normalize: str = "sum") -> float:
    r"""KL between outputs that are made distributions over the sample.

    Theory 1.3: with f and g divided by their own sums over the sample,

    .. math:: \hat d(f, g) = \sum_i f_i \log (f_i / g_i).

    How a real-valued head becomes a distribution is a choice the paper leaves open. Both are here;
    neither is a divergence of single predictions: f and 2 f have divergence 0 with "sum", f and
    f + 1 with "softmax".

    Parameters
    ----------
    f, g : array-like of shape (n_samples,)
        Outputs of two models on the same rows; positive with ``normalize="sum"``.
    normalize : {"sum", "softmax"}, default="sum"
        Whether outputs are divided by their sum, or are logits of a softmax over the sample.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If `normalize` is neither; if `f` or `g` is empty, not finite, or has other than one column;
        if their shapes differ; if an output is not positive with ``normalize="sum"``.

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
    """
    check_choice("normalize", normalize, ("sum", "softmax"))
    f, g = _outputs(f, name="f"), _outputs(g, name="g")
    check_same_shape(f, g, names=("f", "g"))
    if normalize == "softmax":
        return float(softmax_kl(f[None], g[None])[0])
    for values, name in ((f, "f"), (g, "g")):
        if values.min() <= 0:
            row = int(values.argmin())
            raise ValueError(
                f"{name} must be positive for normalize='sum', found {values[row]:g} at row {row}; "
                "normalize='softmax' takes any real outputs."
            )
    return float(excess(_shares(f), _shares(g))[0, 0])


def _outputs(values: Any, *, name: str) -> np.ndarray:
    """One output a row, finite, as float64 with a single dimension."""
    array = as_float(values, name=name)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise ValueError(f"{name} must have one output a row, found shape {array.shape}.")
    array = np.ascontiguousarray(array, dtype=np.float64)
    # Beyond this, differences of two outputs overflow.
    wrong = ~(np.abs(array) <= 1e300)
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(
            f"{name} must lie between -1e300 and 1e300, found {array[row]:g} at row {row}."
        )
    return array


def _shares(values: np.ndarray) -> np.ndarray:
    """Values over their sum, as a row; the largest is taken out first: the sum may overflow."""
    values = values / values.max()
    return (values / values.sum())[None]
