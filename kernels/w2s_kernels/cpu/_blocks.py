"""Pieces of rows: asking for their memory in time, filling up the last one."""

from __future__ import annotations

from w2s_kernels._jit import inlined, wide_vectors
from w2s_kernels.elementary import LINE, prefetch

BLOCK = 1024  # numbers that are taken together
SHORT = 256  # rows longer than this are taken one by one
# Vectors in a piece, and how many pieces ahead memory is asked for: left alone, it comes late.
VECTORS = 16
AHEAD = 4


@inlined
def ask(x, y, begin, size):  # type: ignore[no-untyped-def]
    """Ask for memory of two arrays that will be read next but few."""
    for t in range(begin, begin + size, LINE // x.itemsize):
        prefetch(x, t)
        prefetch(y, t)


@inlined
def fill(longer, numbers, shift, rest):  # type: ignore[no-untyped-def]
    """Copy numbers less a shift, and fill up with a number that adds nothing."""
    wide_vectors()
    for t in range(numbers.size):
        longer[t] = numbers[t] - shift
    for t in range(numbers.size, longer.size):
        longer[t] = rest
