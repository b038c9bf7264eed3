"""The term of a relative entropy: p log(p/q) - p + q, never negative, zero where p = q.

With k such that b = q 2**k is near p, and s = (p - b)/(p + b), which takes the only division,

    p log(p/q) - p + q = p k log(2) + (q - b) + (p - b) s (1 + (s + s**2) tail(s**2)),

tail(s**2) = (artanh(s) - s)/s**3. For k = 0 all is in the last product, in which nothing cancels.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import types

from w2s_kernels._jit import exact_overload
from w2s_kernels.elementary._formats import bits, format_named, format_of, from_bits, polynomial

# For |s| <= 0.2, by Remez: within 4e-17 and 6e-9.
_TAIL = {
    52: polynomial(
        0.3333333333333333,
        0.20000000000003965,
        0.14285714283643983,
        0.11111111522800003,
        0.09090868945194436,
        0.07694427825546392,
        0.06604987032608171,
        0.06803406030031217,
    ),
    23: polynomial(0.33333334, 0.20000157, 0.1426626, 0.118755825),
}


def relative_entropy(p: Any, q: Any) -> Any:
    """p log(p/q) - p + q of positive numbers, subnormal ones too; NaN for others.

    Its relative error is below 5e-15 (float32: 1e-7), also where p is near q.
    """
    real = format_of(p).real
    if not (0.0 < p < math.inf and 0.0 < q < math.inf):
        return real(math.nan)
    p, q = float(p), float(q)
    s = (p - q) / (p + q)
    if abs(s) < 0.2:
        odd = sum(s**n / n for n in range(23, 1, -2))
        return real((p + q) * (s * s + (1.0 + s) * odd))
    return real(p * (math.log(p) - math.log(q)) - p + q)


def relative_entropy_plain(p: Any, q: Any) -> Any:
    """The same for p >= 0 and normal q > 0 only, in fewer steps: see `not_plain`.

    A subnormal p may cost an absolute error of the smallest normal number. The relative error in
    float32 is below 2e-6.
    """
    return q if p == 0.0 else relative_entropy(p, q)


def not_plain(p: Any, q: Any, before: int) -> int:
    """A negative number where p has a minus sign or q is not a positive normal number, or `before`.

    `before` is 0, or what was returned for other pairs. NaN may pass: the term is NaN then.
    """
    return -1 if np.signbit(p) or not q >= format_of(q).smallest else before


@exact_overload(relative_entropy)
def _relative_entropy(p, q):  # type: ignore[no-untyped-def]
    f = format_named(p)
    if f is None or p != q:
        return None
    if p is types.float32:
        # All float32 numbers are normal as float64.
        return lambda p, q: np.float32(relative_entropy(np.float64(p), np.float64(q)))
    tail, magic, magic_bits = _TAIL[52], f.magic, f.bits(f.magic)
    smallest, scale = f.smallest, 2.0**54
    ln2_high, ln2_low, half_octave = f.ln2_high, f.ln2_low, 1 << 51

    def compiled(p, q):  # type: ignore[no-untyped-def]
        # Bits of floats are a logarithm made of straight pieces, but for subnormal numbers.
        a = p * scale if p < smallest else p
        b = q * scale if q < smallest else q
        k = (bits(a) - bits(b) + half_octave) >> 52
        b = from_bits(bits(b) + (k << 52))
        k = k - (54 if p < smallest else 0) + (54 if q < smallest else 0)
        octaves = from_bits(k + magic_bits) - magic
        d = a - b
        s = d / (a + b)
        z = s * s
        odd = tail(z)
        near = (p - q) * s * ((s + z) * odd + 1.0)
        log_ratio = octaves * ln2_high + (2.0 * (s + s * z * odd) + octaves * ln2_low)
        far = p * log_ratio - p + q
        value = near if k == 0 else far
        return value if p > 0.0 and 0.0 < q < math.inf else math.nan  # p = inf: NaN already

    return compiled


@exact_overload(relative_entropy_plain)
def _relative_entropy_plain(p, q):  # type: ignore[no-untyped-def]
    f = format_named(p)
    if f is None or p != q:
        return None
    real, integer, tail = f.real, f.integer, _TAIL[f.digits]
    smallest, one = real(f.smallest), real(1.0)
    octave = 1 << f.digits
    ln2_of_bits = real(math.log(2.0) / octave)

    def compiled(p, q):  # type: ignore[no-untyped-def]
        a = smallest if p < smallest else p
        k = integer((bits(a) - bits(q) + (octave >> 1)) & -octave)  # at the exponent's place
        b = from_bits(integer(bits(q) + k))
        d = a - b
        s = d / (a + b)
        z = s * s
        rest = p * (real(k) * ln2_of_bits) + (q - b)
        return rest + (d * s) * ((s + z) * tail(z) + one)

    return compiled


@exact_overload(not_plain)
def _not_plain(p, q, before):  # type: ignore[no-untyped-def]
    f = format_named(p)
    if f is None or p != q:
        return None
    integer, octave = f.integer, 1 << f.digits
    return lambda p, q, before: integer(
        before | integer(bits(p) | bits(q) | integer(bits(q) - octave))
    )
