"""The resources of a worker, the limits of a trial, and the time between checkpoints.

None is a part of a trial: they decide when a result comes, not what it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import BaseModel, Field

from privsearch.spec.strict import STRICT

Device = Literal["cpu", "cuda"]
"""The device that networks are trained on, by torch's name."""


class Resources(BaseModel):
    """The resources of one worker, which decide how many workers run at a time."""

    model_config = STRICT

    cpu: float = Field(
        1.0, gt=0, description="a number above 0: the cores of one worker, or a part of one where a GPU does the work"
    )
    gpu: float | None = Field(
        None,
        ge=0,
        le=1,
        description="a number from 0 (none) to 1 (a whole GPU for each worker), or null for an even share",
    )
    custom: Mapping[str, Annotated[float, Field(gt=0)]] = Field(
        {}, description="a mapping of the cluster's own resources to the amount that one worker needs, each above 0"
    )
    max_concurrent: int | None = Field(
        None, ge=1, description="a whole number from 1, the workers at a time, or null for as many as there is room for"
    )


Retries = Annotated[
    int,
    Field(ge=0, le=100, description="a whole number from 0 to 100: how often a trial is tried again whose worker died"),
]
Timeout = Annotated[
    Annotated[float, Field(gt=0, le=1e6)] | None,
    Field(description="a number above 0, up to 1e6: the seconds a trial may take; null for no limit"),
]

CheckpointMinutes = Annotated[
    Annotated[float, Field(gt=0, le=1e6)] | None,
    Field(
        description="a number above 0, up to 1e6: the minutes of a network's training from one checkpoint to the next; "
        "null for none"
    ),
]

CHECKPOINT_MINUTES: Final = 10.0
"""The minutes between two checkpoints unless a sweep says otherwise."""


@dataclass(frozen=True)
class RetryPolicy:
    """The policy for a trial that ends its worker, or does not end.

    Attributes:
        retries: how often a trial is tried again after its worker died.
        timeout: the seconds that a trial may take; None for no limit.
    """

    retries: int = 2
    timeout: float | None = None
