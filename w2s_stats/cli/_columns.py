"""A problem from the named columns of a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from w2s_stats.cli._errors import InputError
from w2s_stats.cli._problems import Problem
from w2s_stats.cli._tables import is_numeric, numbers, read_columns, take

_SOURCE_WORDS, _TARGET_WORDS = ("source", "p"), ("target", "q")
_LISTED = 10  # columns that a sentence names
_MANY = 20  # zeros and ones that two columns have in common
_INDEX = "Unnamed: 0"  # what pandas calls the index of a frame that was saved with it


@dataclass
class Columns:
    """Names of the columns of a file, as given on the command line."""

    y: str = "y"
    y_weak: str = "y_weak"
    y_gold: str | None = None
    domain: str | None = None
    features: Sequence[str] = field(default_factory=tuple)


def read_problem(path: Path, names: Columns, task: str = "auto") -> Problem:
    """Read a problem from a file.

    Parameters
    ----------
    path : Path
        CSV, Parquet or npz.
    names : Columns
        Which column is what.
    task : {"auto", "regression", "classification"}, default="auto"
        "auto" is classification where y is text or truth values, or holds zeros and ones only, and
        -1 for a label that is missing.

    Returns
    -------
    Problem

    Raises
    ------
    InputError
        If the file cannot be read, or a column is unknown or of the wrong kind.
    """
    columns = read_columns(path)
    (y,) = take(columns, [names.y], "--y", path)
    (y_weak,) = take(columns, [names.y_weak], "--y-weak", path)
    gold = None
    if names.y_gold is not None:
        (gold,) = take(columns, [names.y_gold], "--y-gold", path)
    domain = None
    if names.domain is not None:
        (column,) = take(columns, [names.domain], "--domain", path)
        domain = _read_domain(column, names.domain)
    features, left_out = _feature_names(columns, names)
    found = take(columns, features, "--features", path)
    X = np.column_stack(
        [_finite(numbers(c, n, "--features"), n) for c, n in zip(found, features, strict=True)]
    )
    if task == "auto":
        task = _guess_task(y)
    labels = [
        None if column is None else _read_labels(column, name, option, task)
        for column, name, option in (
            (y, names.y, "--y"),
            (y_weak, names.y_weak, "--y-weak"),
            (gold, names.y_gold or "", "--y-gold"),
        )
    ]
    listed = ", ".join(features[:_LISTED]) + (", ..." if len(features) > _LISTED else "")
    note = f"{len(X):,} rows, y = {names.y}, y_weak = {names.y_weak}, x = {listed}{left_out}"
    assert labels[0] is not None and labels[1] is not None
    return Problem(
        str(path), note, X, labels[0], labels[1], labels[2], domain, features, names.y, task
    )


def _finite(column: np.ndarray, name: str) -> np.ndarray:
    wrong = np.flatnonzero(~np.isfinite(column))
    if wrong.size:
        raise InputError(
            f"--features: column {name!r} must hold finite numbers, found "
            f"{column[wrong[0]]:g} in {wrong.size} of {len(column)} rows, first in row {wrong[0]}."
        )
    return column


def _feature_names(columns: dict[str, np.ndarray], names: Columns) -> tuple[list[str], str]:
    """Return the names given (X for X.0, X.1, ...), or all numeric columns without a role.

    And what to say of the columns that are left out unasked.
    """
    roles = {names.y, names.y_weak, names.y_gold, names.domain}
    if names.features:
        wrong = [name for name in names.features if name in roles]
        if wrong:
            raise InputError(
                f"--features must not hold columns of labels or domains, found {wrong[0]!r}."
            )
        return [
            column
            for name in names.features
            for column in (
                [c for c in columns if c.startswith(f"{name}.") and c[len(name) + 1 :].isdigit()]
                if name not in columns and f"{name}.0" in columns
                else [name]
            )
        ], ""
    free = [name for name in columns if name not in roles and name != _INDEX]
    found = [name for name in free if is_numeric(columns[name])]
    if not found:
        raise InputError(
            "--features must name columns: no numeric column is left beside those of y, y_weak, "
            f"y_gold and domain among {', '.join(columns)}."
        )
    y = columns[names.y]
    twin = next((name for name in found if _is_label_again(columns[name], y)), None)
    if twin is not None:
        raise InputError(
            f"--features: column {twin!r} holds the labels of {names.y!r} wherever those are "
            "known; name it with --y-gold if it has gold labels, and otherwise name the features."
        )
    others = [repr(name) for name in free if name not in found][:_LISTED]
    return found, f"; left out, no numbers: {', '.join(others)}" if others else ""


def _is_label_again(column: np.ndarray, y: np.ndarray) -> bool:
    """Whether a column repeats every known label, and too many to do so by chance."""
    if not is_numeric(y):
        return False
    y = y.astype(float)
    known = ~np.isnan(y)
    if _guess_task(y) == "classification":
        known &= y != -1
    same = column[known].astype(float) == y[known]
    return bool(same.all()) and (len(np.unique(y[known])) > 2 or known.sum() >= _MANY)


def _read_domain(column: np.ndarray, name: str) -> np.ndarray:
    """Integers >= 0 (source) and < 0 (target), or the words source and target."""
    if column.dtype.kind in "OUST":
        words = [str(cell).strip().lower() for cell in column]
        wrong = [word for word in words if word not in _SOURCE_WORDS + _TARGET_WORDS]
        if not wrong:
            return np.array([1 if word in _SOURCE_WORDS else -1 for word in words])
    values = numbers(column, name, "--domain")
    if not np.isfinite(values).all() or (values != np.floor(values)).any():
        raise InputError(
            f"--domain: column {name!r} must hold integers, >= 0 for source and < 0 for target, "
            "or the words source and target, without gaps."
        )
    return values.astype(np.int64)


def _guess_task(y: np.ndarray) -> str:
    if y.dtype.kind not in "iuf":
        return "classification"
    seen = np.unique(y[~np.isnan(y.astype(float))])
    return "classification" if set(seen) - {-1} == {0, 1} else "regression"


def _read_labels(column: np.ndarray, name: str, option: str, task: str) -> np.ndarray:
    """Floats with NaN for regression; for classes integers with -1, or objects with None.

    Truth values are text: a column of them that has gaps comes as objects.
    """
    if task == "regression":
        return numbers(column, name, option)
    if column.dtype.kind in "OUSTb":
        empty = [cell is None or cell != cell or str(cell).strip() == "" for cell in column]
        return np.array([None if e else str(c) for e, c in zip(empty, column, strict=True)], object)
    values = numbers(column, name, option)
    if (values[~np.isnan(values)] % 1 != 0).any():
        raise InputError(f"{option}: column {name!r} must hold classes, found fractions.")
    return np.where(np.isnan(values), -1, values).astype(np.int64)
