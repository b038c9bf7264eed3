"""Smooth ECE: residuals smoothed by a reflected Gaussian of their own error's width."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.fft import dct, idct
from scipy.optimize import brentq

from w2s_stats.calibration._forecast import Margin, check_forecast

_MESH = 1 << 13


def smooth_ece(y_true: Any, y_proba: Any) -> float:
    """SmoothECE: the mean absolute residual after smoothing, at the bandwidth that equals it.

    ``smECE_s = int_0^1 |1/n sum_i (y_i - F_i) K_s(t, F_i)| dt`` with K_s a Gaussian of standard
    deviation s reflected at 0 and 1; it falls in s, and the value is the s at which smECE_s = s
    (theory 4.4). One-dimensional `y_proba`: the positive class; two-dimensional: the top label, as
    in `expected_calibration_error`. Computed on a mesh of 1/8192, to which F is interpolated: a
    value of a few meshes is only that exact.

    Parameters
    ----------
    y_true, y_proba : array-like
        As in `smooth_calibration_error`.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    ValueError
        If labels or probabilities are not such, or shapes differ.

    References
    ----------
    Blasiok and Nakkiran (2024), Smooth ECE: principled reliability diagrams via kernel smoothing.

    Examples
    --------
    >>> from w2s_stats.calibration import smooth_ece
    >>> round(smooth_ece([1, 1, 1], [0.75, 0.75, 0.75]), 6)
    0.25
    >>> round(smooth_ece([0, 1], [0.4, 0.6]), 3)
    0.174
    """
    smoothed = _Smoothed(check_forecast(y_true, y_proba).confidence())
    # At s = 1 and above the sum is all but the mean residual, and nothing is left to smooth.
    if smoothed.error(1.0) >= 1.0:
        return smoothed.error(1.0)
    if smoothed.error(0.0) == 0.0:
        return 0.0
    return float(brentq(lambda s: smoothed.error(s) - s, 0.0, 1.0, xtol=1e-12))


class _Smoothed:
    """Residuals on a mesh, in the cosine basis, where the reflected Gaussian is diagonal."""

    def __init__(self, margin: Margin) -> None:
        # Cells' centres are at (m + 1/2) / mesh; a residual is shared by its two neighbours.
        place = np.clip(margin.f.astype(np.float64) * _MESH - 0.5, 0.0, _MESH - 1.0)
        left = np.minimum(place.astype(np.intp), _MESH - 2)
        right_part = place - left
        residual = margin.residual / len(margin.f)
        mass = np.bincount(left, residual * (1.0 - right_part), minlength=_MESH)
        mass += np.bincount(left + 1, residual * right_part, minlength=_MESH)
        self._coefficients = dct(mass, type=2)
        self._frequency = np.pi * np.arange(_MESH)

    def error(self, bandwidth: float) -> float:
        decay = np.exp(-0.5 * (self._frequency * bandwidth) ** 2)
        return float(np.abs(idct(self._coefficients * decay, type=2)).sum())
