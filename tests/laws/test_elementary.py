"""The kernels' exp and log against 40 digits, in both types: two units in the last place."""

import os
import subprocess
import sys
from pathlib import Path

import mpmath
import numba
import numpy as np
import pytest

from w2s_kernels import elementary

# As the kernels call them: in a loop that LLVM may reorder and fuse.
_OPTIONS = {"error_model": "numpy", "fastmath": {"contract", "reassoc", "nsz"}}


def looped(function):
    @numba.njit(**_OPTIONS)
    def loop(x, out):
        for i in range(x.size):
            out[i] = function(x[i])

    return loop


NAMES = ["exp", "log"]
LOOPS = {name: looped(getattr(elementary, name)) for name in NAMES}
TYPES = [np.float64, np.float32]
EXACT = {"exp": mpmath.exp, "log": mpmath.log}


def apply(name, values, dtype):
    # A multiple of any vector length, and a remainder that is computed one by one.
    x = np.resize(np.asarray(values, dtype=dtype), 16 * len(values) + 3)
    out = np.empty_like(x)
    LOOPS[name](x, out)
    return out[: len(values)], x[: len(values)]


def worst(name, values, dtype):
    """Largest error, in the spacing of numbers of the type at the exact result."""
    errors = []
    with mpmath.workdps(40):
        for value, x in zip(*apply(name, values, dtype), strict=True):
            truth = EXACT[name](mpmath.mpf(float(x)))
            spacing = float(np.spacing(np.abs(dtype(float(truth)))))
            errors.append(float(abs(mpmath.mpf(float(value)) - truth) / spacing))
    return max(errors)


def ends(dtype):
    """The numbers between which exp is a normal number, by the type's own limits."""
    facts = np.finfo(dtype)
    low, high = np.log(np.float64(facts.smallest_normal)), np.log(np.float64(facts.max))
    return np.nextafter(dtype(low), dtype(0)), np.nextafter(dtype(high), dtype(0))


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("width", [1e-300, 1e-12, 1e-3, 0.3, 0.4, 1.0, 30.0])
def test_exp(dtype, width):
    x = np.random.default_rng(0).uniform(-width, width, size=1500)
    assert worst("exp", x, dtype) <= 2


@pytest.mark.parametrize("dtype", TYPES)
def test_exp_over_its_range(dtype):
    low, high = ends(dtype)
    rng = np.random.default_rng(1)
    halves = np.log(2) * (np.arange(-80, 80) + 0.5)  # where the exponent changes
    near_ends = [low + rng.uniform(0, 1, 300), high - rng.uniform(0, 1, 300), [low, high]]
    assert worst("exp", np.concatenate([rng.uniform(low, high, 2000), *near_ends]), dtype) <= 2
    assert worst("exp", np.concatenate([halves, np.nextafter(halves, 0)]), dtype) <= 2


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("width", [1e-14, 1e-6, 1e-3, 0.34, 0.35, 1.0, 30.0, 1e3])
def test_log(dtype, width):
    # Around one, where log is near zero, and over the whole range of exponents.
    width = min(width, -float(ends(dtype)[0]))
    x = np.exp(np.random.default_rng(2).uniform(-width, width, size=1500))
    assert worst("log", x, dtype) <= 2


@pytest.mark.parametrize("dtype", TYPES)
def test_log_of_subnormal_and_extreme_numbers(dtype):
    facts = np.finfo(dtype)
    x = facts.smallest_normal * np.random.default_rng(3).random(1000, dtype=dtype)
    x = np.concatenate([x[x > 0], [facts.smallest_subnormal, facts.smallest_normal, facts.max]])
    assert worst("log", x, dtype) <= 2


@pytest.mark.parametrize("dtype", TYPES)
def test_values_that_are_exact(dtype):
    np.testing.assert_array_equal(apply("exp", [0.0, -0.0], dtype)[0], [1.0, 1.0])
    np.testing.assert_array_equal(apply("log", [1.0, 2.0], dtype)[0], dtype([0.0, np.log(2.0)]))


def odd_cases(dtype):
    """What the docstrings say of numbers out of the ordinary: (name, argument, value)."""
    low, high = (float(end) for end in ends(dtype))
    tiny, inf, nan = float(np.finfo(dtype).smallest_subnormal), np.inf, np.nan
    return [
        *(("exp", x, 0.0) for x in (-inf, -1e30, low - 0.1)),
        *(("exp", x, inf) for x in (high + 0.1, 1e30, inf)),
        *(("exp", x, 1.0) for x in (tiny, -tiny)),
        *(("log", x, -inf) for x in (0.0, -0.0)),
        *(("log", x, nan) for x in (-tiny, -1.0, -inf)),
        *((name, inf, inf) for name in NAMES),
        *((name, nan, nan) for name in NAMES),
    ]


@pytest.mark.parametrize("dtype", TYPES)
def test_numbers_out_of_the_ordinary(dtype):
    for name, x, value in odd_cases(dtype):
        found = apply(name, [x], dtype)[0]
        np.testing.assert_array_equal(found, [value], err_msg=f"{name}({x})")
        assert found.dtype == dtype


@pytest.mark.parametrize("dtype", TYPES)
def test_exp_and_log_undo_each_other(dtype):
    x = np.random.default_rng(6).uniform(-80, 80, size=1000).astype(dtype)
    back = apply("log", apply("exp", x, dtype)[0], dtype)[0]
    unit = np.finfo(dtype).eps
    np.testing.assert_allclose(back, x, rtol=4 * unit, atol=4 * unit)


WITHOUT_A_COMPILER = """
import numpy as np
from tests.laws.test_elementary import NAMES, TYPES, odd_cases, worst
from tests.laws.test_relative_entropy import plain_cases
from w2s_kernels import elementary

for dtype in TYPES:
    for name, x, value in odd_cases(dtype):
        found = getattr(elementary, name)(dtype(x))
        assert type(found) is dtype, (name, type(found))
        np.testing.assert_array_equal(found, value, err_msg=f"{name}({x})")
    for name, width in zip(NAMES, (30.0, 0.9), strict=True):
        x = np.random.default_rng(0).uniform(-width, width, size=200)
        assert worst(name, np.exp(x) if name == "log" else x, dtype) <= 2, name
    for p, q, plain in plain_cases(dtype):
        assert (elementary.not_plain(p, q, 0) >= 0) == plain, (p, q)
    p, q = dtype(0.25), dtype(0.75)
    exact = 0.5 - 0.25 * np.log(3.0)
    for function in (elementary.relative_entropy, elementary.relative_entropy_plain):
        assert abs(function(p, q) / exact - 1) < 4 * np.finfo(dtype).eps
    t = dtype(0.3)
    assert abs(elementary.small_excess(t) / (np.expm1(-0.3) + 0.3) - 1) < 1e-6
rows, sums = np.arange(48.0), np.zeros(8)
elementary.add_rows(rows, 0, 6, sums, 0)
np.testing.assert_array_equal(sums, rows.reshape(8, 6).sum(axis=1))
print("as promised")
"""


def test_without_a_compiler_the_contract_is_the_same():
    root = Path(__file__).parents[2]
    environment = {
        **os.environ,
        "NUMBA_DISABLE_JIT": "1",
        "PYTHONPATH": os.pathsep.join([str(root), str(root / "kernels")]),
    }
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_A_COMPILER],
        capture_output=True,
        text=True,
        env=environment,
        cwd=root,
    )
    assert done.stdout == "as promised\n", done.stderr
