"""Elementary functions of float32 and float64 that LLVM turns into vectors.

Numba's ``math.exp`` in a loop runs one lane at a time. Here exponents are taken out and put back by
reinterpreting bits, and what is left is a polynomial without a branch. Every function takes either
type and answers in it; without a compiler (NUMBA_DISABLE_JIT) it keeps its contract, slowly.
"""

from w2s_kernels.elementary._exp import exp
from w2s_kernels.elementary._log import log
from w2s_kernels.elementary._relative_entropy import (
    not_plain,
    relative_entropy,
    relative_entropy_plain,
)
from w2s_kernels.elementary._rows import LINE, add_rows, prefetch
from w2s_kernels.elementary._sums import exact_difference, small_excess

__all__ = [
    "LINE",
    "add_rows",
    "exact_difference",
    "exp",
    "log",
    "not_plain",
    "prefetch",
    "relative_entropy",
    "relative_entropy_plain",
    "small_excess",
]
