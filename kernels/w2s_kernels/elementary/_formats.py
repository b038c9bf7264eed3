"""What the two types of floats look like inside, and polynomials in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic


class Format(NamedTuple):
    """A type of floats: its twin among the integers, and numbers that take it apart."""

    real: Any
    integer: Any
    digits: int  # bits of the mantissa that are stored
    # log 2 in two parts: the first ends in zeros, so that its product with an exponent is exact.
    ln2_high: float
    ln2_low: float
    # Where the exponential is a normal number.
    low: float
    high: float

    @property
    def magic(self) -> float:
        """A number to add: the sum is rounded to an integer, which stands in its low bits."""
        return 1.5 * 2.0**self.digits

    @property
    def smallest(self) -> float:
        """The smallest normal number."""
        return float(np.finfo(self.real).smallest_normal)

    def bits(self, value: float) -> int:
        """The bits of a number, read as an integer."""
        return int(self.real(value).view(self.integer))


FLOAT64 = Format(
    np.float64,
    np.int64,
    52,
    6.93147180369123816490e-01,
    1.90821492927058770002e-10,
    -708.3964185322641,
    709.782712893384,
)
FLOAT32 = Format(np.float32, np.int32, 23, 0.693359375, -2.12194440e-4, -87.33654, 88.72283)


def format_of(value: Any) -> Format:
    """The format of a number: float32's, or else float64's."""
    return FLOAT32 if isinstance(value, np.float32) else FLOAT64


def format_named(kind: types.Type) -> Format | None:
    """The format of one of Numba's types; None if it is not one of these two."""
    return {types.float64: FLOAT64, types.float32: FLOAT32}.get(kind)


@intrinsic
def bits(context, x):  # type: ignore[no-untyped-def]
    """The bits of a float, read as an integer."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.bitcast(args[0], ir.IntType(x.bitwidth))

    return (types.int64 if x.bitwidth == 64 else types.int32)(x), codegen


@intrinsic
def from_bits(context, x):  # type: ignore[no-untyped-def]
    """The float whose bits an integer has."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.bitcast(args[0], ir.DoubleType() if x.bitwidth == 64 else ir.FloatType())

    return (types.float64 if x.bitwidth == 64 else types.float32)(x), codegen


def polynomial(*coefficients: float) -> Callable:
    """An intrinsic for c[0] + c[1] x + c[2] x**2 + ..., by Horner's rule, each step fused."""

    @intrinsic
    def evaluate(context, x):  # type: ignore[no-untyped-def]
        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            kind = args[0].type
            digits = np.float64 if x.bitwidth == 64 else np.float32
            constants = [ir.Constant(kind, float(digits(c))) for c in coefficients]
            value = constants.pop()
            while constants:
                value = builder.fmul(value, args[0], flags=("contract",))
                value = builder.fadd(value, constants.pop(), flags=("contract",))
            return value

        return x(x), codegen

    return evaluate
