"""p log(p/q) - p + q and exact differences in kernels, against 60 digits."""

import mpmath
import numba
import numpy as np
import pytest

from w2s_kernels.elementary import exact_difference, relative_entropy

_options = {"error_model": "numpy", "fastmath": {"contract", "reassoc", "nsz"}}
SMALLEST, TINY = 5e-324, 2.2250738585072014e-308


@numba.njit(**_options)
def relative_entropy_of(p, q, out):
    for i in range(p.size):
        out[i] = relative_entropy(p[i], q[i])


@numba.njit(**_options)
def difference_of(x, y, shift, mean, out):
    for i in range(x.size):
        out[i] = exact_difference(x[i], y[i], shift, mean)


def relative_errors(p, q):
    out = np.empty(len(p))
    relative_entropy_of(p, q, out)
    errors = []
    with mpmath.workdps(60):
        for value, a, b in zip(out, p, q, strict=True):
            a, b = mpmath.mpf(float(a)), mpmath.mpf(float(b))
            truth = a * mpmath.log(a / b) - a + b
            errors.append(float(abs(mpmath.mpf(float(value)) - truth) / truth) if truth else value)
    return np.array(errors)


@pytest.mark.parametrize("width", [1e-15, 1e-9, 1e-4, 0.1, 0.4, 0.5, 1.0, 30.0, 600.0])
def test_relative_entropy(width):
    rng = np.random.default_rng(0)
    p = np.exp(rng.uniform(-5, 0, size=250))
    # Ratios up to exp(width) in both directions: no digits are lost as they come near one.
    q = p * np.exp(rng.uniform(-width, width, size=250))
    assert relative_errors(p, q).max() < 4e-15


def test_around_the_change_of_octave():
    rng = np.random.default_rng(1)
    p = rng.uniform(0.5, 2.0, size=500)
    q = p * np.concatenate([rng.uniform(1.3, 1.55, 250), 1 / rng.uniform(1.3, 1.55, 250)])
    assert relative_errors(p, q).max() < 5e-15


def test_subnormal_numbers():
    p = np.array([1.0, 0.3, SMALLEST, TINY, 1e-310, 1e-300])
    q = np.array([SMALLEST, 1e-310, 0.5, 1e-310, 1.0, TINY / 4])
    assert relative_errors(p, q).max() < 1e-14


def test_equal_arguments_give_zero():
    p = np.concatenate([np.random.default_rng(2).lognormal(sigma=20, size=200), [TINY, SMALLEST]])
    assert (relative_errors(p, p) == 0).all()


def test_differences_keep_what_rounding_takes():
    rng = np.random.default_rng(3)
    for shift in (0.0, 1.0, -1e3, 1e9):
        x = rng.normal(size=300)
        y = x - shift + 1e-7 * rng.normal(size=300)
        out = np.empty(300)
        difference_of(x, y, shift, 3e-8, out)
        with mpmath.workdps(60):
            truth = [
                float(mpmath.mpf(a) - mpmath.mpf(b) - mpmath.mpf(shift) - mpmath.mpf(3e-8))
                for a, b in zip(map(float, x), map(float, y), strict=True)
            ]
        np.testing.assert_allclose(out, truth, rtol=1e-15, atol=1e-21)
