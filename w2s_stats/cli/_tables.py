"""Named columns from CSV, Parquet and npz files."""

from __future__ import annotations

import textwrap
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from w2s_stats.cli._errors import InputError

KINDS = (".csv", ".csv.gz", ".parquet", ".npz")


def read_columns(path: Path) -> dict[str, np.ndarray]:
    """Read a table.

    Parameters
    ----------
    path : Path
        A file that ends in one of :data:`KINDS`. In an npz file, arrays of one dimension are
        columns; one of two dimensions, X say, gives the columns X.0, X.1, ...

    Returns
    -------
    dict of str to ndarray
        Columns of equal length, at least one row.

    Raises
    ------
    InputError
        If there is no such file, it is not a table, or what reads it is not installed.
    """
    if path.is_dir():
        raise InputError(f"--data must be tone, esol or a file, found the folder {path}.")
    name = path.name.lower()
    if not name.endswith(KINDS):
        raise InputError(
            f"--data must be tone, esol or a file that ends in {', '.join(KINDS)}; found {path}."
        )
    if not path.is_file():
        raise InputError(f"--data must be tone, esol or a file; there is no file {path}.")
    try:
        columns = _read_npz(path) if name.endswith(".npz") else _read_frame(path)
    except PermissionError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    if not columns or not len(next(iter(columns.values()))):
        raise InputError(f"{path} is a table without rows.")
    return columns


def take(
    columns: Mapping[str, np.ndarray], names: Sequence[str], option: str, path: Path
) -> list[np.ndarray]:
    """Return columns by name.

    Parameters
    ----------
    columns : mapping of str to ndarray
        What `read_columns` returned.
    names : sequence of str
        Which.
    option, path : str and Path
        For the message.

    Raises
    ------
    InputError
        If a name is not a column; the message lists those that are.
    """
    for name in names:
        if name not in columns:
            available = list(columns)
            some = ", ".join(available[:20]) + (", ..." if len(available) > 20 else "")
            raise InputError(f"{option}: {path} has no column {name!r}; it has {some}.")
    return [columns[name] for name in names]


def numbers(column: np.ndarray, name: str, option: str) -> np.ndarray:
    """Return a column as float64, NaN where missing, or raise with the first wrong cell."""
    try:
        return np.asarray(column, dtype=np.float64)
    except (TypeError, ValueError):
        cell = next(cell for cell in column if not _is_number(cell))
        raise InputError(
            f"{option}: column {name!r} must hold numbers, found {str(cell)[:40]!r}."
        ) from None


def is_numeric(column: np.ndarray) -> bool:
    """Whether a column holds numbers or truth values."""
    return column.dtype.kind in "biuf"


def _is_number(cell: Any) -> bool:
    try:
        float(cell)
    except (TypeError, ValueError):
        return False
    return True


def _read_frame(path: Path) -> dict[str, np.ndarray]:
    """Read CSV or Parquet with pandas."""
    try:
        import pandas as pd
    except ImportError as error:
        raise InputError(f"{path} needs pandas, which is not installed.") from error
    parquet = path.suffix.lower() == ".parquet"
    try:
        frame = pd.read_parquet(path) if parquet else pd.read_csv(path)
    except ImportError as error:
        raise InputError(
            f"{path} needs pyarrow, which is not installed: pip install pyarrow."
        ) from error
    except PermissionError:
        raise
    except Exception as error:  # each reader has its own kinds
        raise InputError(f"{path} is not a table that can be read: {_reason(error)}.") from error
    if not parquet:
        _refuse_equal_names(pd.read_csv(path, header=None, nrows=1, dtype=str), path)
    return {str(name): _to_array(frame[name]) for name in frame.columns}


def _reason(error: Exception) -> str:
    """Return the first sentence of an error, cut after a word where it is long."""
    first = str(error).split("\n")[0].split(". ")[0].rstrip(".")
    if "Multiple matches for FieldRef" in first:
        return "two columns have one name"
    return textwrap.shorten(first, 250, placeholder=" ...") or type(error).__name__


def _refuse_equal_names(header: Any, path: Path) -> None:
    """Raise if two columns have one name: pandas would call them x and x.1 without a word."""
    names = [name for name in header.iloc[0] if isinstance(name, str)]
    twice = next((name for number, name in enumerate(names) if name in names[:number]), None)
    if twice is not None:
        raise InputError(f"{path} must have one column of each name, found {twice!r} twice.")


def _to_array(series: Any) -> np.ndarray:
    """Numbers as NumPy numbers (NaN where missing), everything else as objects."""
    import pandas as pd

    types = pd.api.types
    if types.is_bool_dtype(series.dtype) and not series.hasnans:
        return series.to_numpy(dtype=bool)
    if types.is_numeric_dtype(series.dtype) and not types.is_complex_dtype(series.dtype):
        whole = types.is_integer_dtype(series.dtype) and not series.hasnans
        return series.to_numpy(dtype=np.int64 if whole else np.float64, na_value=np.nan)
    return series.to_numpy(dtype=object, na_value=None)


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    """Read arrays by name; pickled objects are refused, since loading them can run any code."""
    if not zipfile.is_zipfile(path):
        path.open("rb").close()  # what may not be read is no zip file either
        raise InputError(f"{path} is not an npz file of arrays.")
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except ValueError as error:
        if "allow_pickle" in str(error):
            raise InputError(
                f"{path} holds pickled objects, which are refused because loading them can run "
                "code; save plain arrays of numbers or text."
            ) from error
        raise InputError(f"{path} is not an npz file of arrays.") from error
    except (zipfile.BadZipFile, EOFError, OSError, KeyError, AttributeError) as error:
        if isinstance(error, PermissionError):
            raise
        raise InputError(f"{path} is not an npz file of arrays.") from error
    columns: dict[str, np.ndarray] = {}
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):  # an entry that is no .npy file comes as bytes
            raise InputError(f"{path} is not an npz file of arrays: {name!r} is none.")
        if array.ndim not in (1, 2):
            raise InputError(
                f"{path} must hold arrays of one or two dimensions, found {name!r} of shape "
                f"{array.shape}."
            )
        if array.ndim == 1:
            columns[name] = array
        else:
            columns |= {f"{name}.{j}": array[:, j] for j in range(array.shape[1])}
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{name} {length}" for name, length in list(lengths.items())[:10])
        raise InputError(f"{path} must hold arrays of one length, found {found}.")
    return columns
