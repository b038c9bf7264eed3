"""The exponential."""

from __future__ import annotations

import math
from typing import Any

from w2s_kernels._jit import exact_overload
from w2s_kernels.elementary._formats import bits, format_named, format_of, from_bits, polynomial

# (exp(r) - 1 - r) / r**2 for |r| <= log(2)/2, by Remez: exp(r) is within 4e-18 and 3e-9.
_TAIL = {
    52: polynomial(
        0.5000000000000011,
        0.1666666666666641,
        0.041666666666529774,
        0.008333333333494935,
        0.0013888888943749233,
        0.00019841269505836554,
        2.4801492959619846e-05,
        2.7557586767018303e-06,
        2.763030299611952e-07,
        2.5000025938456347e-08,
    ),
    23: polynomial(0.49999994, 0.16666521, 0.04166838, 0.0083687445, 0.0013814563),
}


def exp(x: Any) -> Any:
    """Exponential, within 2 units in the last place where it is a normal number.

    0 where it would be subnormal or less (x < -708.396; float32: -87.3365), infinity where it
    overflows (x > 709.783; 88.7228); NaN stays NaN.
    """
    f = format_of(x)
    if x < f.low:
        return f.real(0.0)
    return f.real(math.exp(x)) if x <= f.high else f.real(x * math.inf)


@exact_overload(exp)
def _exp(x):  # type: ignore[no-untyped-def]
    """x = k log 2 + r with |r| <= log(2)/2; k is added to the exponent of exp(r)."""
    f = format_named(x)
    if f is None:
        return None
    real, integer, digits, tail = f.real, f.integer, f.digits, _TAIL[f.digits]
    log2e, magic = real(1.4426950408889634), real(f.magic)
    ln2_high, ln2_low, low, high = real(f.ln2_high), real(f.ln2_low), real(f.low), real(f.high)
    zero, one, infinity = real(0.0), real(1.0), real(math.inf)

    def compiled(x):  # type: ignore[no-untyped-def]
        shifted = x * log2e + magic
        k = shifted - magic
        r = (x - k * ln2_high) - k * ln2_low
        value = (tail(r) * (r * r) + r) + one
        # Of the bits of `shifted` the shift leaves k, at the exponent's place.
        value = from_bits(integer(bits(value) + integer(bits(shifted) << digits)))
        value = zero if x < low else value
        return value if x <= high else x * infinity

    return compiled
