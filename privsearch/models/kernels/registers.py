"""LLVM's vectors of sixteen float32, in registers and in arrays, for functions that are written in LLVM's own terms.

numba leaves the choice of registers to a compiler that sees short loops over arrays which may overlap, and keeps sums
in memory. Such functions keep them in registers, on a processor with other registers too. They do not check bounds.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic as numba_intrinsic

WIDTH: Final = 16
"""The numbers of a vector."""
INT: Final = ir.IntType(64)
VECTOR: Final = ir.VectorType(ir.FloatType(), WIDTH)
Registers = list[Any]


def intrinsic(function: Callable[..., Any]) -> Any:
    """Make a function of compiled code of one that writes LLVM's instructions."""
    return numba_intrinsic(function)


def unpacked(context: Any, builder: Any, signature: Any, args: Sequence[Any]) -> list[Any]:
    """Return the arguments, arrays as pointers to their numbers."""
    return [
        context.make_array(kind)(context, builder, value).data if isinstance(kind, types.Array) else value
        for kind, value in zip(signature.args, args, strict=True)
    ]


def integer(value: int) -> Any:
    """Return a constant int64."""
    return ir.Constant(INT, value)


def repeated(builder: Any, value: Any) -> Any:
    """Return a vector of one number."""
    undefined = ir.Constant(VECTOR, ir.Undefined)
    first = builder.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), None))


def constant(value: float) -> Any:
    """Return a constant vector of one number."""
    return ir.Constant(VECTOR, [float(value)] * WIDTH)


def new_registers(builder: Any, count: int) -> Registers:
    """Return places for vectors, which the compiler makes registers of."""
    return [cgutils.alloca_once(builder, VECTOR) for _ in range(count)]


def fill(builder: Any, registers: Registers, pointer: Any) -> None:
    """Read vectors that lie side by side from a pointer on."""
    for v, register in enumerate(registers):
        builder.store(vector_at(builder, pointer, v), register)


def _at(builder: Any, pointer: Any, v: int) -> Any:
    return builder.bitcast(builder.gep(pointer, [integer(v * WIDTH)]), VECTOR.as_pointer())


def vector_at(builder: Any, pointer: Any, v: int) -> Any:
    """Read the v-th vector from a pointer on."""
    loaded = builder.load(_at(builder, pointer, v))
    loaded.align = 4
    return loaded


def set_vector(builder: Any, pointer: Any, v: int, value: Any) -> None:
    """Write the v-th vector from a pointer on."""
    builder.store(value, _at(builder, pointer, v)).align = 4
