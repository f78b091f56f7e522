import subprocess
import sys

import numpy as np
from numba import njit

import privsearch.models.kernels  # noqa: F401  # has numba tell
from privsearch.models.compiling import heard_compiling


def test_a_listener_hears_when_compiling_begins_and_ends() -> None:
    """At the first call of a kernel, and not at the second; nor after the block."""
    heard: list[bool] = []
    inner = njit(lambda x: x + 1)
    outer = njit(lambda x: inner(x) * 2)
    with heard_compiling(heard.append):
        assert outer(np.int64(1)) == 4
        during = heard.copy()
        outer(np.int64(2))
    assert during[0] is True
    assert during[-1] is False
    assert heard == during
    njit(lambda x: x - 1)(1)
    assert heard == during


def test_a_conventional_network_needs_no_numba() -> None:
    """Loading numba takes half a second, and listening to it must not load it."""
    code = (
        "import sys\n"
        "from privsearch.models.compiling import heard_compiling\n"
        "with heard_compiling(print):\n"
        "    pass\n"
        "assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
