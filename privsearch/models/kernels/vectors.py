"""Sums of rows and patches of float32, sixteen numbers at a time.

These functions are written in LLVM's own vectors (`registers`), and do not check bounds. Arrays are contiguous; places
in them are counted in numbers from their start. An array that starts at a multiple of 64 bytes (`aligned`) is read up
to twice as fast.
"""

from collections.abc import Callable
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
CHANNELS: Final = 32
"""The channels of an image in a patch."""
RUN: Final = 3 * CHANNELS
"""The numbers of a row of a 3x3 patch, which lie side by side."""


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


def _patch_adder(combine: Callable[[Any, Any, Any], Any]) -> Any:
    @intrinsic
    def add_patch(typing, image, place, row, table, start):  # type: ignore[no-untyped-def]
        """Combine a 3x3 patch of 32 channels with one of an image.

        Args:
            typing: numba's.
            image: `(height, width, 32)`.
            place: where the patch begins in it.
            row: the distance from one row of the image to the next.
            table: an array that has the other patch, three runs of 96 numbers.
            start: where that begins.
        """
        whole = types.int64

        def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
            image, place, row, table, start = unpacked(context, builder, signature, args)
            runs = _rows_of(builder, builder.gep(image, [place]), row)
            patches = _rows_of(builder, builder.gep(table, [start]), integer(RUN))
            for run, patch in zip(runs, patches, strict=True):
                both = [(vector_at(builder, run, v), vector_at(builder, patch, v)) for v in range(RUN // WIDTH)]
                for v, (had, more) in enumerate(both):
                    set_vector(builder, run, v, combine(builder, had, more))
            return context.get_dummy_value()

        return types.void(image, whole, whole, table, whole), generate

    return add_patch


add_patch = _patch_adder(lambda builder, had, more: builder.fadd(had, more))
subtract_patch = _patch_adder(lambda builder, had, more: builder.fsub(had, more))


@intrinsic
def add_scaled_patches(  # type: ignore[no-untyped-def]
    typing,
    total,
    place,
    total_row,
    image,
    start,
    image_row,
    offsets,
    scales,
    first,
    count,
):
    """Add some 3x3 patches of 32 channels, each times a number: `total += sum_k scales[k] * patch at offsets[k]`.

    Products are fused with their additions.

    Args:
        typing: numba's.
        total: the array with the patch that is added to.
        place: where that begins.
        total_row: the distance from one of its three runs of 96 numbers to the next.
        image: the array with the patches.
        start: the place in it that offsets are counted from.
        image_row: the distance from one run of a patch to the next.
        offsets: the places of the patches, int32.
        scales: their factors.
        first: the first of the offsets, and of the scales.
        count: the number of patches.
    """
    whole = types.int64

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        values = unpacked(context, builder, signature, args)
        total, place, total_row, image, start, image_row, offsets, scales, first, count = values
        runs = _rows_of(builder, builder.gep(total, [place]), total_row)
        image, offsets, scales = (
            builder.gep(base, [place]) for base, place in ((image, start), (offsets, first), (scales, first))
        )
        sums = [new_registers(builder, RUN // WIDTH) for _ in runs]
        for registers, run in zip(sums, runs, strict=True):
            fill(builder, registers, run)
        fused = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(VECTOR, [VECTOR] * 3), f"llvm.fma.v{WIDTH}f32"
        )
        with cgutils.for_range(builder, count, intp=INT) as loop:
            offset = builder.sext(builder.load(builder.gep(offsets, [loop.index])), INT)
            scale = repeated(builder, builder.load(builder.gep(scales, [loop.index])))
            patch = _rows_of(builder, builder.gep(image, [offset]), image_row)
            for registers, run in zip(sums, patch, strict=True):
                for v, register in enumerate(registers):
                    term = builder.call(fused, [scale, vector_at(builder, run, v), builder.load(register)])
                    builder.store(term, register)
        for registers, run in zip(sums, runs, strict=True):
            for v, register in enumerate(registers):
                set_vector(builder, run, v, builder.load(register))
        return context.get_dummy_value()

    arrays = total, whole, whole, image, whole, whole, offsets, scales, whole, whole
    return types.void(*arrays), generate


@intrinsic
def pool_channels(typing, image, place, row, out, into, winners):  # type: ignore[no-untyped-def]
    """Take the largest of four neighbours for each of 32 channels; the first of equal ones wins, a NaN always.

    Args:
        typing: numba's.
        image: `(height, width, 32)`.
        place: where in it the upper left neighbour lies.
        row: the distance from one row of the image to the next.
        out: the array of the largest; 32 numbers are written.
        into: where in it, and in `winners`, they are written.
        winners: the array of the winners' places among the four, in reading order, uint8.
    """
    whole = types.int64
    bytes_ = ir.VectorType(ir.IntType(8), WIDTH)

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        image, place, row, out, into, winners = unpacked(context, builder, signature, args)
        out, winners = builder.gep(out, [into]), builder.gep(winners, [into])
        above = builder.gep(image, [place])
        below = builder.gep(above, [row])
        neighbours = above, builder.gep(above, [integer(CHANNELS)]), below, builder.gep(below, [integer(CHANNELS)])
        for v in range(CHANNELS // WIDTH):
            largest, winner = vector_at(builder, above, v), ir.Constant(bytes_, None)
            for number, neighbour in enumerate(neighbours[1:], 1):
                x = vector_at(builder, neighbour, v)
                wins = builder.or_(builder.fcmp_ordered(">", x, largest), builder.fcmp_unordered("uno", x, x))
                largest = builder.select(wins, x, largest)
                winner = builder.select(wins, ir.Constant(bytes_, [number] * WIDTH), winner)
            set_vector(builder, out, v, largest)
            written = builder.bitcast(builder.gep(winners, [integer(v * WIDTH)]), bytes_.as_pointer())
            builder.store(winner, written).align = 1
        return context.get_dummy_value()

    return types.void(image, whole, whole, out, whole, winners), generate


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


def _rows_of(builder: Any, pointer: Any, row: Any) -> list[Any]:
    """Return pointers to the three rows of a patch."""
    return [builder.gep(pointer, [builder.mul(row, integer(r))]) for r in range(3)]
