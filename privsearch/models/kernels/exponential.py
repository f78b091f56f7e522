"""The exponential function, for compiled loops and for LLVM's vectors; numba's own takes one number at a time."""

from typing import Any, Final

from llvmlite import ir
from numba import types

from privsearch.models.kernels.registers import WIDTH, intrinsic

BUILT_ON: Final = "ae8000a3d0d1611f"
"""The version of the kernels' files that this one imports (see `compiled`)."""
LOWEST: Final = -87.0
"""The argument below which the result, that is nearly subnormal, is 0."""
TO_NEAREST: Final = 1.5 * 2.0**23
"""A number that is so large that a sum with it has no fraction; its last bits are then the other number, rounded."""
OVER_LOG_2: Final = 1.44269504088896341
LOG_2: Final = (0.693359375, -2.12194440e-4)
"""The logarithm of 2 in two parts; the first has few bits, so that its products with small whole numbers are exact."""
COEFFICIENTS: Final = (
    1.9875691500e-4,
    1.3981999507e-3,
    8.3334519073e-3,
    4.1665795894e-2,
    1.6666665459e-1,
    5.0000001201e-1,
)
"""Those of the terms from x^7 down to x^2 of the series, fitted for |x| up to log(2) / 2."""


def exponential(builder: Any, x: Any) -> Any:
    """Write the instructions of `exp(x)` for x up to 0, to within two units of the last of 24 bits; NaN for NaN.

    Source: `expf` of the Cephes library (Moshier 1992), without its branches.

    Args:
        builder: LLVM's.
        x: a float32, or a vector of them.
    """
    is_vector = isinstance(x.type, ir.VectorType)
    whole = ir.VectorType(ir.IntType(32), WIDTH) if is_vector else ir.IntType(32)

    def number(value: float, kind: Any = x.type) -> Any:
        return ir.Constant(kind, [value] * WIDTH if is_vector else value)

    is_low = builder.fcmp_ordered("<", x, number(LOWEST))
    x = builder.select(is_low, number(LOWEST), x)
    shifted = builder.fadd(builder.fmul(x, number(OVER_LOG_2)), number(TO_NEAREST))
    halvings = builder.fsub(shifted, number(TO_NEAREST))
    for part in LOG_2:
        x = builder.fsub(x, builder.fmul(halvings, number(part)))
    terms = number(COEFFICIENTS[0])
    for coefficient in COEFFICIENTS[1:]:
        terms = builder.fadd(builder.fmul(terms, x), number(coefficient))
    series = builder.fadd(builder.fadd(builder.fmul(terms, builder.fmul(x, x)), x), number(1))
    # The power of 2 is made of its bits: the exponent of a float32 is counted from -127.
    exponent = builder.add(builder.shl(builder.bitcast(shifted, whole), number(23, whole)), number(127 << 23, whole))
    power = builder.bitcast(exponent, x.type)
    return builder.select(is_low, number(0), builder.fmul(series, power))


@intrinsic
def exp(typing, x):  # type: ignore[no-untyped-def]
    """Compute `exp(x)` for a float32 up to 0, as `exponential` does; a loop over it becomes one over vectors."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return exponential(builder, args[0])

    return types.float32(types.float32), generate
