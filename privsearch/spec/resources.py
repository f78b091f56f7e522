"""The resources of a worker, the limits of a trial, and the time between checkpoints.

None is a part of a trial: they decide when a result comes, not what it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, Field

from privsearch.spec.strict import STRICT

Device = Literal["cpu", "cuda"]
"""The device that networks are trained on, by torch's name."""


MOST_WORKERS: Final = 10_000
"""The most workers at a time, for each of which this process keeps connections and files open."""


def _share_of_gpu(share: float) -> float:
    if 0 < share < 0.0001:
        raise ValueError("Ray counts in ten-thousandths, of which this is none")
    return share


class Resources(BaseModel):
    """The resources of one worker, which decide how many workers run at a time."""

    model_config = STRICT

    cpu: float = Field(
        1.0,
        ge=0.01,
        le=4_096,
        description="a number from 0.01 to 4096: the cores of one worker, or a part of one where a GPU does the work",
    )
    gpu: Annotated[float, AfterValidator(_share_of_gpu)] | None = Field(
        None,
        ge=0,
        le=1,
        description="0 (none), or a number from 0.0001 to 1 (a whole GPU for each worker), or null for an even share",
    )
    custom: Mapping[
        Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,99}$")],
        Annotated[float, Field(ge=0.0001, le=1e9)],
    ] = Field(
        {},
        description="a mapping of the cluster's own resources, each by its name, to the amount that one worker needs, "
        "a number from 0.0001 to 1e9",
    )
    max_concurrent: int | None = Field(
        None,
        ge=1,
        le=MOST_WORKERS,
        description=f"a whole number from 1 to {MOST_WORKERS}, the workers at a time, or null for as many as there is "
        "room for",
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
