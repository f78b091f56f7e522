"""How membranes may be quantised otherwise than by default."""

from typing import Any, Final

OTHER_MEMBRANES: Final[list[dict[str, Any]]] = [
    {"quantize_readout": True},
    {"state_range": (-2.0, 2.4)},
    {"threshold_sets": "clip"},
    {"threshold_sets": "firing"},
    {"state_gradient": "straight_through"},
    {"quantize_state": "after_firing"},
    {"quantize_state": "for_firing"},
]
"""Axes of a trial, each with a value that is not its default; every other value is among them."""
