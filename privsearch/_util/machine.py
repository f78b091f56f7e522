"""The resources of this machine."""

import errno
import os
import platform
import re
from functools import cache
from pathlib import Path
from typing import Final

_OUT_OF_MEMORY: Final = re.compile(
    "cannot allocate memory|can't allocate memory|not enough memory|out of memory|failed to map segment|std::bad_alloc",
    re.IGNORECASE,
)
"""The words of the system, its loader of libraries, torch and CUDA, whose errors have no class of their own."""


def available_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def processor_name() -> str:
    """Return the processor's name as the system gives it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error says that the system gives this process no more memory, whatever library raised it."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    return isinstance(error, ImportError | OSError | RuntimeError) and bool(_OUT_OF_MEMORY.search(str(error)))
