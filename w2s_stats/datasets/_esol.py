"""ESOL: measured solubilities with a published linear model's predictions as weak labels."""

from __future__ import annotations

import csv
import gzip
import os
import zlib
from importlib import resources
from pathlib import Path

import numpy as np
from sklearn.utils import Bunch

_VARIABLE = "W2S_STATS_DATA"
_PLACES = ("esol.csv.gz", "moleculenet/esol.csv.gz")
_FEATURES = (
    "Minimum Degree",
    "Molecular Weight",
    "Number of H-Bond Donors",
    "Number of Rings",
    "Number of Rotatable Bonds",
    "Polar Surface Area",
)
_MEASURED = "measured log solubility in mols per litre"
_PREDICTED = "ESOL predicted log solubility in mols per litre"
_SMILES = "smiles"


def load_esol(path_or_folder: str | os.PathLike | None = None) -> Bunch:
    """Load ESOL: solubility of molecules, with Delaney's predictions as weak labels.

    The data is not in the package. The file is MoleculeNet's ``delaney-processed.csv``,
    compressed by gzip and named ``esol.csv.gz``.

    Parameters
    ----------
    path_or_folder : path-like or None, default=None
        The file itself, or a folder that holds ``esol.csv.gz`` or
        ``moleculenet/esol.csv.gz``. Left out: the folder (or file) that the environment variable
        ``W2S_STATS_DATA`` names.

    Returns
    -------
    Bunch
        X : ndarray of shape (n_samples, 6)
            Descriptors of each molecule, in the order of `feature_names`; 1,128 rows in
            MoleculeNet's file.
        y : ndarray of shape (n_samples,)
            Measured solubility, log10 mol/L.
        y_weak : ndarray of shape (n_samples,)
            Predicted solubility, log10 mol/L.
        smiles : ndarray of shape (n_samples,)
            The structures, as text.
        feature_names : list of str
        target_name : str
        DESCR : str

    Raises
    ------
    FileNotFoundError
        If no such file is found.
    TypeError
        If `path_or_folder` is no path.
    ValueError
        If the file is not a gzip-compressed CSV table with the expected columns.

    References
    ----------
    .. [1] Delaney (2004), ESOL: estimating aqueous solubility directly from molecular structure.

    Examples
    --------
    >>> from w2s_stats.datasets import load_esol
    >>> try:
    ...     load_esol("no/such/folder")
    ... except FileNotFoundError as error:
    ...     print(str(error)[:38])
    path_or_folder holds no ESOL data: got
    """
    if path_or_folder is not None and not isinstance(path_or_folder, str | os.PathLike):
        raise TypeError(
            f"path_or_folder must be a path or None; got a {type(path_or_folder).__name__}."
        )
    path = _find(path_or_folder)
    columns = [*_FEATURES, _MEASURED, _PREDICTED, _SMILES]
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            absent = [name for name in columns if name not in (reader.fieldnames or ())]
            rows = [] if absent else [[row[name] for name in columns] for row in reader]
    except (gzip.BadGzipFile, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(
            f"path_or_folder leads to {path}, which is not a gzip-compressed CSV table ({error})."
        ) from error
    if absent:
        raise ValueError(f"path_or_folder leads to {path}, which lacks the column {absent[0]!r}.")
    try:
        numbers = np.array([[float(cell) for cell in row[:-1]] for row in rows])
    except (TypeError, ValueError):
        numbers = np.array([[np.nan]])
    if not rows or not np.isfinite(numbers).all():
        raise ValueError(
            f"path_or_folder leads to {path}, which has no rows or a cell that should be a finite "
            "number and is not."
        )
    folder = resources.files(__package__) / "data"
    return Bunch(
        X=numbers[:, : len(_FEATURES)].copy(),
        y=numbers[:, -2].copy(),
        y_weak=numbers[:, -1].copy(),
        smiles=np.array([(row[-1] or "").strip() for row in rows], dtype=object),
        feature_names=list(_FEATURES),
        target_name=_MEASURED,
        DESCR=(folder / "esol.rst").read_text(encoding="utf-8"),
    )


def _find(path_or_folder: str | os.PathLike | None) -> Path:
    """Return the file, wherever one of the accepted layouts has it."""
    given: str | os.PathLike | None = path_or_folder
    given = os.environ.get(_VARIABLE) if given is None else given
    if given:
        root = Path(given)
        for path in (root, *(root / place for place in _PLACES)):
            if path.is_file():
                return path
    found = f"{os.fspath(given)!r}" if given else f"nothing, and {_VARIABLE} is not set"
    raise FileNotFoundError(
        f"path_or_folder holds no ESOL data: got {found}; accepted is the file esol.csv.gz, "
        f"a folder with {_PLACES[0]} or {_PLACES[1]} in it, or such a folder in the environment "
        f"variable {_VARIABLE}."
    )
