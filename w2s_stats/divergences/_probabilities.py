"""Checks of arrays of probabilities: a row a distribution, a column a class."""

from __future__ import annotations

from typing import Any

import numpy as np

from w2s_kernels._backend import on_gpu
from w2s_stats._arrays import to_host
from w2s_stats._validation import as_array, shown

TOLERANCE = {np.dtype(np.float64): 1e-6, np.dtype(np.float32): 1e-4}


def as_float(values: Any, *, name: str) -> np.ndarray:
    """Array of float32 or float64 as it is, of other numbers as float64; nothing else.

    Parameters
    ----------
    values : array-like of numbers
        Masked entries become NaN; a tensor's memory is shared, bfloat16 becomes float32.
    name : str
        What messages call it.

    Returns
    -------
    ndarray of float32 or float64
        `values` itself where it is such an array.

    Raises
    ------
    TypeError
        If `values` is sparse, or lies on a GPU.
    ValueError
        If `values` is empty or does not hold real numbers.

    Examples
    --------
    >>> from w2s_stats.divergences._probabilities import as_float
    >>> as_float([1, 2], name="p")
    array([1., 2.])
    """
    if on_gpu(values):
        raise TypeError(
            f"{name} must be a NumPy array here; found one of CuPy's: take {name}.get()."
        )
    if getattr(values, "is_cuda", False):
        raise TypeError(
            f"{name} must be in the CPU's memory here; found a CUDA tensor: take {name}.cpu()."
        )
    array = as_array(values, name)
    if array.dtype == object:
        array = _numbers_of(array, name)
    if array.dtype.kind in "US":
        raise _no_number(array, (0,) * array.ndim, name)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} must hold real numbers; found an array of {array.dtype}.")
    if array.size == 0:
        raise ValueError(f"{name} must not be empty; found shape {array.shape}.")
    return array if array.dtype in TOLERANCE else array.astype(np.float64)


def _numbers_of(array: np.ndarray, name: str) -> np.ndarray:
    """Numbers of an array of objects, or the sentence that says which is none."""
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        for at, value in np.ndenumerate(array):
            try:
                float(value)
            except (TypeError, ValueError, OverflowError):
                raise _no_number(array, at, name) from None
        raise


def _no_number(array: np.ndarray, at: tuple[int, ...], name: str) -> ValueError:
    where = f" in row {at[0]}" if at else ""
    return ValueError(
        f"{name} must hold real numbers; found {shown(array[at])}{where}: classes are numbered 0, "
        "1, 2, ..., and a missing label is NaN."
    )


def as_float_anywhere(values: Any, *, name: str) -> Any:
    """`as_float` for those who take arrays of CuPy's too, which stay on their GPU."""
    if not on_gpu(values):
        return as_float(values, name=name)
    if values.dtype.kind not in "fiub" or not values.size:
        return as_float(to_host(values), name=name)  # which says what is wrong
    return values if values.dtype in TOLERANCE else values.astype(np.float64)


def check_rows(array: np.ndarray, n_rows: int | None, *, name: str) -> None:
    """Raise unless the array has as many rows as asked for."""
    if n_rows is not None and len(array) != n_rows:
        raise ValueError(f"{name} must have {n_rows} rows; found {len(array)}.")


def check_same_shape(p: np.ndarray, q: np.ndarray, *, names: tuple[str, str]) -> None:
    """Raise unless two arrays have one shape.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.divergences._probabilities import check_same_shape
    >>> check_same_shape(np.ones(2), np.ones(3), names=("f", "g"))
    Traceback (most recent call last):
    ValueError: f and g must have the same shape; found (2,) and (3,).
    """
    if p.shape != q.shape:
        raise ValueError(
            f"{names[0]} and {names[1]} must have the same shape; found {p.shape} and {q.shape}."
        )


def check_class_columns(array: np.ndarray, n_rows: int | None, *, name: str) -> None:
    """Raise unless the array has two dimensions, two columns at least and the rows asked for."""
    if array.ndim != 2:
        raise ValueError(
            f"{name} must have two dimensions, a row a sample and a column a class; found shape "
            f"{array.shape}."
        )
    if array.shape[1] < 2:
        raise ValueError(f"{name} must have a column for each of two or more classes; found one.")
    check_rows(array, n_rows, name=name)


def check_probabilities(
    p: Any, *, name: str, n_rows: int | None = None, binary: bool = False
) -> np.ndarray:
    """Rows of class probabilities, checked and not copied.

    Parameters
    ----------
    p : array-like of shape (n_samples, n_classes)
        Rows are finite, non-negative and sum to 1 within 1e-6 (float32: 1e-4).
    name : str
        What messages call it.
    n_rows : int, default=None
        The rows `p` must have.
    binary : bool, default=False
        Whether shape (n_samples,) is accepted too: the positive class's probability, in [0, 1].

    Returns
    -------
    ndarray of shape (n_samples, n_classes)
        float32 or float64; `p` itself where it is such an array. A one-dimensional `p` becomes the
        two columns (1 - p, p).

    Raises
    ------
    ValueError
        If `p` is empty, has another shape, a single class, other than `n_rows` rows, an entry that
        is NaN, infinite or negative, or a row that does not sum to 1.

    Examples
    --------
    >>> from w2s_stats.divergences._probabilities import check_probabilities
    >>> check_probabilities([0.25, 1.0], name="p", binary=True)
    array([[0.75, 0.25],
           [0.  , 1.  ]])
    >>> check_probabilities([[0.5, 0.4]], name="p")
    Traceback (most recent call last):
    ValueError: The rows of p must sum to 1 within 1e-06; found a sum of 0.9 in row 0: if they...
    """
    return check_probabilities_anywhere(
        as_float(p, name=name), name=name, n_rows=n_rows, binary=binary
    )


def check_probabilities_anywhere(
    p: Any, *, name: str, n_rows: int | None = None, binary: bool = False
) -> Any:
    """`check_probabilities` for those who take arrays of CuPy's too, which stay on their GPU."""
    array = as_float_anywhere(p, name=name)
    if binary and array.ndim == 1:
        check_rows(array, n_rows, name=name)
        wrong = ~((array >= 0) & (array <= 1))
        if wrong.any():
            row = int(wrong.argmax())
            raise ValueError(
                f"{name} must hold probabilities from 0 to 1; found {float(array[row]):g} in row "
                f"{row}."
            )
        return np.stack([1 - array, array], axis=1)
    check_class_columns(array, n_rows, name=name)
    # Sums show NaN and infinity: no mask of the array's size is needed.
    with np.errstate(invalid="ignore"):
        total = array.sum(axis=1, dtype=np.float64)
        low = array.min(axis=1)
    check_row_facts(to_host(total), to_host(low), array.dtype, name=name)
    return array


def check_row_facts(total: np.ndarray, low: np.ndarray, dtype: np.dtype, *, name: str) -> None:
    """Raise unless rows with these sums and smallest entries are distributions."""
    finite = np.isfinite(total)
    if not finite.all():
        row = int(finite.argmin())
        raise ValueError(f"{name} must be finite; found NaN or infinity in row {row}.")
    if low.min() < 0:
        row = int(low.argmin())
        raise ValueError(
            f"{name} must hold probabilities, none negative; found {low[row]:g} in row {row}."
        )
    distance = np.abs(total - 1)
    tolerance = TOLERANCE[dtype]
    if distance.max() > tolerance:
        row = int(distance.argmax())
        raise ValueError(
            f"The rows of {name} must sum to 1 within {tolerance:g}; found a sum of "
            f"{total[row]:.10g} in row {row}: if they were rounded, take "
            f"{name} / {name}.sum(axis=1, keepdims=True)."
        )
