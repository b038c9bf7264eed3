"""The only place where Numba options are written."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

import numba
import numpy as np
from numba import types
from numba.core.caching import FunctionCache
from numba.core.config import DISABLE_JIT
from numba.extending import intrinsic, overload

# error_model: the ZeroDivisionError branch of a single division stops the vectorisation of a loop.
# fastmath: sums may be reordered and fused; NaN and infinity keep their meaning.
_OPTIONS = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"contract", "reassoc", "nsz"},
}
# Elementary functions split a number and put it together again: reordering would undo that.
_EXACT = {**_OPTIONS, "fastmath": {"contract"}}


def _hash_of_sources() -> str:
    root = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        if path.parent.name not in ("reference", "gpu"):  # what Numba never sees
            digest.update(path.read_bytes())
    return digest.hexdigest()


_SOURCES = _hash_of_sources()


class _SourceCache(FunctionCache):
    """Numba's cache on disk, with all compiled sources in the key.

    Numba looks at the compiled function's own file only, so that a change of a function which it
    calls in another file would leave a stale result in the cache.
    """

    def _index_key(self, sig: object, codegen: object) -> tuple:
        return (*super()._index_key(sig, codegen), _SOURCES)


if DISABLE_JIT:

    def wide_vectors() -> None:
        """Nothing to ask for without a compiler."""

    _taking = threading.Lock()

    def _free() -> None:
        global _taking
        _taking = threading.Lock()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_free)

    def take(taken: np.ndarray, i: int) -> bool:
        """Whether nobody has taken item i before."""
        with _taking:
            was, taken[i] = taken[i], 1
        return was == 0

else:

    @intrinsic
    def wide_vectors(context):  # type: ignore[no-untyped-def]
        """Ask for 512-bit vectors in the function that calls this, where the processor has them.

        LLVM takes 256 bits unless told otherwise. An inlined piece must ask for itself: its loops
        are vectorised before it is put into a kernel.
        """

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            # llvmlite knows only the attributes that it lists: go past its check.
            set.add(builder.function.attributes, '"prefer-vector-width"="512"')
            return context.get_dummy_value()

        return types.void(), codegen

    @intrinsic
    def _exchange(context, taken, i):  # type: ignore[no-untyped-def]
        """Write 1 to taken[i] and return what was there, as one operation among all threads."""

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            array = context.make_array(signature.args[0])(context, builder, args[0])
            place = builder.gep(array.data, [args[1]])
            one = context.get_constant(types.int64, 1)
            return builder.atomic_rmw("xchg", place, one, "seq_cst")

        return types.int64(taken, types.int64), codegen

    @numba.njit(**_OPTIONS, forceinline=True)
    def take(taken, i):  # type: ignore[no-untyped-def]
        """Whether nobody, of all threads, has taken item i of an array of zeros (int64) before."""
        return _exchange(taken, i) == 0


def kernel(function: Callable) -> Callable:
    """Compile a kernel at its first call; it runs without the GIL and is cached where possible."""
    compiled = numba.njit(**_OPTIONS)(function)
    # The cache looks for a writable folder now; without one, every process compiles anew.
    # (Under NUMBA_DISABLE_JIT the function comes back as it is.)
    if compiled is not function:
        with contextlib.suppress(RuntimeError):
            compiled._cache = _SourceCache(function)
    return compiled


def inlined(function: Callable) -> Callable:
    """Compile a piece that is put into its callers by LLVM. It allocates nothing.

    Numba counts references of every slice by a locked instruction, which takes as long as hundreds
    of numbers, and longer when another thread counts those of the same array. A piece counts none:
    its caller holds the arrays. So kernels allocate, and their loops over blocks stand in pieces.
    """
    return numba.njit(**_OPTIONS, forceinline=True, _nrt=False)(function)


def aside(function: Callable) -> Callable:
    """Compile a piece that is called: rare work, which would cost the loops around it registers."""
    return numba.njit(**_OPTIONS, _nrt=False)(function)


def exact(function: Callable) -> Callable:
    """Compile an elementary function: inlined, its operations kept in the order written."""
    return numba.njit(**_EXACT, forceinline=True)(function)


def exact_overload(function: Callable) -> Callable:
    """Say how kernels compile a Python function, by the types of its arguments; as `exact`."""
    return overload(function, jit_options={**_EXACT, "forceinline": True})
