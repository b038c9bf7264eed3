"""Steps of M-steps solve their systems, and take none in directions that rows do not determine."""

import numpy as np
import pytest

from w2s_kernels.cholesky import solve_definite
from w2s_stats.experts._newton import solve

CASES = 1000


def systems(rng, rank=None):
    n, p, m = rng.integers(1, 5), rng.integers(1, 12), rng.integers(1, 4)
    rows = rng.normal(size=(n, p + 3 if rank is None else rank, p)) * 10.0 ** rng.integers(-6, 7)
    matrix = rows.swapaxes(-1, -2) @ rows
    return matrix, (matrix @ rng.normal(size=(n, p, m))).swapaxes(-1, -2).copy()


def test_definite_systems_are_solved():
    rng = np.random.default_rng(0)
    for _ in range(CASES):
        matrix, right = systems(rng)
        step = np.empty_like(right)
        assert solve_definite(np.tril(matrix), right, 1e-10, step)
        residual = step @ matrix - right
        scale = np.abs(step) @ np.abs(matrix)
        assert (np.abs(residual) <= 1e-13 * scale + 1e-300).all()
        np.testing.assert_array_equal(solve(np.tril(matrix), right), step)


def test_no_step_in_directions_without_rows():
    rng = np.random.default_rng(1)
    for _ in range(CASES):
        matrix, right = systems(rng, rank=1)
        if matrix.shape[-1] == 1:
            continue
        step = np.empty_like(right)
        assert not solve_definite(matrix, right, 1e-10, step)
        expected = right @ np.linalg.pinv(matrix, rcond=1e-10, hermitian=True)
        scale = np.abs(expected).max() + 1e-300
        np.testing.assert_allclose(solve(matrix, right), expected, atol=1e-6 * scale)


def test_large_systems_go_to_lapack():
    rng = np.random.default_rng(2)
    rows = rng.normal(size=(2, 300, 100))
    matrix = rows.swapaxes(-1, -2) @ rows
    right = rng.normal(size=(2, 3, 100))
    expected = np.linalg.solve(matrix, right.swapaxes(-1, -2)).swapaxes(-1, -2)
    np.testing.assert_allclose(solve(np.tril(matrix), right), expected, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("bad", [np.nan, -1.0, 0.0])
def test_what_is_not_definite_is_said_so(bad):
    matrix, right = np.eye(3)[None].copy(), np.ones((1, 1, 3))
    matrix[0, 1, 1] = bad
    assert not solve_definite(matrix, right, 1e-10, np.empty_like(right))
