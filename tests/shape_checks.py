"""The shapes in the signatures, checked while the tests run and only then."""

import sys
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import Final

from jaxtyping import install_import_hook

TYPECHECKER: Final = "beartype.beartype"
UNCHECKED: Final = "privsearch.models.kernels"
"""Compiled by numba, which takes no function that something is wrapped around."""


def checked_modules() -> list[str]:
    """The modules and packages whose functions are checked: all with arrays or tensors in their signatures."""
    (models,) = find_spec("privsearch.models").submodule_search_locations or ()  # type: ignore[union-attr]
    files = [f"privsearch.models.{module.name}" for module in iter_modules([str(Path(models))])]
    return [
        *("privsearch.analysis.bootstrap", "privsearch.analysis.columns", "privsearch.analysis.metrics"),
        *("privsearch.attacks", "privsearch.data", "privsearch.study.signals"),
        *(name for name in files if name != UNCHECKED),
    ]


def check_shapes() -> None:
    """Have a wrong shape raise from now on; to be called before the modules are imported."""
    late = [name for name in checked_modules() if name in sys.modules]
    assert not late, f"imported before their shapes could be checked: {late}"
    install_import_hook(checked_modules(), TYPECHECKER)
