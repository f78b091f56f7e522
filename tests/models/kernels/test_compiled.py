import ast
import hashlib
from importlib import import_module
from pathlib import Path

import pytest

from privsearch.models.kernels import compiled

FOLDER = Path(compiled.__file__).parent


def imported(path: Path) -> list[Path]:
    """The kernels' files that one of them imports, in order of name."""
    imports = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    modules = {node.module or "" for node in imports}
    names = sorted(module.rpartition(".")[2] for module in modules if module.startswith("privsearch.models.kernels."))
    return [FOLDER / f"{name}.py" for name in names]


FILES = [path for path in sorted(FOLDER.glob("*.py")) if path.stem != "__init__" and imported(path)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_kept_kernels_are_built_on_the_present_files(path) -> None:
    """Numba looks at the file of a kernel alone, so it names the version of the files that it imports."""
    module = import_module(f"{compiled.__package__}.{path.stem}")
    present = hashlib.sha256(b"".join(file.read_bytes() for file in imported(path))).hexdigest()[:16]
    told = f"a file that {module.__name__} imports has changed: BUILT_ON must be {present!r}"
    assert present == module.BUILT_ON, told
