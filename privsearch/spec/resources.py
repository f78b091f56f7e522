"""What each worker may use of a machine. It is no part of a trial: it decides when a result comes, not which."""

from typing import Literal

from pydantic import BaseModel, Field

from privsearch.spec.strict import STRICT

Device = Literal["cpu", "cuda"]
"""Where networks are trained, as torch calls it."""


class Resources(BaseModel):
    """The share of one worker, which decides how many work at a time."""

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
