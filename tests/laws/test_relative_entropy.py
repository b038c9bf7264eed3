"""p log(p/q) - p + q and exact differences in kernels, against 60 digits."""

import mpmath
import numba
import numpy as np
import pytest

from w2s_kernels.elementary import (
    exact_difference,
    not_plain,
    relative_entropy,
    relative_entropy_plain,
    small_excess,
)

_options = {"error_model": "numpy", "fastmath": {"contract", "reassoc", "nsz"}}
SMALLEST, TINY = 5e-324, 2.2250738585072014e-308


@numba.njit(**_options)
def relative_entropy_of(p, q, out):
    for i in range(p.size):
        out[i] = relative_entropy(p[i], q[i])


@numba.njit(**_options)
def plain_of(p, q, out):
    for i in range(p.size):
        out[i] = relative_entropy_plain(p[i], q[i])


@numba.njit(**_options)
def not_plain_of(p, q, out):
    for i in range(p.size):
        out[i] = not_plain(p[i], q[i], 0)


@numba.njit(**_options)
def small_excess_of(t, out):
    for i in range(t.size):
        out[i] = small_excess(t[i])


@numba.njit(**_options)
def difference_of(x, y, shift, mean, out):
    for i in range(x.size):
        out[i] = exact_difference(x[i], y[i], shift, mean)


def relative_errors(p, q, function=relative_entropy_of):
    out = np.empty_like(p)
    function(p, q, out)
    errors = []
    with mpmath.workdps(60):
        for value, a, b in zip(out, p, q, strict=True):
            a, b = mpmath.mpf(float(a)), mpmath.mpf(float(b))
            truth = a * mpmath.log(a / b) - a + b
            errors.append(float(abs(mpmath.mpf(float(value)) - truth) / truth) if truth else value)
    return np.array(errors)


BOUNDS = [
    (relative_entropy_of, np.float64, 5e-15),
    (relative_entropy_of, np.float32, 1e-7),
    (plain_of, np.float64, 5e-15),
    (plain_of, np.float32, 2e-6),
]
EACH = pytest.mark.parametrize(("function", "dtype", "bound"), BOUNDS)


@EACH
@pytest.mark.parametrize("width", [1e-15, 1e-9, 1e-6, 1e-4, 0.1, 0.4, 0.5, 1.0, 30.0, 600.0])
def test_relative_entropy(width, function, dtype, bound):
    rng = np.random.default_rng(0)
    p = np.exp(rng.uniform(-5, 0, size=250)).astype(dtype)
    # Ratios up to exp(width) in both directions: no digits are lost as they come near one.
    width = min(width, 80.0) if dtype is np.float32 else width
    q = (p * np.exp(rng.uniform(-width, width, size=250))).astype(dtype)
    assert relative_errors(p, q, function).max() < bound


@EACH
def test_terms_are_never_negative(function, dtype, bound):
    rng = np.random.default_rng(4)
    p = rng.lognormal(sigma=3.0, size=20_000).astype(dtype)
    for spread in (1e-7, 1e-2, 1.0):
        q = (p * np.exp(spread * rng.normal(size=p.size))).astype(dtype)
        out = np.empty_like(p)
        function(p, q, out)
        assert out.min() >= 0


@EACH
def test_around_the_change_of_octave(function, dtype, bound):
    rng = np.random.default_rng(1)
    p = rng.uniform(0.5, 2.0, size=1000).astype(dtype)
    ratio = np.concatenate([rng.uniform(1.3, 1.55, 500), 1 / rng.uniform(1.3, 1.55, 500)])
    assert relative_errors(p, (p * ratio).astype(dtype), function).max() < bound


def test_subnormal_numbers():
    p = np.array([1.0, 0.3, SMALLEST, TINY, 1e-310, 1e-300])
    q = np.array([SMALLEST, 1e-310, 0.5, 1e-310, 1.0, TINY / 4])
    assert relative_errors(p, q).max() < 1e-14


def test_equal_arguments_give_zero():
    p = np.concatenate([np.random.default_rng(2).lognormal(sigma=20, size=200), [TINY, SMALLEST]])
    assert (relative_errors(p, p) == 0).all()


def plain_cases(dtype):
    """Pairs, and whether the shorter form takes them."""
    tiny, small = np.finfo(dtype).smallest_normal, np.finfo(dtype).smallest_subnormal
    good = [(0.0, 0.5), (0.5, 0.5), (tiny, tiny), (small, 1.0), (1e30, 1e-30)]
    bad = [(-0.5, 0.5), (-0.0, 0.5), (0.5, 0.0), (0.5, -0.0), (0.5, small), (0.5, -1.0), (0.0, 0.0)]
    return [(dtype(p), dtype(q), True) for p, q in good] + [
        (dtype(p), dtype(q), False) for p, q in bad
    ]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_which_numbers_are_plain(dtype):
    p, q, plain = (np.array(a) for a in zip(*plain_cases(dtype), strict=True))
    out = np.empty(len(p), dtype=np.int64)
    not_plain_of(p, q, out)
    np.testing.assert_array_equal(out >= 0, plain)
    values = np.empty_like(p)
    plain_of(p, q, values)
    assert values[0] == q[0]  # of p = 0
    assert np.isfinite(values[plain]).all()
    with_nan = np.array([np.nan, 0.5], dtype=dtype)
    for a, b in ((with_nan, with_nan[::-1].copy()), (with_nan[::-1].copy(), with_nan)):
        plain_of(a, b, values[:2])
        assert np.isnan(values[:2]).all()


@pytest.mark.parametrize(("dtype", "bound"), [(np.float64, 7e-16), (np.float32, 8e-7)])
@pytest.mark.parametrize("width", [1e-9, 1e-3, 0.4])
def test_what_an_exponential_has_beyond_its_first_terms(dtype, bound, width):
    t = np.random.default_rng(5).uniform(-width, width, size=1000).astype(dtype)
    out = np.empty_like(t)
    small_excess_of(t, out)
    with mpmath.workdps(60):
        for value, x in zip(out, t, strict=True):
            x = mpmath.mpf(float(x))
            assert abs(mpmath.mpf(float(value)) / (mpmath.exp(-x) - 1 + x) - 1) < bound


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
