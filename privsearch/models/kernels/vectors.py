"""Sums of rows of float32, levels and bits, sixteen numbers at a time.

These functions are written in LLVM's own vectors (`registers`), and do not check bounds. Arrays are contiguous; places
in them are counted in numbers from their start. An array that starts at a multiple of 64 bytes (`aligned`) is read up
to twice as fast.
"""

from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils

from privsearch.models.kernels.compiled import kernel
from privsearch.models.kernels.registers import (
    INT,
    VECTOR,
    WIDTH,
    Registers,
    fill,
    integer,
    intrinsic,
    new_registers,
    repeated,
    set_vector,
    unpacked,
    vector_at,
)

BUILT_ON: Final = "90a5d71fe6a01a77"
"""The version of the kernels' files that this one imports (see `compiled`)."""
COLUMNS: Final = 64
"""The numbers of a row that `add_rows` adds."""


@kernel
def aligned(size: int) -> Any:
    """Return `size` float32, not yet filled, that start at a multiple of 64 bytes."""
    given = np.empty(size + WIDTH, np.float32)
    skipped = (64 - given.ctypes.data % 64) % 64 // 4
    return given[skipped : skipped + size]


@intrinsic
def add_rows(typing, total, place, table, start, index, first, count):  # type: ignore[no-untyped-def]
    """Add some rows of a table, 64 numbers each, to 64 numbers: `total[place] += sum_k table[start + 64 * index[k]]`.

    Every second row has a sum of its own, so that one addition need not wait for another.

    Args:
        typing: numba's.
        total: the array that is added to.
        place: where in it.
        table: the array of rows.
        start: the place of its row 0.
        index: the rows, int32.
        first: the first of them.
        count: their number.
    """
    whole = types.int64

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        of, at, rows, start, index, first, count = unpacked(context, builder, signature, args)
        of, rows, index = (builder.gep(base, [place]) for base, place in ((of, at), (rows, start), (index, first)))
        sums = [new_registers(builder, COLUMNS // WIDTH) for _ in range(2)]
        fill(builder, sums[0], of)
        for register in sums[1]:
            builder.store(ir.Constant(VECTOR, None), register)

        def add(k: Any, into: Registers) -> None:
            row = builder.sext(builder.load(builder.gep(index, [k])), INT)
            source = builder.gep(rows, [builder.mul(row, integer(COLUMNS))])
            for v, register in enumerate(into):
                builder.store(builder.fadd(builder.load(register), vector_at(builder, source, v)), register)

        even = builder.and_(count, integer(-2))
        with cgutils.for_range_slice(builder, integer(0), even, integer(2), INT) as (k, _):
            add(k, sums[0])
            add(builder.add(k, integer(1)), sums[1])
        with cgutils.for_range_slice(builder, even, count, integer(1), INT) as (k, _):
            add(k, sums[0])
        for v, (one, other) in enumerate(zip(*sums, strict=True)):
            set_vector(builder, of, v, builder.fadd(builder.load(one), builder.load(other)))
        return context.get_dummy_value()

    return types.void(total, whole, table, whole, index, whole, whole), generate


@intrinsic
def raise_to_levels(typing, mem, place, levels, boundaries, count):  # type: ignore[no-untyped-def]
    """Replace 64 membranes by their levels.

    Args:
        typing: numba's.
        mem: the array of the membranes.
        place: where in it they begin.
        levels: the levels, ascending, one more than there are boundaries.
        boundaries: the largest membranes that still belong to the level below.
        count: the number of boundaries.
    """

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        mem, place, levels, boundaries, count = unpacked(context, builder, signature, args)
        into = builder.gep(mem, [place])
        given = [vector_at(builder, into, v) for v in range(COLUMNS // WIDTH)]
        found = new_registers(builder, len(given))
        for register in found:
            builder.store(repeated(builder, builder.load(levels)), register)
        with cgutils.for_range(builder, count, intp=INT) as loop:
            boundary = repeated(builder, builder.load(builder.gep(boundaries, [loop.index])))
            next_level = builder.add(loop.index, integer(1))
            above = repeated(builder, builder.load(builder.gep(levels, [next_level])))
            for x, register in zip(given, found, strict=True):
                is_above = builder.fcmp_ordered(">", x, boundary)
                builder.store(builder.select(is_above, above, builder.load(register)), register)
        for v, register in enumerate(found):
            set_vector(builder, into, v, builder.load(register))
        return context.get_dummy_value()

    return types.void(mem, types.int64, levels, boundaries, types.int64), generate


@intrinsic
def fired(typing, mem, place, threshold):  # type: ignore[no-untyped-def]
    """Return the 16 bits, as an int64, that tell which of 16 membranes are above the threshold."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        mem, place, threshold = unpacked(context, builder, signature, args)
        vector = vector_at(builder, builder.gep(mem, [place]), 0)
        above = builder.fcmp_ordered(">", vector, repeated(builder, threshold))
        return builder.zext(builder.bitcast(above, ir.IntType(WIDTH)), INT)

    return types.int64(mem, types.int64, types.float32), generate


@intrinsic
def lowest_bit(typing, bits):  # type: ignore[no-untyped-def]
    """Return the place of the lowest bit that is set, of an int64 that is not 0."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), generate


@intrinsic
def count_bits(typing, bits):  # type: ignore[no-untyped-def]
    """Return the number of bits that are set in an int64."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.ctpop(args[0])

    return types.int64(types.int64), generate
