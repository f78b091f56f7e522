"""Freed memory, kept for the next training step instead of going back to the system."""

import ctypes
import platform
from functools import cache
from typing import Final

M_TRIM_THRESHOLD: Final = -1
M_MMAP_MAX: Final = -4
M_ARENA_MAX: Final = -8
NEVER: Final = -1


@cache
def keep_freed_memory() -> bool:
    """Tell glibc's allocator never to return memory before the process ends; a no-op after the first call.

    By default glibc maps every large block afresh and unmaps it when freed, so each training step pays for hundreds
    of thousands of page faults. The price is that a process stays as large as it once was.

    Returns:
        True if the allocator accepted the options, False if the C library is not glibc; then nothing changes.

    Source: mallopt(3).
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    libc = ctypes.CDLL(None)
    # The arenas of further threads are trimmed whatever the threshold, so there must be none.
    return all(libc.mallopt(*option) for option in ((M_ARENA_MAX, 1), (M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, NEVER)))
