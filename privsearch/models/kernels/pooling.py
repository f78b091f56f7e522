"""2x2 max pooling of images whose channels lie last."""

from typing import Any, Final

import numpy as np

from privsearch.models.kernels.compiled import inlined, kernel, load

BUILT_ON: Final = "9540f2dfae217caa"
"""The version of the kernels' files that this one imports (see `compiled`)."""


@inlined
def _pool_row(a: Any, b: Any, c: Any, d: Any, out: Any, place: Any) -> None:
    for i in range(out.shape[0]):
        largest, value, at = load(a, i), a[i], np.uint8(0)
        x = load(b, i)
        if x > largest or x != x:
            largest, value, at = x, b[i], np.uint8(1)
        x = load(c, i)
        if x > largest or x != x:
            largest, value, at = x, c[i], np.uint8(2)
        x = load(d, i)
        if x > largest or x != x:
            largest, value, at = x, d[i], np.uint8(3)
        out[i] = value
        place[i] = at


@kernel
def max_pool(x: Any, out: Any, place: Any) -> None:
    """Compute 2x2 max pooling; the first of equal inputs wins.

    Args:
        x: `(n, height, width, channels)`.
        out: `(n, height // 2, width // 2, channels)`, written.
        place: in the shape of `out`, the winner's place among the four inputs, in reading order; written.
    """
    n, height, width, _ = out.shape
    for k in range(n):
        for i in range(height):
            for j in range(width):
                above, below = x[k, 2 * i], x[k, 2 * i + 1]
                _pool_row(above[2 * j], above[2 * j + 1], below[2 * j], below[2 * j + 1], out[k, i, j], place[k, i, j])


@inlined
def _unpool_row(grad: Any, place: Any, at: int, out: Any) -> None:
    for i in range(out.shape[0]):
        out[i] = grad[i] if place[i] == at else 0


@kernel
def max_pool_backward(grad: Any, place: Any, out: Any) -> None:
    """Compute the gradient of `max_pool`, which goes to the input that won; shapes are those of `max_pool`."""
    n, height, width, _ = grad.shape
    if out.shape[1] % 2 or out.shape[2] % 2:
        out[:] = 0
    for k in range(n):
        for i in range(height):
            for j in range(width):
                above, below = out[k, 2 * i], out[k, 2 * i + 1]
                _unpool_row(grad[k, i, j], place[k, i, j], 0, above[2 * j])
                _unpool_row(grad[k, i, j], place[k, i, j], 1, above[2 * j + 1])
                _unpool_row(grad[k, i, j], place[k, i, j], 2, below[2 * j])
                _unpool_row(grad[k, i, j], place[k, i, j], 3, below[2 * j + 1])
