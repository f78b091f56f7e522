import platform
import resource

import pytest
import torch

from privsearch.allocator import keep_freed_memory


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_a_freed_block_is_used_again_without_page_faults() -> None:
    """A 40 MB tensor made and dropped again and again costs no new pages once the first one has been paid for."""
    assert keep_freed_memory()

    def faults() -> int:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(5):
            torch.empty(10_000_000).fill_(1.0)
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

    faults()
    assert faults() < 10_000_000 * 4 / 4096
