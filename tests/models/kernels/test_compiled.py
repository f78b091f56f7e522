import ast
import hashlib
from pathlib import Path

import pytest

from privsearch.models.kernels import (
    compiled,
    exponential,
    leaky,
    levels,
    narrow,
    patches,
    pooling,
    spike_convolution,
    spike_convolution_gradients,
    spike_linear,
    spikes,
    traces,
    vectors,
)

FOLDER = Path(compiled.__file__).parent


def imported(path: Path) -> list[Path]:
    """The kernels' files that one of them imports, in order of name."""
    imports = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    modules = {node.module or "" for node in imports}
    names = sorted(module.rpartition(".")[2] for module in modules if module.startswith("privsearch.models.kernels."))
    return [FOLDER / f"{name}.py" for name in names]


MODULES = [
    exponential,
    levels,
    leaky,
    narrow,
    patches,
    pooling,
    spike_convolution,
    spike_convolution_gradients,
    spike_linear,
    spikes,
    traces,
    vectors,
]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.split(".")[-1])
def test_kept_kernels_are_built_on_the_present_files(module) -> None:
    """Numba looks at the file of a kernel alone, so it names the version of the files that it imports."""
    present = hashlib.sha256(b"".join(path.read_bytes() for path in imported(Path(module.__file__)))).hexdigest()[:16]
    told = f"a file that {module.__name__} imports has changed: BUILT_ON must be {present!r}"
    assert present == module.BUILT_ON, told
