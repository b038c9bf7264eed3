"""The fits that the R oracle makes, their data and their log-likelihood in plain NumPy."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, log_expit, logsumexp

from tests.oracles.make_simulated import simulated


class RealCase(NamedTuple):
    """A mixture of experts to fit to a file of classical data.

    ``y`` and every entry of ``x`` are NumPy expressions of the file's columns; ``log`` is known.
    """

    file: str
    y: str
    x: tuple[str, ...]
    expert: Literal["gaussian", "poisson", "bernoulli"]
    gate: Literal["constant", "softmax"]
    n_experts: int


_SEIZURE = ("Treatment == 'Yes'", "log(Day)", "(Treatment == 'Yes') * log(Day)")

REAL: dict[str, RealCase] = {
    name: RealCase(*row)
    for name, row in {
        "tone": ("tonedata.csv", "tuned", ("stretchratio",), "gaussian", "constant", 2),
        "tone_softmax": ("tonedata.csv", "tuned", ("stretchratio",), "gaussian", "softmax", 2),
        "co2": ("CO2data.csv", "CO2", ("GNP",), "gaussian", "constant", 2),
        "co2_softmax": ("CO2data.csv", "CO2", ("GNP",), "gaussian", "softmax", 2),
        "no": ("NOdata.csv", "NO", ("Equivalence",), "gaussian", "constant", 2),
        "no_softmax": ("NOdata.csv", "NO", ("Equivalence",), "gaussian", "softmax", 2),
        "no_inverse": ("NOdata.csv", "Equivalence", ("NO",), "gaussian", "constant", 2),
        "no_inverse_softmax": ("NOdata.csv", "Equivalence", ("NO",), "gaussian", "softmax", 2),
        "aphids": ("aphids.csv", "plntsInf", ("aphRel",), "gaussian", "constant", 2),
        "npreg": ("NPreg.csv", "yn", ("x", "x**2"), "gaussian", "constant", 2),
        "npreg_softmax": ("NPreg.csv", "yn", ("x", "x**2"), "gaussian", "softmax", 2),
        "npreg_poisson": ("NPreg.csv", "yp", ("x",), "poisson", "constant", 2),
        "npreg_poisson_softmax": ("NPreg.csv", "yp", ("x",), "poisson", "softmax", 2),
        "npreg_bernoulli": ("NPreg.csv", "yb", ("x",), "bernoulli", "constant", 2),
        "nregfix": ("NregFix.csv", "y", ("x1", "x2"), "gaussian", "constant", 3),
        "nregfix_softmax": ("NregFix.csv", "y", ("x1", "x2"), "gaussian", "softmax", 3),
        "patent2": ("patent.csv", "Patents", ("lgRD",), "poisson", "constant", 2),
        "patent2_softmax": ("patent.csv", "Patents", ("lgRD",), "poisson", "softmax", 2),
        "patent3": ("patent.csv", "Patents", ("lgRD",), "poisson", "constant", 3),
        "patent3_softmax": ("patent.csv", "Patents", ("lgRD",), "poisson", "softmax", 3),
        "salmonella": ("salmonellaTA98.csv", "y", ("x", "log(x + 10)"), "poisson", "constant", 2),
        "fabric": ("fabricfault.csv", "Faults", ("log(Length)",), "poisson", "constant", 2),
        "seizure": ("seizure.csv", "Seizures", _SEIZURE, "poisson", "constant", 2),
        # Without the interaction: with it, the two experts can be swapped among the treated days
        # alone, and two different sets of parameters have the same likelihood.
        "seizure_softmax": ("seizure.csv", "Seizures", _SEIZURE[:2], "poisson", "softmax", 2),
        "dmft2": ("dmft.csv", "End", ("log(Begin + 0.5)",), "poisson", "constant", 2),
        "dmft2_softmax": ("dmft.csv", "End", ("log(Begin + 0.5)",), "poisson", "softmax", 2),
    }.items()
}


def evaluate(expression: str, columns: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    """Value of a NumPy expression of named columns, as floats."""
    names = {"__builtins__": {}, "log": np.log, **columns}
    return np.asarray(eval(expression, names), dtype=float)


def read_columns(path: Path) -> dict[str, NDArray[Any]]:
    """Columns of a CSV file: floats where every value is a number, else strings."""
    with path.open(newline="", encoding="utf-8") as lines:
        header, *rows = csv.reader(lines)
    columns: dict[str, NDArray[Any]] = {}
    for name, values in zip(header, zip(*rows, strict=True), strict=True):
        try:
            columns[name] = np.array(values, dtype=float)
        except ValueError:
            columns[name] = np.array(values)
    return columns


def load(
    fit: Mapping[str, Any], folder: Path | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Data of a fit.

    Parameters
    ----------
    fit : mapping
        An entry of ``flexmix_fits.json``: ``name``, and for real data ``file``, ``y`` and ``x``.
    folder : path, optional
        Where the files of real data lie. Simulated data need none.

    Returns
    -------
    X : ndarray of shape (n_samples, n_features)
        Features, without an intercept column.
    y : ndarray of shape (n_samples,)
        Responses.
    """
    if fit["file"] is None:
        return simulated(fit["name"])
    if folder is None:
        raise ValueError(f"{fit['name']!r} is real data: give the folder of {fit['file']}")
    columns = read_columns(Path(folder) / fit["file"])
    return (
        np.column_stack([evaluate(x, columns) for x in fit["x"]]),
        evaluate(fit["y"], columns),
    )


def digest(X: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    """sha256 of (y, X), row by row, at ten significant digits."""
    rows = (",".join(f"{value:.9e}" for value in row) for row in np.column_stack([y, X]))
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def log_likelihood(fit: Mapping[str, Any], X: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Log-likelihood of (X, y) at the parameters that a fit records."""
    design = np.column_stack([np.ones(len(y)), X])
    eta = design @ np.array(fit["coef"]).T
    column = y[:, None]
    if fit["expert"] == "gaussian":
        sigma = np.array(fit["sigma"])
        log_density = -0.5 * np.log(2 * np.pi) - np.log(sigma) - 0.5 * ((column - eta) / sigma) ** 2
    elif fit["expert"] == "poisson":
        log_density = column * eta - np.exp(eta) - gammaln(column + 1)
    else:
        log_density = log_expit((2 * column - 1) * eta)
    gate = np.array(fit["gate_coef"])
    logits = design[:, : gate.shape[1]] @ gate.T
    log_gate = logits - logsumexp(logits, axis=1, keepdims=True)
    return float(np.sum(logsumexp(log_gate + log_density, axis=1)))
