"""Logarithms."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from w2s_kernels._jit import exact, exact_overload
from w2s_kernels.elementary._formats import (
    Format,
    bits,
    format_named,
    format_of,
    from_bits,
    polynomial,
)

# (artanh(s) - s) / s**3 as a polynomial in s**2, |s| <= (sqrt 2 - 1)/(sqrt 2 + 1), by Remez:
# within 5e-16 and 3e-7, of which a hundredth reaches the logarithm.
_TAIL = {
    52: polynomial(
        0.3333333333333335,
        0.19999999999949222,
        0.14285714313199693,
        0.1111110553641115,
        0.09091446609892923,
        0.07665798466224352,
        0.07308936476253457,
    ),
    23: polynomial(0.33333343, 0.19994359, 0.14791076),
}


def log(x: Any) -> Any:
    """Natural logarithm, within 2 units in the last place; subnormal numbers are taken as exactly.

    -infinity at zero, NaN below; infinity and NaN stay what they are.
    """
    f = format_of(x)
    if x == 0.0:
        return f.real(-math.inf)
    return f.real(math.log(x) if x > 0.0 else math.nan)


@exact_overload(log)
def _log(x):  # type: ignore[no-untyped-def]
    f = format_named(x)
    if f is None:
        return None
    of_normal, shift = _log_of_normal(f), f.digits + 2
    smallest, scale, shift_back = f.real(f.smallest), f.real(2.0**shift), f.real(shift)
    zero, infinity, nan = f.real(0.0), f.real(math.inf), f.real(math.nan)

    def compiled(x):  # type: ignore[no-untyped-def]
        subnormal = x < smallest
        value = of_normal(x * scale if subnormal else x, shift_back if subnormal else zero)
        value = value if x > zero else (-infinity if x == zero else nan)
        return value if x < infinity else x

    return compiled


def _log_of_normal(f: Format) -> Callable:
    """log(x) - octaves log(2) of a positive normal number x.

    x = (1 + d) 2**k with sqrt(1/2) <= 1 + d < sqrt(2); with s = d/(2 + d),
    log(1 + d) = 2 artanh(s) = d - s (d - 2 s**2 tail(s**2)), whose leading term is exact.
    """
    integer, digits, tail = f.integer, f.digits, _TAIL[f.digits]
    magic, magic_bits, sqrt_half_bits = f.real(f.magic), f.bits(f.magic), f.bits(math.sqrt(0.5))
    ln2_high, ln2_low, one, two = f.real(f.ln2_high), f.real(f.ln2_low), f.real(1.0), f.real(2.0)

    @exact
    def compiled(x, octaves):  # type: ignore[no-untyped-def]
        exponent = integer(integer(bits(x) - sqrt_half_bits) >> digits)
        d = from_bits(integer(bits(x) - (exponent << digits))) - one
        k = (from_bits(integer(exponent + magic_bits)) - magic) - octaves
        s = d / (two + d)
        z = s * s
        return k * ln2_high + (d - (s * (d - two * (z * tail(z))) - k * ln2_low))

    return compiled
