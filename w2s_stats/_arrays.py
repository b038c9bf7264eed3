"""Arrays of NumPy, on the host, and of CuPy, on a GPU: whose they are, and the ways between.

Expressions that NumPy hands over (``np.exp(x)``, ``x @ y``) serve both. What makes a new array asks
for its module; parameters, which are small, are moved to the data by ``xp.asarray``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from types import ModuleType
from typing import Any, TypeVar, cast

import numpy as np
from scipy import special

from w2s_kernels._backend import from_tensor, on_gpu

Method = TypeVar("Method", bound=Callable[..., Any])


def array_module(array: Any) -> ModuleType:
    """CuPy for an array of CuPy's, NumPy for all else. It does not import CuPy.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats._arrays import array_module
    >>> array_module(np.ones(2)).__name__
    'numpy'
    """
    return sys.modules["cupy"] if on_gpu(array) else np


def device_of(array: Any) -> AbstractContextManager:
    """Context in which kernels and new arrays go to the GPU that an array lies on, if it does.

    Examples
    --------
    >>> from w2s_stats._arrays import device_of
    >>> with device_of([1.0, 2.0]):
    ...     pass
    """
    return array.device if on_gpu(array) else nullcontext()


def beside_X(method: Method) -> Method:
    """Let a method of an estimator compute on the GPU that its X lies on, current or not.

    X is read where it lies, if it is a tensor.
    """

    @wraps(method)
    def there(self: Any, X: Any, *args: Any, **kwargs: Any) -> Any:
        X = from_tensor(X, name="X")
        with device_of(X):
            return method(self, X, *args, **kwargs)

    return cast(Method, there)


def to_host(array: Any) -> Any:
    """A NumPy copy of a CuPy array; anything else as it is."""
    return array.get() if on_gpu(array) else array


def beside(values: Any, array: Any) -> Any:
    """An array moved to where another lies, and as it is if it lies there."""
    if on_gpu(array):
        return array_module(array).asarray(values)
    return to_host(values)


def read_only(array: np.ndarray) -> np.ndarray:
    """A view that may not be written to, as some arrays of users: Numba compiles each kind anew."""
    view = array.view()
    view.flags.writeable = False
    return view


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
    if on_gpu(counts):
        from cupyx.scipy.special import gammaln

        return gammaln(counts + 1.0)
    return special.gammaln(counts + 1.0)
