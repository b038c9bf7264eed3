"""A device that needs no GPU: the CUDA sources, compiled as C++ and run on NumPy arrays."""

from __future__ import annotations

import ctypes
import hashlib
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from w2s_kernels.gpu import _compile

HEADER = Path(__file__).with_name("cuda_on_cpu.hpp")
COMPILER = shutil.which("g++")
FLAGS = (
    "-O2",
    "-shared",
    "-fPIC",
    "-Wall",
    "-Wno-unknown-pragmas",
    "-D_FORTIFY_SOURCE=0",
)
BUILT = Path(__file__).resolve().parents[3] / ".pytest_cache" / "emulator"


def translated(source: str) -> str:
    """C++ text of a CUDA source: a plain function for every kernel, which runs its whole grid."""
    text = _compile.program(source)
    names = re.findall(r'extern "C" __global__ void (?:__launch_bounds__\(.*?\)\s*)?(\w+)\(', text)
    exports = [
        f'extern "C" const char* launch_{name}(const unsigned* grid, const unsigned* block, '
        f"void** arguments) {{ return emulator::launch({name}, grid, block, arguments); }}"
        for name in names
    ]
    return "\n".join([HEADER.read_text(), text, *exports, ""])


@cache
def library(source: str, real: str) -> ctypes.CDLL:
    """The shared library of a source, compiled once for every text."""
    text = translated(source)
    command = [str(COMPILER), *FLAGS, *_compile.options(real)]
    key = hashlib.sha256("\0".join([text, *command]).encode()).hexdigest()[:20]
    built = BUILT / f"{source}-{key}.so"
    if not built.exists():
        BUILT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            code, out = Path(folder) / f"{source}.cpp", Path(folder) / "out.so"
            code.write_text(text)
            done = subprocess.run(
                [*command, str(code), "-o", str(out)], capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
            # Another process may do the same: what is there is always whole.
            part = built.with_suffix(f".{Path(folder).name}")
            shutil.move(out, part)
            part.replace(built)
    return ctypes.CDLL(str(built))


class Emulator(_compile.Device):
    """In the place of the CUDA device: its arrays are NumPy's.

    With `most_blocks`, it runs no more than so many blocks of a grid, the last ones.
    """

    def __init__(self, most_blocks=2**64 - 1):
        self.most_blocks = most_blocks

    @property
    def xp(self):
        return np

    def launch(self, source, name, real, grid, block, arguments):
        loaded = library(source, real)
        loaded.run_at_most(ctypes.c_uint64(self.most_blocks))
        function = getattr(loaded, f"launch_{name}")
        function.restype = ctypes.c_char_p
        cells = []
        for argument in arguments:
            if isinstance(argument, np.ndarray):
                assert argument.flags.c_contiguous, f"{name} takes contiguous arrays"
                argument = np.uint64(argument.ctypes.data)
            # A scalar is passed by its bytes, as CuPy does.
            cells.append(np.frombuffer(argument.tobytes().ljust(16, b"\0"), dtype=np.uint8).copy())
        pointers = (ctypes.c_void_p * len(cells))(*(cell.ctypes.data for cell in cells))
        sizes = [(ctypes.c_uint * 3)(*(*shape, 1, 1)[:3]) for shape in (grid, block)]
        problem = function(*sizes, pointers)
        if problem:
            raise RuntimeError(f"{source}.{name}: {problem.decode()}")
