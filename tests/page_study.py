"""What the tests of the page share."""

from collections.abc import Callable
from typing import Final

from playwright.sync_api import Page

from privsearch.spec import SweepSpec

HOSTILE: Final = (
    """<img src=x onerror="document.title='owned'"></script><script>document.title='owned'</script>&amp;\u2028'"""
)
"""What a stranger may write wherever a text is free."""

OpenPage = Callable[..., Page]


def sweep_of(*attacks: str) -> SweepSpec:
    """A sweep of four trials that take a moment each."""
    return SweepSpec.model_validate(
        {
            "name": "tiny",
            "datasets": ["iris"],
            "protocol": {"kind": "paper", "replicates": 2, "placebo_cuts": 2},
            "grids": {"precision": {"model": ["ann", "snn"], "weight_bit_width": [None], "act_bit_width": [None, 4]}},
            "recipe": {"epochs": 2, "batch_size": 64, "num_steps": 3},
            "attacks": attacks,
        }
    )
