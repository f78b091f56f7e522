"""What came out of a trial: `Completed` or `Failed`, both written as one line of JSON."""

import platform
import traceback
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from privsearch.spec import TrialSpec

_FROZEN = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
"""A number that is not finite cannot enter a result: such a trial is a failed one."""


class AttackResult(BaseModel):
    """What one attack found on one target.

    Attributes:
        auc: area under the ROC curve, a fraction.
        placebo_auc: the same where no example was trained on, the mean over the cuts; 0.5 for an honest attack.
        matched_auc: the same on real members, as many as the placebo's, the mean over the cuts.
        num_members: examples scored that are members of the target's training set.
        num_non_members: examples scored that are not.
    """

    model_config = _FROZEN

    auc: float
    placebo_auc: float
    matched_auc: float
    num_members: int
    num_non_members: int

    @property
    def excess_auc(self) -> float:
        """What the attack owes to membership: the matched AUC less the placebo's; 0 on average without any signal."""
        return self.matched_auc - self.placebo_auc


class Epoch(BaseModel):
    """One pass over a training set, measured on its batches as they were trained on.

    Attributes:
        loss: mean cross-entropy, nats.
        accuracy: a fraction.
    """

    model_config = _FROZEN

    loss: float
    accuracy: float


class TrainedNetwork(BaseModel):
    """How well one network learnt.

    Attributes:
        train_accuracy: on its own training set, after training, without augmentation; a fraction.
        test_accuracy: on the test split; a fraction.
        history: one entry an epoch.
    """

    model_config = _FROZEN

    train_accuracy: float
    test_accuracy: float
    history: tuple[Epoch, ...]


class Replicate(BaseModel):
    """One target, its shadow, and what each attack found."""

    model_config = _FROZEN

    target: TrainedNetwork
    shadow: TrainedNetwork
    attacks: dict[str, AttackResult]


class Completed(BaseModel):
    """A trial that ended with numbers."""

    model_config = _FROZEN

    status: Literal["completed"] = "completed"
    trial_id: str
    spec: TrialSpec
    replicates: tuple[Replicate, ...] = Field(min_length=1)
    seconds: float
    host: str = Field(default_factory=platform.node)
    finished_at: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    def numbers(self) -> dict[str, Any]:
        """Everything that must come out the same again: all but the time, the place and the date."""
        return self.model_dump(mode="json", exclude={"seconds", "host", "finished_at"})


class Failed(BaseModel):
    """A trial that ended without numbers, and the evidence of why.

    Attributes:
        error: the exception's class, or what became of the worker.
        message: what it said.
        traceback: where it happened, as Python prints it; empty if the worker died.
    """

    model_config = _FROZEN

    status: Literal["failed"] = "failed"
    trial_id: str
    spec: TrialSpec
    error: str
    message: str
    traceback: str
    seconds: float
    host: str = Field(default_factory=platform.node)
    finished_at: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))


TrialResult = Completed | Failed

UNKNOWN_ID: Final = "unknown"
"""The trial_id of a result whose dataset could not even be read, where the id would come from."""

_ADAPTER: TypeAdapter[TrialResult] = TypeAdapter(Annotated[TrialResult, Field(discriminator="status")])


def parse_result(line: str | bytes) -> TrialResult:
    """Read a result back from its JSON.

    Raises:
        pydantic.ValidationError: the line is not the JSON of a result.
    """
    return _ADAPTER.validate_json(line)


def failure(spec: TrialSpec, trial_id: str, error: BaseException, *, seconds: float) -> Failed:
    """The result of a trial that ended with `error`."""
    return Failed(
        trial_id=trial_id,
        spec=spec,
        error=type(error).__name__,
        message=str(error),
        traceback="".join(traceback.format_exception(error)),
        seconds=seconds,
    )
