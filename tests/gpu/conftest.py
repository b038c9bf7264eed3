"""One suite, two devices: a real GPU where there is one, and an emulator of it everywhere."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest

from tests.gpu import cupy_on_numpy
from tests.gpu.emulator import COMPILER, Emulator
from w2s_kernels.gpu import _compile


def no_gpu() -> str | None:
    """Why no CUDA device can be used, None where one can."""
    if importlib.util.find_spec("cupy") is None:
        return "CuPy is not installed (w2s-stats[gpu])"
    import cupy

    return None if cupy.is_available() else "no CUDA device"


class OnDevice:
    """The device under test: arrays go there and come back."""

    def __init__(self, xp):
        self.xp = xp

    def put(self, array, *, above=0):
        """Copy an array; its data begin `above` numbers above a multiple of 16 bytes."""
        array = np.asarray(array)
        room = self.xp.zeros(array.size + above + 16, dtype=array.dtype)
        pointer = room.ctypes.data if self.xp is np else room.data.ptr
        start = (-pointer % 16) // array.itemsize + above
        there = room[start : start + array.size].reshape(array.shape)
        there[...] = self.xp.asarray(array)
        return there

    def get(self, value):
        """The numbers of a result, as NumPy has them."""
        return np.asarray(value if self.xp is np else self.xp.asnumpy(value))


@pytest.fixture(params=["emulator", pytest.param("cuda", marks=pytest.mark.gpu)])
def on_device(request, monkeypatch):
    """A device on which the kernels of `w2s_kernels.gpu` run in this test."""
    if request.param == "cuda":
        reason = no_gpu()
        if reason:
            pytest.skip(reason)
    else:
        if COMPILER is None:
            pytest.skip("no C++ compiler (g++), which the emulator of CUDA needs")
        monkeypatch.setattr(_compile, "device", Emulator())
    return OnDevice(_compile.device.xp)


@pytest.fixture
def cupy_of(monkeypatch):
    """CuPy ("cuda"), or what stands in for it ("emulator")."""

    def module(device):
        if device == "cuda":
            if reason := no_gpu():
                pytest.skip(reason)
            return pytest.importorskip("cupy")
        if COMPILER is None:
            pytest.skip("no C++ compiler (g++), which the emulator of CUDA needs")
        for name, stand_in in cupy_on_numpy.modules().items():
            monkeypatch.setitem(sys.modules, name, stand_in)
        monkeypatch.setattr(_compile, "device", cupy_on_numpy.StandIn(sys.modules["cupy"]))
        return sys.modules["cupy"]

    return module


@pytest.fixture(params=["emulator", pytest.param("cuda", marks=pytest.mark.gpu)])
def cupy(request, cupy_of):
    """CuPy, or what stands in for it."""
    return cupy_of(request.param)


@pytest.fixture(params=["emulator", pytest.param("cuda", marks=pytest.mark.gpu)])
def second_gpu(request, cupy_of):
    """A device that is not the current one."""
    cupy = cupy_of(request.param)
    if request.param == "cuda" and cupy.cuda.runtime.getDeviceCount() < 2:
        pytest.skip("one CUDA device only")
    return cupy.cuda.Device(1)
