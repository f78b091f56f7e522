import errno

import pytest

from privsearch._util.machine import available_cores, is_out_of_memory


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        ImportError("libtorch_cpu.so: failed to map segment from shared object"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory: you tried ..."),
        RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB."),
        RuntimeError("std::bad_alloc"),
    ],
)
def test_a_lack_of_memory_has_many_words(error: Exception) -> None:
    """Each library says it in its own."""
    assert is_out_of_memory(error)


@pytest.mark.parametrize(
    "error", [RuntimeError("must be finite"), OSError(errno.ENOENT, "x"), ImportError("no module")]
)
def test_other_errors_are_no_lack_of_memory(error: Exception) -> None:
    """They are told as they are."""
    assert not is_out_of_memory(error)


def test_there_is_a_core() -> None:
    """This one."""
    assert available_cores() >= 1
