"""privsearch: train and attack every model of a sweep; keep the accuracy-privacy Pareto front."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from privsearch.network_archive import load_networks
    from privsearch.networks import load_network
    from privsearch.store import Study, load_study

__all__ = ["Study", "load_network", "load_networks", "load_study"]

_HOMES: Final = {
    "Study": "store",
    "load_network": "networks",
    "load_networks": "network_archive",
    "load_study": "store",
}


def __getattr__(name: str) -> Any:
    """Import the public names when they are asked for, so that `privsearch --help` need not wait for them."""
    if name in _HOMES:
        return getattr(import_module(f"privsearch.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'privsearch' has no attribute {name!r}")
