"""privsearch: train and attack every model of a sweep; keep the accuracy-privacy Pareto front."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from privsearch.network_archive import load_networks
    from privsearch.networks import load_network
    from privsearch.store import Study, load_study

__all__ = ["Study", "load_network", "load_networks", "load_study"]


def __getattr__(name: str) -> Any:
    """Import the public names when they are asked for, so that `privsearch --help` need not wait for them."""
    if name == "load_network":
        from privsearch import networks

        return networks.load_network
    if name == "load_networks":
        from privsearch import network_archive

        return network_archive.load_networks
    if name in __all__:
        from privsearch import store

        return getattr(store, name)
    raise AttributeError(f"module 'privsearch' has no attribute {name!r}")
