"""Modules that are loaded when they are used, though somebody imports all that is in their package before."""

import sys
from importlib.util import LazyLoader, find_spec, module_from_spec


def postpone(name: str) -> None:
    """Have a module loaded when it is imported by its own name, or a name in it is looked up; not with its package.

    Does nothing if the module is loaded already, or there is none.

    Args:
        name: that of the module, whose package is imported.
    """
    if name in sys.modules or (spec := find_spec(name)) is None or spec.loader is None:
        return
    package, _, child = name.rpartition(".")
    spec.loader = LazyLoader(spec.loader)
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    if package:
        setattr(sys.modules[package], child, module)  # as an import does
