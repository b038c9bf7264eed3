"""Arrays of NumPy, on the host, and of CuPy, on a GPU: whose they are, and the ways between.

Expressions that NumPy hands over (``np.exp(x)``, ``x @ y``) serve both. What makes a new array asks
for its module; parameters, which are small, are moved to the data by ``xp.asarray``.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np
from scipy import special


def array_module(array: Any) -> ModuleType:
    """CuPy for an array of CuPy's, NumPy for all else. It does not import CuPy.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats._arrays import array_module
    >>> array_module(np.ones(2)).__name__
    'numpy'
    """
    cupy = sys.modules.get("cupy")
    return cupy if cupy is not None and isinstance(array, cupy.ndarray) else np


def on_device(array: Any) -> bool:
    """Whether an array lies on a GPU.

    Examples
    --------
    >>> from w2s_stats._arrays import on_device
    >>> on_device([1.0, 2.0])
    False
    """
    return array_module(array) is not np


def to_host(array: Any) -> Any:
    """A NumPy copy of a CuPy array; anything else as it is."""
    return array.get() if on_device(array) else array


def beside(values: Any, array: Any) -> Any:
    """An array moved to where another lies, and as it is if it lies there."""
    if on_device(array):
        return array_module(array).asarray(values)
    return to_host(values)


def softmax(logits: Any, axis: int) -> Any:
    """Exponentials that sum to one along an axis.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats._arrays import softmax
    >>> softmax(np.zeros((1, 4)), axis=1)
    array([[0.25, 0.25, 0.25, 0.25]])
    """
    proba = np.exp(logits - logits.max(axis=axis, keepdims=True))
    proba /= proba.sum(axis=axis, keepdims=True)
    return proba


def log_factorial(counts: Any) -> Any:
    """log n! of every entry."""
    if on_device(counts):
        from cupyx.scipy.special import gammaln

        return gammaln(counts + 1.0)
    return special.gammaln(counts + 1.0)
