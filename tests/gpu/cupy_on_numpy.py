"""CuPy's arrays without a GPU: NumPy's numbers behind what CuPy allows, and refuses.

Only names that CuPy has are here, and tests compare them with CuPy where it is installed. As with
CuPy, nothing turns into a NumPy array unless `get` is called, nothing mixes with NumPy arrays, and
what NumPy would return as a number is an array of no dimensions.
"""

from __future__ import annotations

import types

import numpy as np
from scipy import special

from tests.gpu.emulator import Emulator

# What CuPy takes beside its own arrays.
NUMBERS = (bool, int, float, np.number, np.bool_)
CREATION = ("arange", "empty", "eye", "ones", "zeros")
FUNCTIONS = (
    *("atleast_1d", "broadcast_to", "concatenate", "count_nonzero", "einsum", "isfinite", "isinf"),
    *("isnan", "nansum", "ones_like", "partition", "repeat", "sort", "stack", "take_along_axis"),
    *("unique", "where"),
)
UFUNCS = (
    *(
        "add",
        "bitwise_and",
        "bitwise_or",
        "equal",
        "exp",
        "floor",
        "greater",
        "invert",
        "less",
        "less_equal",
        "log",
        "logical_not",
    ),
    *("matmul", "maximum", "minimum", "multiply", "negative", "not_equal", "power", "remainder"),
    *("square", "subtract", "divide", "absolute", "greater_equal", "log1p"),
)
METHODS = (
    *("all", "any", "argmax", "argmin", "astype", "max", "mean", "min", "ravel", "reshape", "sum"),
    *("swapaxes",),
)


def to_numpy(value):
    """Arguments for NumPy: ours by their numbers; NumPy's arrays are refused, as CuPy does."""
    if isinstance(value, Array):
        if value.device.id != Device().id:
            raise ValueError("Array device must be same as the current device")
        return value.host
    if isinstance(value, tuple | list):
        return type(value)(to_numpy(v) for v in value)
    if isinstance(value, np.ndarray):
        raise TypeError("Implicit conversion to a CuPy array is not allowed.")
    return value


def wrapped(function):
    def call(*args, **kwargs):
        result = function(*to_numpy(args), **{k: to_numpy(v) for k, v in kwargs.items()})
        return Array(np.asarray(result))

    return call


class Device:
    """One of as many as are asked for; a context makes it the current one."""

    _current = [0]

    def __init__(self, number=None):
        self.id = self._current[-1] if number is None else number

    def __enter__(self):
        self._current.append(self.id)
        return self

    def __exit__(self, *error):
        self._current.pop()


class Array(np.lib.mixins.NDArrayOperatorsMixin):
    """An array of the device that is current when it is made, which alone computes with it."""

    def __init__(self, host, device=None):
        self.host = host
        self.device = Device() if device is None else device

    dtype = property(lambda self: self.host.dtype)
    shape = property(lambda self: self.host.shape)
    ndim = property(lambda self: self.host.ndim)
    size = property(lambda self: self.host.size)
    flags = property(lambda self: self.host.flags)
    strides = property(lambda self: self.host.strides)
    T = property(lambda self: Array(self.host.T, self.device))

    def get(self):
        return self.host.copy()

    def __array__(self, *args, **kwargs):
        raise TypeError("Implicit conversion to a NumPy array is not allowed.")

    def __array_ufunc__(self, ufunc, method, *inputs, out=None):
        if method != "__call__" or ufunc.__name__ not in UFUNCS + FUNCTIONS:
            return NotImplemented
        inputs = [to_numpy(x) for x in inputs]
        assert all(isinstance(x, (np.ndarray, *NUMBERS)) for x in inputs)
        if out is None:
            return Array(np.asarray(ufunc(*inputs)))
        ufunc(*inputs, out=out[0].host)
        return out[0]

    def __array_function__(self, function, types, args, kwargs):
        if function.__name__ not in FUNCTIONS:
            return NotImplemented
        return wrapped(function)(*args, **kwargs)

    def __getitem__(self, index):
        return Array(np.asarray(self.host[self._index(index)]), self.device)

    def __setitem__(self, index, value):
        self.host[self._index(index)] = to_numpy(value)

    @staticmethod
    def _index(index):
        """Indices may lie on the host."""
        parts = index if isinstance(index, tuple) else (index,)
        return tuple(p.host if isinstance(p, Array) else p for p in parts)

    def __len__(self):
        return len(self.host)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __bool__(self):
        return bool(self.host)

    def __int__(self):
        return int(self.host)

    def __float__(self):
        return float(self.host)


def _method(name):
    def call(self, *args, **kwargs):
        return wrapped(getattr(np.ndarray, name))(self, *args, **kwargs)

    return call


for _name in METHODS:
    setattr(Array, _name, _method(_name))


def asarray(a, dtype=None, order=None):
    """Numbers of the host are copied; an array of ours stays what it is where it can."""
    if isinstance(a, Array):
        host = np.asarray(to_numpy(a), dtype=dtype, order=order)
        return a if host is a.host else Array(host)
    return Array(np.array(a, dtype=dtype, order=order or "K"))


def ascontiguousarray(a, dtype=None):
    return asarray(a, dtype, "C")


def module() -> types.ModuleType:
    """What stands in for the module ``cupy``."""
    cupy = types.ModuleType("cupy")
    cupy.ndarray, cupy.generic = Array, np.generic
    cupy.asarray, cupy.ascontiguousarray = asarray, ascontiguousarray
    cupy.cuda = types.SimpleNamespace(Device=Device)
    for name in CREATION + FUNCTIONS:
        setattr(cupy, name, wrapped(getattr(np, name)))
    return cupy


def modules() -> dict[str, types.ModuleType]:
    """The modules that are imported as if CuPy were there."""
    functions = types.ModuleType("cupyx.scipy.special")
    functions.gammaln = wrapped(special.gammaln)
    return {"cupy": module(), "cupyx.scipy.special": functions}


class StandIn(Emulator):
    """The emulator, for these arrays; like CUDA it takes no others."""

    def __init__(self, cupy):
        super().__init__()
        self._cupy = cupy

    @property
    def xp(self):
        return self._cupy

    def launch(self, source, name, real, grid, block, arguments):
        super().launch(source, name, real, grid, block, [to_numpy(a) for a in arguments])
