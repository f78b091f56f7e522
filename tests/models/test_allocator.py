import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys, torch
from privsearch.models.allocator import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        torch.empty(10_000_000).fill_(1.0)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

if sys.argv[1] == "kept":
    assert keep_freed_memory()
for _ in range(4):  # the heap grows to its size first
    faults()
print(faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_a_freed_block_is_used_again_without_page_faults() -> None:
    """A 40 MB tensor made and dropped again and again costs its pages each time, or, kept, almost none."""

    def faults(how: str) -> int:
        done = subprocess.run([sys.executable, "-c", FAULTS, how], capture_output=True, text=True, check=True)
        return int(done.stdout)

    # Pages may be large, so the peer is what happens without it, not a count.
    assert faults("kept") < 0.1 * faults("returned")
