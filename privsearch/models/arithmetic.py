"""The ways in which torch and the processor compute while networks are trained or queried; each ends with its block."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread: one worker a core is faster than one worker on all, and sums keep their order."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def exact_convolutions() -> Iterator[None]:
    """Have a GPU compute 32-bit convolutions in 32 bits, and in the same order each time."""
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
        yield


@contextmanager
def without_subnormals() -> Iterator[None]:
    """Have this thread take numbers nearer to 0 than 2**-126, in 32 bits, for 0, in torch and in numba's kernels.

    Gradients that vanish are such numbers, and so are an optimiser's means of them; a processor computes with each of
    them many times slower.
    """
    was_set = bool(torch.full((), 2.0**-127) * 1 == 0)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(was_set)
