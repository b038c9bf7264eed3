"""Whitened coordinates: where the EM runs, and the linear maps to and from the data's units.

Normal equations square the condition number of X. In coordinates with mean zero and unit
covariance there is nothing to square; directions in which X does not vary are left out, so that
collinear columns and more columns than rows get the solution of minimum norm (of standardised
coefficients).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from w2s_stats._arrays import array_module, to_host

# Directions with less than this share of the largest variance (of standardised columns) are null.
_RANK_TOLERANCE = 1e-12
_CHUNK = 1 << 16  # rows
_GPU_CHUNK = 1 << 24  # numbers of X: a launch costs as much as many rows


@dataclass(frozen=True)
class Coordinates:
    """z = matrix @ (x - shift), x = shift + inverse @ z; standardised y = (y - y_shift) / y_scale.

    `y_mean` are the means of the labels, `y_weight` the total weight of the rows where each is
    observed, `weight` that of all rows. Weights that add up to less than their number do not count
    rows: `rows_per_weight` takes their sums to rows.
    """

    shift: np.ndarray
    matrix: np.ndarray
    inverse: np.ndarray
    y_shift: np.ndarray
    y_scale: np.ndarray
    y_mean: np.ndarray
    y_weight: np.ndarray
    weight: float
    rows_per_weight: float = 1.0

    @property
    def rank(self) -> int:
        return len(self.matrix)

    def down(self) -> np.ndarray:
        """Matrix that takes (1, x) to (1, z)."""
        return _affine(-self.matrix @ self.shift, self.matrix)

    def up(self) -> np.ndarray:
        """Matrix that takes (1, z) to (1, x)."""
        return _affine(self.shift, self.inverse)


def _affine(offset: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    out = np.zeros((matrix.shape[0] + 1, matrix.shape[1] + 1))
    out[0, 0] = 1.0
    out[1:, 0] = offset
    out[1:, 1:] = matrix
    return out


def quadratic(affine: np.ndarray) -> np.ndarray:
    """Matrix on the features of degree two, given one on (1, x): products of its rows.

    Features (1, x, x_i x_j for i <= j), in the order of scikit-learn's PolynomialFeatures.
    """
    rows, columns = affine.shape
    out_i, out_j = np.triu_indices(rows - 1)
    in_i, in_j = np.triu_indices(columns - 1)
    out = np.zeros((rows + len(out_i), columns + len(in_i)))
    out[:rows, :columns] = affine
    for row, (i, j) in enumerate(zip(out_i + 1, out_j + 1, strict=True), start=rows):
        product = np.outer(affine[i], affine[j])
        product = product + np.tril(product, -1).T
        out[row, 0] = product[0, 0]
        out[row, 1:columns] = product[0, 1:]
        out[row, columns:] = product[1:, 1:][in_i, in_j]
    return out


def _chunks(X: np.ndarray, weight: np.ndarray | None) -> Iterator[tuple[slice, np.ndarray]]:
    xp = array_module(X)
    length = _CHUNK if xp is np else max(_CHUNK, _GPU_CHUNK // X.shape[1])
    for start in range(0, len(X), length):
        rows = slice(start, min(start + length, len(X)))
        yield rows, xp.ones(rows.stop - start) if weight is None else weight[rows]


def measure(
    X: np.ndarray,
    Y: np.ndarray,
    weight: np.ndarray | None,
    *,
    center: bool,
    standardise: np.ndarray,
) -> Coordinates:
    """Two passes over the rows: means, then second moments around them.

    `standardise` tells which columns of Y get mean zero and variance one; without `center`, X is
    only scaled (an expert without intercept cannot absorb a shift).
    """
    xp = array_module(X)
    n_rows, d, m = 0, X.shape[1], Y.shape[1]
    total, x_sum, y_sum, y_weight = 0.0, xp.zeros(d), xp.zeros(m), xp.zeros(m)
    for rows, w in _chunks(X, weight):
        y = xp.asarray(Y[rows], dtype=np.float64)
        observed = ~np.isnan(y)
        total += float(w.sum())
        n_rows += int(np.count_nonzero(w))
        x_sum += w @ xp.asarray(X[rows], dtype=np.float64)
        y_sum += w @ np.where(observed, y, 0.0)
        y_weight += w @ observed
    shift = x_sum / total if center else xp.zeros(d)
    y_mean = y_sum / np.maximum(y_weight, 1e-300)
    gram, y_square = xp.zeros((d, d)), xp.zeros(m)
    for rows, w in _chunks(X, weight):
        z = xp.asarray(X[rows], dtype=np.float64) - shift
        gram += (z.T * w) @ z
        y = xp.asarray(Y[rows], dtype=np.float64)
        y_square += w @ np.where(np.isnan(y), 0.0, (y - y_mean) ** 2)
    gram, y_square, y_weight = to_host(gram), to_host(y_square), to_host(y_weight)
    shift, x_sum, y_mean = to_host(shift), to_host(x_sum), to_host(y_mean)
    matrix, inverse = _whitening(gram / total, x_sum / total)
    y_scale = np.sqrt(y_square / np.maximum(y_weight, 1e-300))
    y_scale = np.where(standardise & (y_scale > 1e-13 * np.abs(y_mean)), y_scale, 1.0)
    y_shift = np.where(standardise & center, y_mean, 0.0)
    rows_per_weight = max(1.0, n_rows / total)
    return Coordinates(
        shift, matrix, inverse, y_shift, y_scale, y_mean, y_weight, total, rows_per_weight
    )


def _whitening(covariance: np.ndarray, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scale = np.sqrt(np.diag(covariance))
    varies = scale > 1e-13 * np.abs(mean)
    unit = np.where(varies, scale, 1.0)
    correlation = covariance / np.outer(unit, unit)
    correlation[~varies] = 0.0
    correlation[:, ~varies] = 0.0
    values, vectors = np.linalg.eigh(correlation)
    keep = values > _RANK_TOLERANCE * max(values.max(initial=0.0), 1.0)
    root, axes = np.sqrt(values[keep]), vectors[:, keep]
    return (axes / root).T / unit, axes * root * unit[:, None]
