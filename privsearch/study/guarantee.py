"""The guarantee that a network was trained under: DP-SGD as it was run, and the epsilon that an accountant gives it."""

from typing import Annotated

from pydantic import BaseModel, Field

from privsearch.spec.bounds import Epsilon
from privsearch.study.attack_result import FROZEN
from privsearch.study.fields import Text


class Guarantee(BaseModel):
    """The differential privacy of a network's training, by example, under the addition or removal of one.

    Attributes:
        epsilon: what the accountant gives for `delta`; at most what was asked for.
        delta: the probability that epsilon may leave out.
        noise_multiplier: the noise's standard deviation, in units of `max_grad_norm`.
        max_grad_norm: the norm that each example's gradient was clipped to.
        sampling_rate: the probability of each example to be in a batch.
        steps: the number of batches.
        accountant: its name and version.
    """

    model_config = FROZEN

    epsilon: Epsilon
    delta: Annotated[float, Field(gt=0, lt=1)]
    noise_multiplier: Annotated[float, Field(gt=0, le=1e9)]
    max_grad_norm: Annotated[float, Field(gt=0, le=1e9)]
    sampling_rate: Annotated[float, Field(gt=0, le=1)]
    steps: Annotated[int, Field(ge=1, le=10**14)]
    accountant: Text
