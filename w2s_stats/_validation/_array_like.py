"""Arrays of any kind, in one form or refused in one sentence."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from w2s_kernels._backend import from_tensor, on_gpu
from w2s_stats._arrays import to_host
from w2s_stats._validation._values import shown

_CHUNK = 1 << 14

Entries = Literal["finite", "gaps", "classes"]
_ACCEPTED: dict[Entries, str] = {
    "finite": "finite numbers",
    "gaps": "finite numbers, or NaN where missing",
    "classes": "class labels, or None or NaN where missing",
}
_DIMENSIONS = {(1,): "one dimension", (2,): "two dimensions", (1, 2): "one or two dimensions"}


def check_features(estimator: Any, X: Any, *, reset: bool = True) -> np.ndarray:
    """X in floating point; the estimator keeps what its columns are, or compares them."""
    X = unmasked(from_tensor(X, name="X"))
    if on_gpu(X):
        raise TypeError("X must be a NumPy array here; found one of CuPy's: take X.get().")
    try:
        return validate_data(estimator, X, reset=reset, dtype=[np.float64, np.float32])
    except Exception as error:  # of several libraries, where X is a data frame
        raise _in_one_sentence(error, X, "X", "finite", (2,)) from None


def check_features_anywhere(estimator: Any, X: Any, *, reset: bool = True) -> np.ndarray:
    """`check_features` for those who take X of CuPy's too, which stays on its GPU."""
    X = from_tensor(X, name="X")
    if not on_gpu(X):
        return check_features(estimator, X, reset=reset)
    if not _is_sound(X, "finite", (2,)):
        return check_features(estimator, to_host(X), reset=reset)  # which says what is wrong
    X = X if X.dtype in (np.float64, np.float32) else X.astype(np.float64)
    return validate_data(estimator, X, reset=reset, skip_check_array=True)


def as_array(values: Any, name: str) -> np.ndarray:
    """Any values as an array; raise where they are sparse or make no rows of one length.

    A tensor is read where it lies, without its graph; masked entries are missing.
    """
    values = from_tensor(values, name=name)
    if issparse(values):
        raise TypeError(f"{name} must be a dense array; found a sparse one: take its toarray().")
    try:
        return np.asarray(unmasked(values))
    except ValueError:
        raise ValueError(f"{name} must be an array; found rows of different lengths.") from None


def unmasked(values: Any) -> Any:
    """A masked array with NaN, or None where it holds no numbers, for its masked entries.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats._validation import unmasked
    >>> unmasked(np.ma.masked_array([3, 7], mask=[False, True]))
    array([ 3., nan])
    """
    if not isinstance(values, np.ma.MaskedArray):
        return values
    if not np.ma.is_masked(values):
        return values.data
    if values.dtype.kind not in "fiub":
        named = values.data.astype(object)
        named[values.mask] = None
        return named
    dtype = values.dtype if values.dtype.kind == "f" else np.float64
    return np.ma.filled(values.astype(dtype), np.nan)


def check_numbers(
    values: Any, name: str, *, gaps: bool = False, dimensions: tuple[int, ...] = (1, 2)
) -> np.ndarray:
    """Numbers as float64; with `gaps`, NaN where one is missing."""
    finite = "allow-nan" if gaps else True
    entries: Entries = "gaps" if gaps else "finite"
    return checked(values, name, entries, dimensions, dtype=np.float64, ensure_all_finite=finite)


def checked(
    values: Any, name: str, entries: Entries, dimensions: tuple[int, ...] = (1, 2), **options: Any
) -> np.ndarray:
    values = unmasked(from_tensor(values, name=name))
    if on_gpu(values):
        if _is_sound(values, entries, dimensions):
            return values.astype(np.float64, copy=False)
        values = to_host(values)
    error: Exception | None = None
    try:
        array = check_array(
            values, ensure_2d=False, ensure_min_samples=0, input_name=name, **options
        )
    except (ValueError, TypeError, OverflowError) as caught:
        error = caught
    if error is not None or array.ndim not in dimensions:
        raise _in_one_sentence(error, values, name, entries, dimensions)
    return array


def _is_sound(array: Any, entries: Entries, dimensions: tuple[int, ...]) -> bool:
    """Whether a CuPy array is accepted; if not, what is wrong with it is found on the host."""
    if array.ndim not in dimensions or not array.size or array.dtype.kind not in "fiub":
        return False
    return bool(np.isfinite(array).all() if entries == "finite" else not np.isinf(array).any())


def _in_one_sentence(
    error: Exception | None, values: Any, name: str, entries: Entries, dimensions: tuple[int, ...]
) -> Exception:
    """What is wrong with an array that was refused; the error itself if it is none of this."""
    try:
        array = as_array(values, name)
    except (ValueError, TypeError) as wrong:
        return wrong
    names = list(getattr(values, "columns", ()))
    if len(set(names)) < len(names):
        twice = next(n for n in names if names.count(n) > 1)
        return ValueError(f"{name} must have columns of different names; found {twice!r} twice.")
    if array.ndim not in dimensions:
        found = f"{array.ndim} (shape={array.shape})" if array.ndim else shown(values)
        hint = f": Reshape your data, {name}.reshape(-1, 1) makes one column of it"
        return ValueError(
            f"{name} must have {_DIMENSIONS[dimensions]}; found {found}"
            f"{hint if array.ndim == 1 else ''}."
        )
    if not array.size:
        lacking = "sample" if len(array) == 0 else "feature"
        return ValueError(
            f"{name} must have rows and columns; found 0 {lacking}(s) (shape={array.shape}) while "
            "a minimum of 1 is required."
        )
    if np.iscomplexobj(array):
        return ValueError(f"Complex data not supported: {name} must hold real numbers.")
    at = _first_wrong(array, entries)
    if at is None:
        return error or ValueError(f"{name} must hold {_ACCEPTED[entries]}.")
    column = [names[j] if names else j for j in at[1:]]
    where = ", ".join([f"in row {at[0]}", *(f"column {shown(j)}" for j in column)])
    why = f" ({error})" if isinstance(error, TypeError) else ""
    kind = TypeError if why else ValueError
    return kind(f"{name} must hold {_ACCEPTED[entries]}; found {shown(array[at])} {where}{why}.")


def _first_wrong(array: np.ndarray, entries: Entries) -> tuple[int, ...] | None:
    """Position of the first entry that is not accepted."""
    if array.dtype.kind == "f":
        for start in range(0, len(array), _CHUNK):
            part = array[start : start + _CHUNK]
            wrong = ~np.isfinite(part) if entries == "finite" else np.isinf(part)
            if wrong.any():
                row, *column = (int(i) for i in np.argwhere(wrong)[0])
                return (start + row, *column)
    elif array.dtype.kind in "OUS" and entries != "classes":
        for at, value in np.ndenumerate(array):
            try:
                number = np.nan if value is None else float(value)
            except (ValueError, TypeError, OverflowError):
                return at
            if np.isinf(number) or (np.isnan(number) and entries == "finite"):
                return at
    return None


def check_rows(array: np.ndarray, n_samples: int, name: str) -> None:
    if len(array) != n_samples:
        raise ValueError(
            f"{name} must have a row for each of the {n_samples} rows of X; found {len(array)}."
        )
