"""Sums of short rows, which no loop would vectorise, and asking for memory ahead of its use."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.config import DISABLE_JIT
from numba.extending import intrinsic

LINE = 64  # bytes of a line of the cache, and of the widest vector

if DISABLE_JIT:

    def add_rows(numbers: np.ndarray, first: int, width: int, out: np.ndarray, at: int) -> None:
        """Write the sums of consecutive rows, as many as a vector has lanes.

        Row r has the `width` numbers from `first` + r `width` on; its sum goes to out[at + r].
        """
        n_rows = LINE // numbers.itemsize
        rows = numbers[first : first + n_rows * width].reshape(n_rows, width)
        out[at : at + n_rows] = rows.sum(axis=1)

    def prefetch(numbers: np.ndarray, i: int) -> None:
        """Ask for a number's line of memory; there need not be one."""

else:

    @intrinsic
    def add_rows(context, numbers, first, width, out, at):  # type: ignore[no-untyped-def]
        """Write the sums of consecutive rows, as many as a vector has lanes.

        Row r has the `width` numbers from `first` + r `width` on; its sum goes to out[at + r].

        A row is read as vectors, the last one masked, and added up to one. Then pairs of rows are
        shuffled and added, pairs of pairs, and so on, which leaves all sums in one vector.
        """
        lanes = LINE * 8 // numbers.dtype.bitwidth

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            data, target = (
                context.make_array(signature.args[i])(context, builder, args[i]).data
                for i in (0, 3)
            )
            _, first, width, _, at = args
            number = data.type.pointee
            vector, size = ir.VectorType(number, lanes), first.type
            zero = ir.Constant(vector, [0.0] * lanes)
            load = _masked_load(builder.module, vector)
            sums = [cgutils.alloca_once_value(builder, zero) for _ in range(lanes)]
            with cgutils.for_range_slice(
                builder, size(0), width, size(lanes), intp=size, inc=True
            ) as (column, _):
                left = _splat(builder, builder.sub(width, column), lanes)
                mask = builder.icmp_signed("<", _numbered(size, lanes), left)
                for r, total in enumerate(sums):
                    offset = builder.add(first, builder.add(column, builder.mul(width, size(r))))
                    place = builder.bitcast(builder.gep(data, [offset]), vector.as_pointer())
                    part = builder.call(load, [place, ir.IntType(32)(1), mask, zero])
                    builder.store(builder.fadd(builder.load(total), part), total)
            rows = [builder.load(total) for total in sums]
            unit = 1
            while len(rows) > 1:
                rows = [
                    _add_pair(builder, a, b, unit)
                    for a, b in zip(rows[::2], rows[1::2], strict=True)
                ]
                unit *= 2
            wide = ir.VectorType(ir.DoubleType(), lanes)
            total = rows[0] if vector == wide else builder.fpext(rows[0], wide)
            place = builder.bitcast(builder.gep(target, [at]), wide.as_pointer())
            builder.store(total, place, align=8)
            return context.get_dummy_value()

        return types.void(numbers, types.intp, types.intp, out, types.intp), codegen

    def _add_pair(builder: ir.IRBuilder, a: Any, b: Any, unit: int) -> Any:
        """Add units of lanes next to each other; those of `a` come first, then those of `b`."""
        lanes = a.type.count
        low: list[int] = []
        high: list[int] = []
        for start in range(0, lanes, 2 * unit):
            for vector in (0, lanes):
                low += range(vector + start, vector + start + unit)
                high += range(vector + start + unit, vector + start + 2 * unit)
        halves = [
            builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(ir.IntType(32), lanes), order))
            for order in (low, high)
        ]
        return builder.fadd(*halves)

    def _splat(builder: ir.IRBuilder, value: Any, lanes: int) -> Any:
        vector = ir.VectorType(value.type, lanes)
        one = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.IntType(32)(0))
        order = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)
        return builder.shuffle_vector(one, one, order)

    def _numbered(kind: ir.Type, lanes: int) -> Any:
        return ir.Constant(ir.VectorType(kind, lanes), list(range(lanes)))

    def _masked_load(module: ir.Module, vector: ir.Type) -> Any:
        mask = ir.VectorType(ir.IntType(1), vector.count)
        pointer, integer = vector.as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(vector, [pointer, integer, mask, vector])
        suffix = f"v{vector.count}f{64 if vector.element == ir.DoubleType() else 32}"
        return cgutils.get_or_insert_function(module, kind, f"llvm.masked.load.{suffix}.p0")

    @intrinsic
    def prefetch(context, numbers, i):  # type: ignore[no-untyped-def]
        """Ask for a number's line of memory; there need not be one."""

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            array = context.make_array(signature.args[0])(context, builder, args[0])
            pointer, flag = ir.IntType(8).as_pointer(), ir.IntType(32)
            kind = ir.FunctionType(ir.VoidType(), [pointer, flag, flag, flag])
            ask = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
            place = builder.bitcast(builder.gep(array.data, [args[1]]), pointer)
            builder.call(ask, [place, flag(0), flag(2), flag(1)])  # to read; second level; data
            return context.get_dummy_value()

        return types.void(numbers, types.intp), codegen
