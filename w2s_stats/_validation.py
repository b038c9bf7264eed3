"""Checks of what users pass, in one clear sentence each."""

from __future__ import annotations

import reprlib
from collections.abc import Callable
from functools import wraps
from numbers import Integral, Real
from typing import Any, Literal, TypeVar, cast

import numpy as np
from scipy.sparse import issparse
from sklearn.exceptions import DataConversionWarning
from sklearn.utils import check_array, check_random_state
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import validate_data

from w2s_stats._arrays import array_module, beside, on_device, to_host
from w2s_stats.exceptions import UnderdeterminedFitWarning, warn

_CHUNK = 1 << 14
Fit = TypeVar("Fit", bound=Callable[..., Any])

Entries = Literal["finite", "gaps", "classes"]
_ACCEPTED: dict[Entries, str] = {
    "finite": "finite numbers",
    "gaps": "finite numbers, or NaN where missing",
    "classes": "class labels, or None or NaN where missing",
}
_DIMENSIONS = {(1,): "one dimension", (2,): "two dimensions", (1, 2): "one or two dimensions"}


def whole_or_nothing(fit: Fit) -> Fit:
    """Let a fit that fails leave the estimator as it was: unfitted, or with its former fit."""

    @wraps(fit)
    def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
        before = dict(vars(self))
        try:
            return fit(self, *args, **kwargs)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    return cast(Fit, guarded)


# --- arrays -----------------------------------------------------------------------------------


def check_features(estimator: Any, X: Any, *, reset: bool = True) -> np.ndarray:
    """X in floating point; the estimator keeps what its columns are, or compares them."""
    if on_device(X):
        raise TypeError("X must be a NumPy array here; found one of CuPy's: take X.get().")
    try:
        return validate_data(estimator, X, reset=reset, dtype=[np.float64, np.float32])
    except Exception as error:  # of several libraries, where X is a data frame
        raise _in_one_sentence(error, X, "X", "finite", (2,)) from None


def check_features_anywhere(estimator: Any, X: Any, *, reset: bool = True) -> np.ndarray:
    """`check_features` for those who take X of CuPy's too, which stays on its GPU."""
    if not on_device(X):
        return check_features(estimator, X, reset=reset)
    here, there = array_module(X).cuda.Device().id, X.device.id
    if here != there:
        raise ValueError(
            f"X must lie on the current GPU, which is number {here}; found it on number {there}: "
            "compute within 'with X.device:'."
        )
    if not _is_sound(X, "finite", (2,)):
        return check_features(estimator, to_host(X), reset=reset)  # which says what is wrong
    X = X if X.dtype in (np.float64, np.float32) else X.astype(np.float64)
    return validate_data(estimator, X, reset=reset, skip_check_array=True)


def as_array(values: Any, name: str) -> np.ndarray:
    """Any values as an array; raise where they are sparse or make no rows of one length."""
    if issparse(values):
        raise TypeError(f"{name} must be a dense array; found a sparse one: take its toarray().")
    try:
        return np.asarray(values)
    except ValueError:
        raise ValueError(f"{name} must be an array; found rows of different lengths.") from None


def check_numbers(
    values: Any, name: str, *, gaps: bool = False, dimensions: tuple[int, ...] = (1, 2)
) -> np.ndarray:
    """Numbers as float64; with `gaps`, NaN where one is missing."""
    finite = "allow-nan" if gaps else True
    entries: Entries = "gaps" if gaps else "finite"
    return _checked(values, name, entries, dimensions, dtype=np.float64, ensure_all_finite=finite)


def _checked(
    values: Any, name: str, entries: Entries, dimensions: tuple[int, ...] = (1, 2), **options: Any
) -> np.ndarray:
    if on_device(values):
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


def _check_rows(array: np.ndarray, n_samples: int, name: str) -> None:
    if len(array) != n_samples:
        raise ValueError(
            f"{name} must have a row for each of the {n_samples} rows of X; found {len(array)}."
        )


# --- weights and labels -----------------------------------------------------------------------


def check_weight(sample_weight: Any, X: np.ndarray) -> np.ndarray | None:
    """Weights of the rows as float64 and where X lies, None where all are one."""
    if sample_weight is None:
        return None
    if isinstance(sample_weight, Real):
        sample_weight = np.full(len(X), sample_weight)
    weight = check_numbers(sample_weight, "sample_weight", dimensions=(1,))
    if len(weight) != len(X):
        raise ValueError(
            f"sample_weight must have one weight for each of the {len(X)} rows of X; found "
            f"{len(weight)}."
        )
    if weight.min() < 0:
        row = int(weight.argmin())
        raise ValueError(
            f"sample_weight must be zero or positive; found {float(weight[row]):g} in row {row}."
        )
    if not weight.any():
        raise ValueError("sample_weight must have a positive entry; found zeros only.")
    return beside(weight, X)


def check_labels(y: Any, n_samples: int, *, name: str = "y") -> np.ndarray:
    """Real labels as a float64 array of one or two dimensions, NaN where missing."""
    _refuse_none(y, name)
    y = check_numbers(y, name, gaps=True)
    _check_rows(y, n_samples, name)
    return y


def check_class_labels(y: Any, n_samples: int, *, name: str = "y") -> tuple[np.ndarray, np.ndarray]:
    """Class labels (n_samples, n_labels), and where they are missing (NaN or None)."""
    _refuse_none(y, name)
    y = _checked(to_host(y), name, "classes", dtype=None, ensure_all_finite="allow-nan")
    _check_rows(y, n_samples, name)
    if y.ndim == 2 and y.shape[1] == 1:
        warn(
            f"A column-vector y was passed when a 1d array was expected: pass {name}.ravel().",
            DataConversionWarning,
        )
    y = y.reshape(n_samples, -1)
    if y.dtype.kind == "f":
        return y, np.isnan(y)
    if y.dtype.kind == "O":
        missing = np.array([[is_gap(v) for v in row] for row in y], dtype=bool)
        return y, missing.reshape(y.shape)
    return y, np.zeros(y.shape, dtype=bool)


def is_gap(label: Any) -> bool:
    """Whether a label is None, a float that differs from itself, or pandas' NA."""
    try:
        return label is None or bool(label != label)
    except TypeError:  # NA is neither equal to itself nor not
        return True


def _refuse_none(y: Any, name: str) -> None:
    if y is None:
        raise ValueError(
            f"This estimator requires {name} to be passed, but the target {name} is None."
        )


def check_columns(Y: np.ndarray, n_columns: int, *, name: str = "y") -> None:
    """Raise unless labels have as many columns as those that were fitted."""
    if Y.shape[1] != n_columns:
        raise ValueError(
            f"{name} must have as many columns as in fit, {n_columns}; found {Y.shape[1]}."
        )


def plain_labels(labels: np.ndarray) -> np.ndarray:
    """Without its gaps an object array is what its entries are: strings or numbers."""
    return np.array(labels.tolist()) if labels.dtype.kind == "O" else labels


def check_discrete(labels: np.ndarray, *, name: str = "y") -> None:
    """Raise unless observed labels can be classes."""
    try:
        check_classification_targets(labels)
    except ValueError:
        found = labels[labels != np.floor(labels)][0] if labels.dtype.kind == "f" else labels[0]
        raise ValueError(
            f"{name} must hold class labels; found {shown(found)} (Unknown label type: "
            f"{type_of_target(labels)})."
        ) from None


def check_class_numbers(
    labels: np.ndarray, n_classes: int | None = None, *, name: str, gaps: bool = False
) -> None:
    """Raise unless labels, one a row, are classes 0, 1, ...; with `gaps`, NaN where missing.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats._validation import check_class_numbers
    >>> check_class_numbers(np.array([0.0, np.nan, 2.0]), name="y", gaps=True)
    >>> check_class_numbers(np.array([0.0, np.nan, 2.0]), 2, name="y", gaps=True)
    Traceback (most recent call last):
    ValueError: y must hold class labels from 0 to 1; found 2 in row 2.
    """
    if labels.ndim != 1:
        raise ValueError(f"{name} must hold one class label a row; found shape {labels.shape}.")
    last = np.inf if n_classes is None else n_classes - 1
    with np.errstate(invalid="ignore"):
        fits = (labels >= 0) & (labels <= last) & (labels == np.floor(labels)) & (labels < np.inf)
    wrong = ~(fits | np.isnan(labels)) if gaps else ~fits
    if wrong.any():
        row = int(wrong.argmax())
        accepted = "0, 1, 2, ..." if n_classes is None else f"from 0 to {n_classes - 1}"
        found = f"{labels[row]:g}" if np.isfinite(labels[row]) else shown(labels[row])
        raise ValueError(f"{name} must hold class labels {accepted}; found {found} in row {row}.")


def check_counts(y: np.ndarray, *, name: str = "y") -> None:
    """Raise unless every observed label is a count."""
    observed = y[~np.isnan(y)]
    wrong = observed[(observed < 0) | (observed != np.floor(observed))]
    if wrong.size:
        raise ValueError(
            f"{name} must hold counts 0, 1, 2, ... (NaN where missing) for a Poisson expert; "
            f"found {float(wrong[0]):g}."
        )


# --- whether the rows suffice -----------------------------------------------------------------


def check_distinct_rows(
    X: np.ndarray, Y: np.ndarray, weight: np.ndarray | None, n_experts: int
) -> None:
    """Raise if fewer distinct rows (x, y) have weight than there are experts."""
    seen: set[bytes] = set()
    for start in range(0, len(X), _CHUNK):
        stop = min(start + _CHUNK, len(X))
        keep = slice(None) if weight is None else weight[start:stop] > 0
        rows = to_host(np.concatenate([X[start:stop], Y[start:stop]], axis=1)[keep])
        for row in rows:
            seen.add((row + 0.0).tobytes())
            if len(seen) >= n_experts:
                return
    raise ValueError(
        f"n_experts={n_experts} needs at least as many distinct rows of X and y; found "
        f"n_samples={len(X)} with {len(seen)} distinct."
    )


def check_observed(Y: np.ndarray, weight: np.ndarray | None = None, *, name: str = "y") -> None:
    """Raise if an output has no label at all in rows that have weight."""
    Y = Y if weight is None else Y[weight > 0]
    for column in range(Y.shape[1]):
        if np.isnan(Y[:, column]).all():
            which = name if Y.shape[1] == 1 else f"column {column} of {name}"
            raise ValueError(f"{which} must have at least one label; found missing values only.")


def warn_columns(X: np.ndarray, feature_names: list[str], *, fit_intercept: bool) -> None:
    """Warn of what X leaves open: constant columns, fewer rows than coefficients."""
    if fit_intercept:
        ends = to_host(X.min(axis=0)), to_host(X.max(axis=0))
        constant = [n for n, low, high in zip(feature_names, *ends, strict=True) if low == high]
        if constant and len(X) > 1:
            warn(
                f"X is constant in {', '.join(constant)}: a constant column cannot be told from "
                "the intercept and gets coefficient 0.",
                UnderdeterminedFitWarning,
            )
    n_coefficients = X.shape[1] + fit_intercept
    if len(X) < n_coefficients:
        warn(
            f"X has {len(X)} rows for {n_coefficients} coefficients an expert: the fit of minimum "
            "norm is taken, and its coefficients are not determined by the data.",
            UnderdeterminedFitWarning,
        )


# --- single values ----------------------------------------------------------------------------


def shown(value: Any) -> str:
    """What was found, in a few characters of one line."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float) and not np.isfinite(value):
        return "NaN" if np.isnan(value) else "infinity" if value > 0 else "-infinity"
    return " ".join(reprlib.repr(value).split())


def check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    """Raise unless a value is one of the choices."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}; found {shown(value)}.")


def check_confidence_level(level: Any) -> float:
    """Return a level that lies between 0 and 1; raise for any other."""
    if not isinstance(level, int | float | np.number) or not 0 < level < 1:
        raise ValueError(f"confidence_level must be between 0 and 1; found {shown(level)}.")
    return float(level)


def is_number(value: Any) -> bool:
    """Whether a value is a single real number, which text and None are not.

    Examples
    --------
    >>> from w2s_stats._validation import is_number
    >>> is_number(0.5), is_number("0.5"), is_number(True)
    (True, False, False)
    """
    return isinstance(value, Real) and not isinstance(value, bool)


def check_integer(name: str, value: Any, least: int) -> None:
    """Raise unless a value is an integer of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < least:
        raise ValueError(f"{name} must be an integer of at least {least}; found {shown(value)}.")


def check_seed(random_state: Any) -> np.random.RandomState:
    """Return the stream of draws that an integer, a RandomState or None stands for."""
    try:
        return check_random_state(random_state)
    except (ValueError, TypeError):
        raise ValueError(
            "random_state must be an integer from 0 to 2**32 - 1, a numpy RandomState or None; "
            f"found {shown(random_state)}."
        ) from None
