"""Every CUDA kernel computes what its plain NumPy twin does, on a GPU and on the emulator."""

import inspect
import pkgutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.laws.test_kernels_agree import ALL, CASES, MODULES, Shapes, counted, functions
from w2s_kernels import gpu, reference


def test_same_modules():
    modules = {m.name for m in pkgutil.iter_modules(gpu.__path__)}
    assert sorted(name for name in modules if not name.startswith("_")) == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_same_names_and_signatures(module):
    own, plain = functions(gpu, module), functions(reference, module)
    assert own.keys() == plain.keys()
    for name, function in plain.items():
        assert list(inspect.signature(own[name]).parameters) == list(
            inspect.signature(function).parameters
        ), name


# Sums of float32 numbers are double, the terms are not.
TOLERANCES = {True: {"rtol": 2e-5, "atol": 1e-6}, False: {"rtol": 1e-10, "atol": 1e-11}}


# Those of the EM have a test of their own, test_em_kernels.py.
KERNELS = [(m, name) for m, name in ALL if m not in ("em", "experts", "gates", "gram")]


@pytest.mark.parametrize(("module", "name"), KERNELS, ids=[name for _, name in KERNELS])
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(draw=st.data())
def test_same_results(module, name, draw, on_device):
    arguments, changed = CASES[name](Shapes(draw.draw))
    there = [on_device.put(a) if isinstance(a, np.ndarray) else a for a in arguments]
    with np.errstate(all="ignore"):
        plain = functions(reference, module)[name](*arguments)
    result = functions(gpu, module)[name](*there)
    single = any(isinstance(a, np.ndarray) and a.dtype == np.float32 for a in arguments)
    tolerance = TOLERANCES[single]
    if plain is not None or result is not None:
        np.testing.assert_allclose(on_device.get(result), plain, **tolerance)
    for i, (own, other) in enumerate(zip(there, arguments, strict=True)):
        if not isinstance(other, np.ndarray):
            continue
        own = on_device.get(own)
        if i not in changed:
            np.testing.assert_array_equal(own, other, err_msg=f"argument {i} was changed")
            continue
        own, other = counted(name, i, own), counted(name, i, other)
        if other.dtype.kind == "u":
            np.testing.assert_array_equal(own, other)
        else:
            scale = 1.0 + np.max(np.abs(np.nan_to_num(other, posinf=0, neginf=0)), initial=0.0)
            np.testing.assert_allclose(
                own, other, rtol=tolerance["rtol"], atol=tolerance["atol"] * scale
            )
