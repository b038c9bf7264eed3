"""Generated weak models, students and truths, of shapes and kinds where bounds may go wrong."""

import numpy as np


def probability_rows(rng, n, k):
    """Rows between uniform and nearly one class."""
    alpha = 10.0 ** rng.uniform(-1.5, 1.5)
    rows = rng.dirichlet(np.full(k, alpha), size=n) + 1e-300
    return rows / rows.sum(axis=1, keepdims=True)


def floored(rows, gamma):
    """The same rows, pulled to the uniform one so that no entry is below gamma."""
    k = rows.shape[1]
    return gamma + (1 - k * gamma) * rows


def pair(rng, *, n=None, k=None):
    """A weak model's rows and a student's: unrelated, close, very close, tilted, or equal."""
    n = int(rng.integers(1, 12)) if n is None else n
    k = int(rng.integers(2, 7)) if k is None else k
    weak = probability_rows(rng, n, k)
    kind = rng.integers(5)
    if kind == 0:
        student = probability_rows(rng, n, k)
    elif kind == 4:
        student = weak.copy()
    else:
        scale = 10.0 ** (rng.uniform(-9, -2) if kind == 1 else rng.uniform(-2, 0.7))
        student = weak * np.exp(scale * rng.normal(size=(n, k)))
        student /= student.sum(axis=1, keepdims=True)
    return weak, student


def truth(rng, n, k):
    """Probabilities, nearly certain ones, or labels."""
    if rng.integers(3) == 0:
        return rng.integers(k, size=n)
    return probability_rows(rng, n, k)


def as_rows(y, k):
    return np.eye(k)[y] if y.ndim == 1 else y


def mean_kl(p, q, weight=None):
    """E KL(p || q) as it is written."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rows = np.where(p > 0, p * (np.log(p) - np.log(q)), 0.0).sum(axis=1)
    return np.average(rows, weights=weight)


def quantity(bound, name):
    """Value of the first row of a bound's table with this name."""
    return next(row.value for row in bound.table_ if row.name == name)
