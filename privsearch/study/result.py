"""What came out of a trial: `Completed` or `Failed`, both written as one line of JSON."""

import math
import platform
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import fmean
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, model_validator
from pydantic.dataclasses import dataclass as validated

from privsearch._util.interval import Interval
from privsearch._util.text import cut, printable
from privsearch.spec import Attack, TrialSpec
from privsearch.spec.trial import Axes
from privsearch.study.signals import Signals

UNKNOWN_ENVIRONMENT: Final = "unknown"
"""What stands for the environment of results that were recorded without one."""

_FROZEN = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
"""A number that is not finite cannot enter a result: such a trial is a failed one."""


def _finite(interval: Interval) -> Interval:
    if not all(map(math.isfinite, (interval.value, interval.low, interval.high))):
        raise ValueError(f"an interval must be finite, but is {interval}")
    return interval


Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]{0,199}$")]
"""What becomes a part of columns and of files' names, whoever wrote the record: no path, markup or formula."""

Text = Annotated[str, AfterValidator(printable)]
"""What is shown, whoever wrote the record: without what a terminal would obey."""

Environment = Annotated[
    str,
    Field(pattern=r"^(unknown|[A-Za-z0-9][\w.-]* [\w.+! -]+(, [A-Za-z0-9][\w.-]* [\w.+!-]+)* on .*)$"),
    AfterValidator(printable),
]
"""Versions and a processor, `name version, name version on processor`, whoever wrote the record; or unknown."""

FiniteInterval = Annotated[Interval, AfterValidator(_finite)]


class AttackResult(BaseModel):
    """What one attack found on one target. Intervals are those of 95 %, over the examples; None: too few examples.

    Attributes:
        auc: area under the ROC curve, a fraction, with DeLong's interval.
        auc_by_half: the AUC among either half of the examples, which is the same half for all targets and attacks of a
            trial: an attack is chosen on one and judged on the other.
        tpr_at_fpr: by the false positive rate, the share of members found at it, with the interval of Clopper and
            Pearson.
        advantage: true less false positive rate at a threshold chosen on other examples; 0 on average for guessing.
        balanced_accuracy: the share of right answers at that threshold, members and non-members weighing alike.
        epsilon_low: a lower bound on the epsilon of pure differential privacy.
        by_class: the AUC among the examples of each class.
        by_correctness: the AUC among the examples that the target classifies rightly ("correct") and wrongly ("wrong").
        num_members: examples scored that are members of the target's training set.
        num_non_members: examples scored that are not.
        placebo_auc: under `paper`, the AUC where no example was trained on, the mean over the cuts; 0.5 for an honest
            attack.
        matched_auc: the same on real members, as many as the placebo's, the mean over the cuts.
    """

    model_config = _FROZEN

    auc: FiniteInterval
    auc_by_half: tuple[float | None, float | None]
    tpr_at_fpr: dict[Word, FiniteInterval | None]
    advantage: FiniteInterval | None
    balanced_accuracy: float | None
    epsilon_low: float | None
    by_class: dict[int, float | None]
    by_correctness: dict[Word, float | None]
    num_members: int
    num_non_members: int
    placebo_auc: float | None = None
    matched_auc: float | None = None

    @property
    def excess_auc(self) -> float | None:
        """What the attack owes to membership: the matched AUC less the placebo's; 0 on average without any signal."""
        if self.matched_auc is None or self.placebo_auc is None:
            return None
        return self.matched_auc - self.placebo_auc


class ExposedExample(BaseModel):
    """An example that an attack accuses most often of the trainings that it was part of.

    Attributes:
        row: where it stands in the dataset's training data as they were read, from 0.
        label: its class.
        mean_score: its mean score over the targets that were trained on it.
        accused: how many of these accuse it, where one in ten of the non-members may be accused.
        trained: how many targets were trained on it.
        falsely_accused: how many of the other targets accuse it.
        not_trained: how many other targets there are.
    """

    model_config = _FROZEN

    row: int
    label: int
    mean_score: float
    accused: int
    trained: int
    falsely_accused: int
    not_trained: int


class AcrossTargets(BaseModel):
    """What one attack found on all the targets of a trial together.

    Attributes:
        auc: the mean over the targets, with the interval of a hierarchical bootstrap.
        exposed: the most exposed examples, the most exposed first.
    """

    model_config = _FROZEN

    auc: FiniteInterval
    exposed: tuple[ExposedExample, ...]


# No model, because a record holds more of these than of anything else: a fifth of the memory.
@validated(frozen=True, slots=True, config=ConfigDict(extra="forbid", allow_inf_nan=False))
class Epoch:
    """One pass over a training set, measured on its batches as they were trained on.

    Attributes:
        loss: mean cross-entropy, nats.
        accuracy: a fraction.
    """

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
    """One target, its shadow where it has one of its own, and what each attack found."""

    model_config = _FROZEN

    target: TrainedNetwork
    shadow: TrainedNetwork | None
    attacks: dict[Word, AttackResult]


@dataclass(frozen=True)
class Cohort:
    """What the training of a trial gave: all that attacks, those to come included, need to know of it.

    Attributes:
        signals: what the attacks see.
        networks: how well each network learnt.
        environment: under which versions, and on which processor, they were trained.
    """

    signals: Signals
    networks: tuple[TrainedNetwork, ...]
    environment: str = UNKNOWN_ENVIRONMENT


class Completed(BaseModel):
    """A trial that ended with numbers.

    Attributes:
        spec: its configuration, with the attacks that were asked for.
        replicates: the targets, with what each attack found on them.
        across: by the attack's name, what it found on all targets together.
        refused: by the attack's name, why the examples or the networks' outputs cannot carry it.
        dead: which networks give all examples the same outputs, so that no attack can see anything, from 0 in the
            order of their training (under `paper` each target before its shadow); None where nobody looked.
        unkept: why its signals could not be kept; None where they were, or where nobody asked for it.
        networks_unkept: why its networks could not be kept; likewise.
        environments: under which versions, and on which processor, the networks were trained, and then any other one
            that they were attacked under (`privsearch.study.environment.present_environment`).
    """

    model_config = _FROZEN

    status: Literal["completed"] = "completed"
    trial_id: Word
    spec: TrialSpec
    replicates: tuple[Replicate, ...] = Field(min_length=1)
    across: dict[Word, AcrossTargets]
    refused: dict[Word, Text] = {}
    dead: tuple[int, ...] | None = None
    unkept: Text | None = None
    networks_unkept: Text | None = None
    environments: tuple[Environment, ...] = Field((UNKNOWN_ENVIRONMENT,), min_length=1)
    seconds: float
    host: Text = Field(default_factory=platform.node)
    finished_at: Text = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    @model_validator(mode="after")
    def _every_attack_was_run_on_every_target(self) -> Self:
        if any(replicate.attacks.keys() != self.across.keys() for replicate in self.replicates):
            raise ValueError(f"every target must have the attacks {', '.join(self.across)}, and no others")
        return self

    def __repr__(self) -> str:
        accuracy = fmean(replicate.target.test_accuracy for replicate in self.replicates)
        aucs = [f"{name} AUC {across.auc.value:.3f}" for name, across in self.across.items()]
        numbers = [f"{len(self.replicates)} targets", f"test accuracy {accuracy:.3f}", *aucs]
        return f"Completed({self.trial_id!r}, {_configuration(self.spec)}: {', '.join(numbers)})"

    __str__ = __repr__

    def numbers(self) -> dict[str, Any]:
        """Everything that must come out the same again: all but the time, the place and the date."""
        told = {"seconds", "host", "finished_at", "environments", "unkept", "networks_unkept"}
        return self.model_dump(mode="json", exclude=told)


class Death(BaseModel):
    """How the process ended that was running a trial.

    Attributes:
        cause: "died", or "timeout" where it was ended because its trial took too long.
        exit_code: what it ended with; None where a signal ended it, or where that is not known.
        signal: the signal that ended it, such as "SIGKILL"; None where none did.
        log_tail: the last lines that it wrote.
        peak_memory_bytes: the most memory that it held at any time, as the system counts it: at least what the process
            held that started it, some 200 MB; None where that is not known.
        seconds: since the trial began.
        host: where.
    """

    model_config = _FROZEN

    cause: Literal["died", "timeout"]
    exit_code: int | None
    signal: Word | None
    log_tail: Text
    peak_memory_bytes: int | None
    seconds: float
    host: Text = Field(default_factory=platform.node)


class Failed(BaseModel):
    """A trial that ended without numbers, and the evidence of why.

    Attributes:
        error: the exception's class, or what became of the worker.
        message: what it said.
        traceback: where it happened, as Python prints it; empty if the worker died.
        attempts: how often it was tried; more than once only where workers died.
        death: how the last of these workers ended; None where the trial raised an exception.
    """

    model_config = _FROZEN

    status: Literal["failed"] = "failed"
    trial_id: Word
    spec: TrialSpec
    error: Word
    message: Text
    traceback: Text
    attempts: int = 1
    death: Death | None = None
    seconds: float
    host: Text = Field(default_factory=platform.node)
    finished_at: Text = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    def __repr__(self) -> str:
        return f"Failed({self.trial_id!r}, {_configuration(self.spec)}: {self.error}: {cut(self.message)})"

    __str__ = __repr__


def _configuration(spec: TrialSpec) -> str:
    """What a trial is, in a few words: the axes that are not at their defaults."""
    fields = Axes.model_fields
    axes = [f"{axis} {value}" for axis, value in spec.axes().items() if value != fields[axis].default]
    return ", ".join([spec.dataset_name, spec.protocol.kind, *axes])


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
        error=type(error).__name__.strip("_"),
        message=str(error),
        traceback="".join(traceback.format_exception(error)),
        seconds=seconds,
    )


def restricted_to(result: TrialResult, asked: tuple[Attack, ...]) -> TrialResult:
    """The result with these attacks alone; some of them may not have been run yet."""
    spec = result.spec.model_copy(update={"attacks": asked})
    if not isinstance(result, Completed):
        return result.model_copy(update={"spec": spec})
    names = [attack.name for attack in asked if attack in result.spec.attacks]
    replicates = tuple(
        replicate.model_copy(update={"attacks": {n: replicate.attacks[n] for n in names if n in replicate.attacks}})
        for replicate in result.replicates
    )
    across = {name: result.across[name] for name in names if name in result.across}
    refused = {name: result.refused[name] for name in names if name in result.refused}
    return result.model_copy(update={"spec": spec, "replicates": replicates, "across": across, "refused": refused})
