"""Exponential, logarithm and the term of a relative entropy that LLVM can vectorise.

Numba's ``math.exp`` in a loop runs one lane at a time. Here the exponent is taken out and put back
by reinterpreting bits, and what is left is a polynomial without a branch.
"""

from __future__ import annotations

import math
import struct

import numba
from llvmlite import ir
from numba import types
from numba.core import config
from numba.extending import intrinsic

from w2s_kernels._jit import exact

_LOG2E = 1.4426950408889634
# log 2 in two parts: the first has 32 trailing zero bits, so its product with an exponent is exact.
_LN2_HIGH = 6.93147180369123816490e-01
_LN2_LOW = 1.90821492927058770002e-10
# Adding 1.5 * 2**52 rounds to an integer, which then stands in the low bits.
_MAGIC = 6755399441055744.0
_MAGIC_BITS = struct.unpack("<q", struct.pack("<d", _MAGIC))[0]
_SQRT_HALF_BITS = struct.unpack("<q", struct.pack("<d", math.sqrt(0.5)))[0]
_ONE_BITS = 1023 << 52
_HALF_OCTAVE_BITS = 1 << 51
_SMALLEST_NORMAL = 2.2250738585072014e-308
_TWO_54 = 18014398509481984.0

if config.DISABLE_JIT:

    def exp(x: float) -> float:
        """Exponential of a float64: 0 below -708, infinity above 709, NaN stays NaN."""
        if x < -708.0 or x > 709.0:
            return 0.0 if x < 0.0 else math.inf
        return math.exp(x)

    def log(x: float) -> float:
        """Natural logarithm of a positive normal float64."""
        return math.log(x)

    def relative_entropy(p: float, q: float) -> float:
        """p log(p/q) - p + q of positive float64 numbers; NaN for others."""
        if not (p > 0.0 and q > 0.0):
            return math.nan
        s = (p - q) / (p + q)
        if abs(s) < 0.2:
            odd = sum(s**n / n for n in range(23, 1, -2))
            return (p + q) * (s * s + (1.0 + s) * odd)
        return p * (math.log(p) - math.log(q)) - p + q

    def exact_difference(x: float, y: float, shift: float, mean: float) -> float:
        """((x - y) - shift) - mean, as if x - y were not rounded."""
        high = x - y
        back = high - x
        return ((high - shift) + ((x - (high - back)) - (y + back))) - mean

else:

    @intrinsic
    def _bits(context, x):  # type: ignore[no-untyped-def]
        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            return builder.bitcast(args[0], ir.IntType(64))

        return types.int64(types.float64), codegen

    @intrinsic
    def _from_bits(context, x):  # type: ignore[no-untyped-def]
        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            return builder.bitcast(args[0], ir.DoubleType())

        return types.float64(types.int64), codegen

    @exact
    def exp(x: float) -> float:  # type: ignore[misc]
        """Exponential of a float64: 0 below -708, infinity above 709, NaN stays NaN.

        x = k log 2 + r with |r| <= log(2)/2, and exp(r) by its Taylor polynomial of degree 13
        (truncation below 5e-18).
        """
        inside = -708.0 if x < -708.0 else (709.0 if x > 709.0 else x)
        shifted = inside * _LOG2E + _MAGIC
        k = shifted - _MAGIC
        r = (inside - k * _LN2_HIGH) - k * _LN2_LOW
        p = 1.0 / 6227020800.0
        p = p * r + 1.0 / 479001600.0
        p = p * r + 1.0 / 39916800.0
        p = p * r + 1.0 / 3628800.0
        p = p * r + 1.0 / 362880.0
        p = p * r + 1.0 / 40320.0
        p = p * r + 1.0 / 5040.0
        p = p * r + 1.0 / 720.0
        p = p * r + 1.0 / 120.0
        p = p * r + 1.0 / 24.0
        p = p * r + 1.0 / 6.0
        p = p * r + 0.5
        p = p * (r * r) + r
        # k is in the low bits of `shifted`: moved to the exponent's place it is added to one's.
        scale = _from_bits(((_bits(shifted) - _MAGIC_BITS) << numba.int64(52)) + _ONE_BITS)
        value = p * scale + scale
        value = 0.0 if x < -708.0 else value
        return math.inf if x > 709.0 else value

    @exact
    def log(x: float) -> float:  # type: ignore[misc]
        """Natural logarithm of a positive normal float64 (infinity and NaN are not looked at).

        x = m 2**k with sqrt(1/2) <= m < sqrt(2), and log m = 2 artanh((m - 1)/(m + 1)) by its
        series up to the 21st power (truncation below 1e-17).
        """
        bits = _bits(x)
        exponent = (bits - _SQRT_HALF_BITS) >> numba.int64(52)
        m = _from_bits(bits - (exponent << numba.int64(52)))
        k = _from_bits(exponent + _MAGIC_BITS) - _MAGIC
        f = m - 1.0
        s = f / (m + 1.0)
        z = s * s
        p = 2.0 / 21.0
        p = p * z + 2.0 / 19.0
        p = p * z + 2.0 / 17.0
        p = p * z + 2.0 / 15.0
        p = p * z + 2.0 / 13.0
        p = p * z + 2.0 / 11.0
        p = p * z + 2.0 / 9.0
        p = p * z + 2.0 / 7.0
        p = p * z + 2.0 / 5.0
        p = p * z + 2.0 / 3.0
        # log m = f - s (f - z p): the leading term f is exact.
        return k * _LN2_HIGH + (f - (s * (f - z * p) - k * _LN2_LOW))

    @exact
    def relative_entropy(p: float, q: float) -> float:  # type: ignore[misc]
        """p log(p/q) - p + q of positive float64 numbers, to full precision also where p is near q.

        With k such that p/(q 2**k) is near one and s = (p - q 2**k)/(p + q 2**k), which takes the
        only division, log(p/q) = k log 2 + 2 (s + s**3/3 + ... + s**23/23), |s| <= 0.2 (truncation
        below 2e-17). For k = 0 the leading terms are taken out by hand and what is left is
        (p + q) (s**2 + (1 + s) (s**3/3 + ...)), in which nothing cancels.
        """
        # Bits of floats are a logarithm made of straight pieces, but for subnormal numbers.
        a = p * _TWO_54 if p < _SMALLEST_NORMAL else p
        b = q * _TWO_54 if q < _SMALLEST_NORMAL else q
        k = (_bits(a) - _bits(b) + _HALF_OCTAVE_BITS) >> numba.int64(52)
        b = _from_bits(_bits(b) + (k << numba.int64(52)))
        k = k - (54 if p < _SMALLEST_NORMAL else 0) + (54 if q < _SMALLEST_NORMAL else 0)
        s = (a - b) / (a + b)
        z = s * s
        odd = 1.0 / 23.0
        odd = odd * z + 1.0 / 21.0
        odd = odd * z + 1.0 / 19.0
        odd = odd * z + 1.0 / 17.0
        odd = odd * z + 1.0 / 15.0
        odd = odd * z + 1.0 / 13.0
        odd = odd * z + 1.0 / 11.0
        odd = odd * z + 1.0 / 9.0
        odd = odd * z + 1.0 / 7.0
        odd = odd * z + 1.0 / 5.0
        odd = odd * z + 1.0 / 3.0
        odd = odd * z * s
        near = (p + q) * (z + (1.0 + s) * odd)
        octaves = _from_bits(k + _MAGIC_BITS) - _MAGIC
        far = p * (octaves * _LN2_HIGH + (2.0 * (s + odd) + octaves * _LN2_LOW)) - p + q
        return near if k == 0 else far

    @exact
    def exact_difference(  # type: ignore[misc]
        x: float, y: float, shift: float, mean: float
    ) -> float:
        """((x - y) - shift) - mean, as if x - y were not rounded: what that took is added again.

        A caller that subtracted the mean itself would find shift + mean rounded before its loop.
        """
        high = x - y
        back = high - x
        return ((high - shift) + ((x - (high - back)) - (y + back))) - mean
