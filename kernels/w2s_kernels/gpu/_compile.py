"""CUDA sources, compiled by CuPy at first use, and launched: the only place that knows the device.

A kernel runs on CuPy's current device and stream, and nobody waits for it. Its source is compiled
once for each type of number, which it calls REAL, so that the names of kernels are plain C.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from w2s_kernels.gpu._sizes import MACROS

FOLDER = Path(__file__).parent
_SHORTEST_CHUNK, _LONGEST_CHUNK = 1 << 11, 1 << 14  # rows of a block, in between
_ENOUGH_BLOCKS = 1 << 10  # of all tasks: some eight a processor
_MOST_BLOCKS = 1 << 12  # of a task, whose last one adds up what they leave
# NumPy has no bfloat16: its bits are held by uint16.
REAL = {"float32": "float", "float64": "double", "float16": "half_t", "uint16": "bfloat16_t"}


def options(real: str) -> tuple[str, ...]:
    """What the compiler is told, of a source for one type of number."""
    return ("-std=c++17", f"-DREAL={real}", *MACROS)


def program(source: str) -> str:
    """Text of ``<source>.cu`` with the headers that it includes, each once.

    One text, because CuPy's cache on disk does not look into headers.
    """
    seen: set[str] = set()

    def expand(name: str) -> str:
        if name in seen:
            return ""
        seen.add(name)
        lines = []
        for number, line in enumerate((FOLDER / name).read_text().splitlines(), start=1):
            header = re.match(r'#include "(.+)"', line)
            if header:
                lines += [expand(header[1]), f'#line {number + 1} "{name}"']
            else:
                lines.append(line)
        return "\n".join([f'#line 1 "{name}"', *lines])

    return expand(f"{source}.cu") + "\n"


class Device:
    """The current CUDA device, by CuPy. Tests put another in its place that needs no GPU."""

    @property
    def xp(self) -> Any:
        """The module of its arrays."""
        import cupy

        return cupy

    def launch(
        self,
        source: str,
        name: str,
        real: str,
        grid: Sequence[int],
        block: Sequence[int],
        arguments: Sequence[Any],
    ) -> None:
        """Start a kernel of ``<source>.cu``; scalars are NumPy's, of the kernel's types."""
        _module(source, real).get_function(name)(tuple(grid), tuple(block), tuple(arguments))


@cache
def _module(source: str, real: str) -> Any:
    import cupy

    return cupy.RawModule(code=program(source), options=options(real))


device = Device()


def run(
    kernel: str,
    *arguments: Any,
    grid: int | Sequence[int],
    block: int | Sequence[int],
    real: Any = None,
) -> None:
    """Start ``"<source>.<name>"``: Python's integers are passed as long long, floats as double.

    `real` is the type of number that the source calls REAL, by default the first argument's.
    """
    source, name = kernel.split(".")
    passed = []
    for argument in arguments:
        if isinstance(argument, bool | int):
            argument = np.int64(argument)
        elif isinstance(argument, float):
            argument = np.float64(argument)
        else:
            assert argument.flags.c_contiguous, f"{kernel}: C order"
        passed.append(argument)
    real = arguments[0].dtype if real is None else np.dtype(real)
    grid, block = ((n,) if isinstance(n, int) else n for n in (grid, block))
    if min(grid) > 0:
        device.launch(source, name, REAL[real.name], grid, block, passed)


def empty(shape: int | tuple[int, ...], dtype: Any = np.float64) -> Any:
    """An array on the device, its numbers not set."""
    return device.xp.empty(shape, dtype)


def zeros(shape: int | tuple[int, ...] = (), dtype: Any = np.int64) -> Any:
    """An array of zeros on the device: a status, a counter of blocks, sums."""
    return device.xp.zeros(shape, dtype)


def alike(*arrays: Any) -> list[Any]:
    """Arrays in the type of number that holds them all, None as it is; none is copied without need.

    Integers become float64.
    """
    given = [array.dtype for array in arrays if array is not None]
    common = np.result_type(*given)
    dtype = common if common == np.float32 else np.float64
    return [None if array is None else array.astype(dtype, copy=False) for array in arrays]


def ceil_div(a: int, b: int) -> int:
    """Blocks of b that hold a."""
    return -(-a // b)


def chunk_of(n: int, n_tasks: int = 1) -> int:
    """Rows that a block adds up, of each of some tasks: so few that there are blocks for a device.

    A whole number of 16-byte loads, by sizes alone: another device adds in the same order.
    """
    chunk = min(max(ceil_div(n * n_tasks, _ENOUGH_BLOCKS), _SHORTEST_CHUNK), _LONGEST_CHUNK)
    return ceil_div(max(chunk, ceil_div(n, _MOST_BLOCKS)), 16) * 16
