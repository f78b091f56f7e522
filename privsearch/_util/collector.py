"""Python's garbage collector."""

import gc
from typing import Final

_OBJECTS: Final = 300_000
"""New objects between two collections: more than a short command makes, and less than 100 MB of them."""


def collect_seldom() -> None:
    """Have the collector look for cycles less often: what is imported stays, and is looked through each time."""
    gc.set_threshold(_OBJECTS, 20, 20)
