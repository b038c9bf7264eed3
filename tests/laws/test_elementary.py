"""The kernels' exp and log against 60 digits: wrong by two units in the last place at most."""

import math

import mpmath
import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2s_kernels.elementary import exp, log

# As the kernels call them: in a loop that LLVM may reorder and fuse.
_options = {"error_model": "numpy", "fastmath": {"contract", "reassoc", "nsz"}}


@numba.njit(**_options)
def exp_of(x, out):
    for i in range(x.size):
        out[i] = exp(x[i])


@numba.njit(**_options)
def log_of(x, out):
    for i in range(x.size):
        out[i] = log(x[i])


def apply(function, values):
    # A multiple of any vector length, and a remainder that is computed one by one.
    x = np.resize(np.asarray(values, dtype=float), 8 * len(values) + 3)
    out = np.empty_like(x)
    function(x, out)
    return out[: len(values)], x[: len(values)]


def units_in_the_last_place(values, exact, x):
    """Largest error of `values`, in the spacing of floats at the exact result."""
    with mpmath.workdps(60):
        errors = []
        for value, argument in zip(values, x, strict=True):
            truth = exact(mpmath.mpf(float(argument)))
            spacing = max(abs(float(np.spacing(float(truth)))), 5e-324)
            errors.append(float(abs(mpmath.mpf(float(value)) - truth) / spacing))
        return max(errors)


finite = st.floats(-708.0, 709.0)
positive = st.floats(2.2250738585072014e-308, 1.7976931348623157e308)


@given(st.lists(finite, min_size=1, max_size=40))
def test_exp(values):
    assert units_in_the_last_place(*_swap(apply(exp_of, values), mpmath.exp)) <= 2


@given(st.lists(positive, min_size=1, max_size=40))
def test_log(values):
    assert units_in_the_last_place(*_swap(apply(log_of, values), mpmath.log)) <= 2


def _swap(pair, exact):
    return pair[0], exact, pair[1]


@pytest.mark.parametrize("width", [1e-300, 1e-12, 1e-3, 0.3, 1.0, 30.0, 700.0])
def test_exp_over_its_range(width):
    x = np.random.default_rng(0).uniform(-width, width, size=2000)
    assert units_in_the_last_place(*_swap(apply(exp_of, x), mpmath.exp)) <= 2


@pytest.mark.parametrize("width", [1e-14, 1e-8, 1e-3, 0.3, 1.0, 30.0, 700.0])
def test_log_over_its_range(width):
    # Around one, where log is near zero, and over the whole range of exponents.
    x = np.exp(np.random.default_rng(1).uniform(-width, width, size=2000))
    assert units_in_the_last_place(*_swap(apply(log_of, x), mpmath.log)) <= 2


def test_values_that_are_exact():
    np.testing.assert_array_equal(apply(exp_of, [0.0, -0.0])[0], [1.0, 1.0])
    np.testing.assert_array_equal(apply(log_of, [1.0])[0], [0.0])
    assert apply(log_of, [2.0])[0][0] == math.log(2.0)


def test_exp_at_the_ends():
    values, _ = apply(exp_of, [-np.inf, -1e308, -746.0, -708.0001, 709.0001, 1e308, np.inf, np.nan])
    np.testing.assert_array_equal(values[:4], 0.0)
    np.testing.assert_array_equal(values[4:7], np.inf)
    assert np.isnan(values[7])
    # Just inside, where results are normal numbers, nothing is cut.
    inside, _ = apply(exp_of, [-708.0, 709.0])
    np.testing.assert_allclose(inside, np.exp([-708.0, 709.0]), rtol=1e-15)


def test_exp_and_log_undo_each_other():
    x = np.random.default_rng(2).uniform(-300, 300, size=1000)
    back, _ = apply(log_of, apply(exp_of, x)[0])
    np.testing.assert_allclose(back, x, rtol=1e-14, atol=1e-15)
