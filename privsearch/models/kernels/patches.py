"""Sums of 3x3 patches of images, and 2x2 windows of them, for 32 channels at a time.

A patch is nine pixels in reading order, `PATCH` numbers; in an image its three runs of `RUN` numbers lie a row apart. A
window is four pixels, of which each channel takes the largest: the winner. These functions are written as those of
`vectors` are.
"""

from collections.abc import Callable
from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.core import cgutils

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

BUILT_ON: Final = "ae8000a3d0d1611f"
"""The version of the kernels' files that this one imports (see `compiled`)."""
CHANNELS: Final = 32
"""The channels of an image in a patch."""
RUN: Final = 3 * CHANNELS
"""The numbers of a row of a patch, which lie side by side."""
PATCH: Final = 3 * RUN
"""The numbers of a patch."""
BYTES: Final = ir.VectorType(ir.IntType(8), WIDTH)


def _patch_adder(combine: Callable[[Any, Any, Any], Any]) -> Any:
    @intrinsic
    def add_patch(typing, image, place, row, table, start):  # type: ignore[no-untyped-def]
        """Combine a patch with one of an image.

        Args:
            typing: numba's.
            image: `(height, width, 32)`.
            place: where the patch begins in it.
            row: the distance from one row of the image to the next.
            table: an array that has the other patch.
            start: where that begins.
        """
        whole = types.int64

        def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
            image, place, row, table, start = unpacked(context, builder, signature, args)
            runs = _runs(builder, builder.gep(image, [place]), row)
            patches = _runs(builder, builder.gep(table, [start]), integer(RUN))
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
def add_patches(typing, total, place, image, start, row, offsets, first, count):  # type: ignore[no-untyped-def]
    """Add some patches of an image to a patch.

    Args:
        typing: numba's.
        total: an array that has the patch that is added to.
        place: where that begins.
        image: `(height, width, 32)`.
        start: the place in it that offsets are counted from.
        row: the distance from one row of the image to the next.
        offsets: the places of the patches, int32.
        first: the first of them.
        count: their number.
    """
    whole = types.int64

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        total, place, image, start, row, offsets, first, count = unpacked(context, builder, signature, args)
        runs = _runs(builder, builder.gep(total, [place]), integer(RUN))
        image, offsets = builder.gep(image, [start]), builder.gep(offsets, [first])
        sums = _begin(builder, runs)
        with cgutils.for_range(builder, count, intp=INT) as loop:
            offset = builder.sext(builder.load(builder.gep(offsets, [loop.index])), INT)
            for registers, run in zip(sums, _runs(builder, builder.gep(image, [offset]), row), strict=True):
                for v, register in enumerate(registers):
                    builder.store(builder.fadd(builder.load(register), vector_at(builder, run, v)), register)
        _end(builder, runs, sums)
        return context.get_dummy_value()

    return types.void(total, whole, image, whole, whole, offsets, whole, whole), generate


@intrinsic
def add_winning_patches(  # type: ignore[no-untyped-def]
    typing,
    total,
    place,
    image,
    start,
    row,
    windows,
    winners,
    winner,
    winners_apart,
    scales,
    scale,
    scales_apart,
):
    """Add the patches around the winners of some windows to a patch, each times a number, products fused with sums.

    Args:
        typing: numba's.
        total: an array that has the patch that is added to.
        place: where that begins.
        image: `(height, width, 32)`.
        start: the place in it that windows are counted from.
        row: the distance from one row of the image to the next.
        windows: where the patch around the first of each window's four pixels begins, int32.
        winners: which of the four has won, uint8.
        winner: the place of the first window's in `winners`.
        winners_apart: the distance to the next window's.
        scales: the numbers.
        scale: the place of the first window's in `scales`.
        scales_apart: the distance to the next window's.
    """
    whole = types.int64

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        values = unpacked(context, builder, signature, args)
        total, place, image, start, row, pointer, winners, winner, winners_apart, scales, scale, scales_apart = values
        count = context.make_array(signature.args[5])(context, builder, args[5]).nitems
        runs = _runs(builder, builder.gep(total, [place]), integer(RUN))
        image, winners, scales = (
            builder.gep(base, [at]) for base, at in ((image, start), (winners, winner), (scales, scale))
        )
        sums = _begin(builder, runs)
        with cgutils.for_range(builder, count, intp=INT) as loop:
            won = builder.load(builder.gep(winners, [builder.mul(loop.index, winners_apart)]))
            below = builder.mul(builder.zext(builder.lshr(won, ir.Constant(won.type, 1)), INT), row)
            right = builder.mul(builder.zext(builder.and_(won, ir.Constant(won.type, 1)), INT), integer(CHANNELS))
            offset = builder.sext(builder.load(builder.gep(pointer, [loop.index])), INT)
            offset = builder.add(offset, builder.add(below, right))
            number = builder.load(builder.gep(scales, [builder.mul(loop.index, scales_apart)]))
            _add_scaled(builder, sums, repeated(builder, number), _runs(builder, builder.gep(image, [offset]), row))
        _end(builder, runs, sums)
        return context.get_dummy_value()

    arrays = total, whole, image, whole, whole, windows, winners, whole, whole, scales, whole, whole
    return types.void(*arrays), generate


@intrinsic
def add_chosen_patches(  # type: ignore[no-untyped-def]
    typing, image, place, row, table, start, apart, scales, first, chosen
):
    """Add those of 32 patches that are chosen to one of an image, each times a number, products fused with sums.

    Args:
        typing: numba's.
        image: `(height, width, 32)`.
        place: where the patch begins that is added to.
        row: the distance from one row of the image to the next.
        table: an array that has the patches.
        start: where the first of them begins.
        apart: the distance from one to the next.
        scales: the numbers.
        first: the place of the first patch's in `scales`; the others follow on it.
        chosen: a bit for each patch.
    """
    whole = types.int64

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        image, place, row, table, start, apart, scales, first, chosen = unpacked(context, builder, signature, args)
        runs = _runs(builder, builder.gep(image, [place]), row)
        table, scales = builder.gep(table, [start]), builder.gep(scales, [first])
        sums = _begin(builder, runs)
        bits = cgutils.alloca_once_value(builder, chosen)
        with cgutils.for_range(builder, builder.ctpop(chosen), intp=INT):
            left = builder.load(bits)
            k = builder.cttz(left, ir.Constant(ir.IntType(1), 1))
            builder.store(builder.and_(left, builder.sub(left, integer(1))), bits)
            number = repeated(builder, builder.load(builder.gep(scales, [k])))
            patch = builder.gep(table, [builder.mul(k, apart)])
            _add_scaled(builder, sums, number, _runs(builder, patch, integer(RUN)))
        _end(builder, runs, sums)
        return context.get_dummy_value()

    return types.void(image, whole, whole, table, whole, whole, scales, whole, whole), generate


@intrinsic
def has_won(typing, winners, place, which):  # type: ignore[no-untyped-def]
    """Return a bit for each of 32 channels, in an int64, that tells if this one of a window's four pixels has won.

    Args:
        typing: numba's.
        winners: the winners' places among the four, uint8.
        place: where in it those of the window begin.
        which: the pixel's place among the four.
    """

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        winners, place, which = unpacked(context, builder, signature, args)
        both = ir.VectorType(ir.IntType(8), CHANNELS)
        pointer = builder.bitcast(builder.gep(winners, [place]), both.as_pointer())
        won = builder.load(pointer)
        won.align = 1
        undefined = ir.Constant(both, ir.Undefined)
        one = builder.insert_element(undefined, builder.trunc(which, ir.IntType(8)), ir.Constant(ir.IntType(32), 0))
        each = builder.shuffle_vector(one, undefined, ir.Constant(ir.VectorType(ir.IntType(32), CHANNELS), None))
        equal = builder.icmp_unsigned("==", won, each)
        return builder.zext(builder.bitcast(equal, ir.IntType(CHANNELS)), INT)

    return types.int64(winners, types.int64, types.int64), generate


@intrinsic
def pool_channels(typing, image, place, row, out, into, winners):  # type: ignore[no-untyped-def]
    """Take the largest of a window's pixels for each of 32 channels; the first of equal ones wins, a NaN always.

    Args:
        typing: numba's.
        image: `(height, width, 32)`.
        place: where in it the upper left pixel lies.
        row: the distance from one row of the image to the next.
        out: the array of the largest; 32 numbers are written.
        into: where in it, and in `winners`, they are written.
        winners: the array of the winners' places among the four, in reading order, uint8.
    """
    whole = types.int64

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        image, place, row, out, into, winners = unpacked(context, builder, signature, args)
        out, winners = builder.gep(out, [into]), builder.gep(winners, [into])
        pixels = _window(builder, image, place, row)
        for v in range(CHANNELS // WIDTH):
            largest, winner = vector_at(builder, pixels[0], v), ir.Constant(BYTES, None)
            for number, pixel in enumerate(pixels[1:], 1):
                x = vector_at(builder, pixel, v)
                wins = builder.or_(builder.fcmp_ordered(">", x, largest), builder.fcmp_unordered("uno", x, x))
                largest = builder.select(wins, x, largest)
                winner = builder.select(wins, ir.Constant(BYTES, [number] * WIDTH), winner)
            set_vector(builder, out, v, largest)
            builder.store(winner, _bytes_at(builder, winners, v)).align = 1
        return context.get_dummy_value()

    return types.void(image, whole, whole, out, whole, winners), generate


@intrinsic
def unpool_channels(typing, image, place, row, given, at, winners):  # type: ignore[no-untyped-def]
    """Write what each of 32 channels is given to the pixel of a window that won there, and 0 to the others.

    Args:
        typing: numba's.
        image: `(height, width, 32)`, four of whose pixels are written.
        place: where in it the upper left pixel lies.
        row: the distance from one row of the image to the next.
        given: the numbers.
        at: where in `given`, and in `winners`, they begin.
        winners: as `pool_channels` wrote it.
    """
    whole = types.int64

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        image, place, row, given, at, winners = unpacked(context, builder, signature, args)
        given, winners = builder.gep(given, [at]), builder.gep(winners, [at])
        pixels = _window(builder, image, place, row)
        for v in range(CHANNELS // WIDTH):
            number = vector_at(builder, given, v)
            winner = builder.load(_bytes_at(builder, winners, v))
            winner.align = 1
            for which, pixel in enumerate(pixels):
                won = builder.icmp_unsigned("==", winner, ir.Constant(BYTES, [which] * WIDTH))
                set_vector(builder, pixel, v, builder.select(won, number, ir.Constant(VECTOR, None)))
        return context.get_dummy_value()

    return types.void(image, whole, whole, given, whole, winners), generate


def _runs(builder: Any, pointer: Any, row: Any) -> list[Any]:
    """Return pointers to the three runs of a patch."""
    return [builder.gep(pointer, [builder.mul(row, integer(r))]) for r in range(3)]


def _window(builder: Any, image: Any, place: Any, row: Any) -> list[Any]:
    """Return pointers to the four pixels of a window."""
    above = builder.gep(image, [place])
    below = builder.gep(above, [row])
    return [above, builder.gep(above, [integer(CHANNELS)]), below, builder.gep(below, [integer(CHANNELS)])]


def _bytes_at(builder: Any, winners: Any, v: int) -> Any:
    return builder.bitcast(builder.gep(winners, [integer(v * WIDTH)]), BYTES.as_pointer())


def _begin(builder: Any, runs: list[Any]) -> list[Registers]:
    """Read a patch into registers."""
    sums = [new_registers(builder, RUN // WIDTH) for _ in runs]
    for registers, run in zip(sums, runs, strict=True):
        fill(builder, registers, run)
    return sums


def _end(builder: Any, runs: list[Any], sums: list[Registers]) -> None:
    """Write a patch from registers."""
    for registers, run in zip(sums, runs, strict=True):
        for v, register in enumerate(registers):
            set_vector(builder, run, v, builder.load(register))


def _add_scaled(builder: Any, sums: list[Registers], scale: Any, runs: list[Any]) -> None:
    """Add a patch times a number to one in registers."""
    fused = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(VECTOR, [VECTOR] * 3), f"llvm.fma.v{WIDTH}f32"
    )
    for registers, run in zip(sums, runs, strict=True):
        for v, register in enumerate(registers):
            builder.store(builder.call(fused, [scale, vector_at(builder, run, v), builder.load(register)]), register)
