"""The result of a trial: `Completed` or `Failed`, both written as one line of JSON."""

import platform
import traceback
from datetime import UTC, datetime
from statistics import fmean
from typing import Annotated, Any, Final, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, TypeAdapter, model_validator
from pydantic.dataclasses import dataclass as validated

from privsearch._util.text import cut
from privsearch.spec import Attack, TrialSpec
from privsearch.spec.axes import UNTOLD, Axes
from privsearch.spec.bounds import MOST_EPOCHS, Bytes, Count, Examples, Fraction, Loss, Seconds, Version
from privsearch.spec.energy import PUBLISHED_COSTS, EnergyCosts
from privsearch.spec.recorded import RecordedSpec
from privsearch.study.attack_result import FROZEN, AcrossTargets, AttackResult
from privsearch.study.blind import BlindBaselines
from privsearch.study.fields import UNKNOWN_ENVIRONMENT, Environment, Text, Word
from privsearch.study.guarantee import Guarantee
from privsearch.study.odd_outputs import OddOutputs
from privsearch.study.operations import Operations


# Not a BaseModel, which takes five times the memory: a record holds more epochs than any other objects.
@validated(frozen=True, slots=True, config=ConfigDict(extra="forbid", allow_inf_nan=False))
class Epoch:
    """A pass over a training set, measured on the batches as they are trained on.

    Attributes:
        loss: the mean cross-entropy, nats.
        accuracy: a fraction.
    """

    loss: Loss
    accuracy: Fraction


class TrainedNetwork(BaseModel):
    """The accuracies of a trained network, and its training history.

    Attributes:
        train_accuracy: the accuracy on its training set, after training, without augmentation; a fraction.
        test_accuracy: the accuracy on the test split; a fraction.
        balanced_accuracy: the mean, over the classes of the test split, of the accuracy on each; a fraction. None in
            what was recorded before it was measured.
        history: one entry for each epoch.
        dp: the differential privacy that it was trained under; None for none.
        operations: the operations for an example of the test split. None in what was recorded before they were counted,
            and where the layers are unknown, as those of a registered model are.
    """

    model_config = FROZEN

    train_accuracy: Fraction
    test_accuracy: Fraction
    balanced_accuracy: Fraction | None = None
    history: Annotated[tuple[Epoch, ...], Field(max_length=MOST_EPOCHS)]
    dp: Guarantee | None = None
    operations: Operations | None = None


def same_network(one: TrainedNetwork | None, other: TrainedNetwork | None) -> bool:
    """Tell whether two records of a network agree, where one may have been made before operations were counted."""
    if one is None or other is None or (one.operations and other.operations):
        return one == other
    uncounted = {"operations": None}
    return one.model_copy(update=uncounted) == other.model_copy(update=uncounted)


class Replicate(BaseModel):
    """A target, its shadow if no other target shares it, and the numbers of each attack.

    Attributes:
        target: the audited network.
        shadow: the attacker's own network, or None.
        attacks: the numbers of each attack, by its name.
        majority_share: the share of the most frequent class in the target's training set, a fraction.
        train_size: the number of examples in it.
    """

    model_config = FROZEN

    target: TrainedNetwork
    shadow: TrainedNetwork | None
    attacks: dict[Word, AttackResult]
    majority_share: Fraction | None = None
    train_size: Examples | None = None


AUDIT_VERSION: Final = 2
"""The version of the attacks and of their evaluation, raised whenever the same signals give other numbers.

1: until TPR, advantage and epsilon were judged on the other half of the examples, and RMIA broke its ties.
"""


class Completed(BaseModel):
    """A trial that ended with numbers.

    Attributes:
        spec: the trial's configuration, with the attacks that were asked for.
        replicates: the targets, with the numbers of each attack on them.
        across: the numbers of each attack on all targets together, by the attack's name.
        refused: the reason why an attack cannot be run on the examples or the outputs, by the attack's name.
        lacked_data: those of these attacks that read the examples themselves, and were refused as the data were not at
            hand. They are run once they are asked for again.
        dead: the networks that give all examples the same outputs, so that no attack can see anything, from 0 in the
            order of their training (under `paper` each target before its shadow); None if this was not examined.
        odd_outputs: the examples for which some network gives outputs that lie far out of those for all others, the
            farthest first; None in what was recorded before this was examined.
        blind: the blind baselines; None if they are not needed, or were not measured.
        unkept: the reason why the signals could not be kept; None if they were kept, or were not to be.
        networks_unkept: the same for the networks.
        misfits: the names of files of signals whose networks cannot be of this trial, so that they were trained again.
        environments: the environment that the first network was trained in, and then any others that networks were
            trained or attacked in (`privsearch.study.environment.present_environment`).
        networks: the keys of the networks, in the order of training (`TrialSpec.network_ids`); empty in what was
            recorded before there were such keys.
        held: those of them whose signals, if they are kept, are in the trial's own file; the others are in files of
            their own, or in those of other trials with the same networks.
        audit_version: the `AUDIT_VERSION` under which the attacks were evaluated.
    """

    model_config = FROZEN

    status: Literal["completed"] = "completed"
    trial_id: Word
    spec: RecordedSpec
    replicates: tuple[Replicate, ...] = Field(min_length=1)
    across: dict[Word, AcrossTargets]
    refused: dict[Word, Text] = {}
    lacked_data: tuple[Word, ...] = ()
    dead: tuple[Count, ...] | None = None
    odd_outputs: tuple[OddOutputs, ...] | None = None
    blind: BlindBaselines | None = None
    unkept: Text | None = None
    networks_unkept: Text | None = None
    misfits: tuple[Word, ...] = ()
    environments: tuple[Environment, ...] = Field((UNKNOWN_ENVIRONMENT,), min_length=1)
    audit_version: Version = 1
    networks: tuple[Word, ...] = ()
    held: tuple[Word, ...] = ()
    seconds: Seconds
    host: Text = Field(default_factory=platform.node)
    finished_at: Text = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    _costs: EnergyCosts = PrivateAttr(default=PUBLISHED_COSTS)  # a sweep's, no part of the record

    @property
    def costs(self) -> EnergyCosts:
        """The costs by which its energies are computed: those of the sweep that it is read for."""
        return self._costs

    @property
    def attacks_done(self) -> tuple[Attack, ...]:
        """The attacks that have numbers, or that nothing would give any."""
        return tuple(attack for attack in self.spec.attacks if attack.name not in self.lacked_data)

    @property
    def audited_earlier(self) -> bool:
        """True if the attacks were evaluated in a way that has been corrected since."""
        return bool(self.across) and self.audit_version < AUDIT_VERSION

    @model_validator(mode="after")
    def _every_attack_was_run_on_every_target(self) -> Self:
        if any(replicate.attacks.keys() != self.across.keys() for replicate in self.replicates):
            raise ValueError(f"every target must have the attacks {', '.join(self.across)}, and no others")
        if others := self.across.keys() - {attack.name for attack in self.spec.attacks}:
            raise ValueError(f"every attack must be one that was asked for, but {', '.join(sorted(others))} was not")
        return self

    @model_validator(mode="after")
    def _is_of_its_protocol(self) -> Self:
        protocol = self.spec.protocol
        shadows = "shadow" in (role for _, role in protocol.roles())
        if len(self.replicates) != protocol.targets:
            raise ValueError(f"{protocol.kind} must have {protocol.targets} targets here, not {len(self.replicates)}")
        if any((replicate.shadow is not None) != shadows for replicate in self.replicates):
            raise ValueError(f"a target under {protocol.kind} must have {'a' if shadows else 'no'} shadow of its own")
        if (self.networks and len(self.networks) != protocol.networks) or not {*self.held} <= {*self.networks}:
            raise ValueError(f"there must be the keys of {protocol.networks} networks, and no others")
        if any(network >= protocol.networks for network in self.dead or ()):
            raise ValueError(f"there must be no dead network beyond the {protocol.networks} networks of the trial")
        return self

    def __repr__(self) -> str:
        accuracy = fmean(replicate.target.test_accuracy for replicate in self.replicates)
        aucs = [f"{name} AUC {across.auc.value:.3f}" for name, across in self.across.items()]
        numbers = [f"{len(self.replicates)} targets", f"test accuracy {accuracy:.3f}", *aucs]
        return f"Completed({self.trial_id!r}, {_configuration(self.spec)}: {', '.join(numbers)})"

    __str__ = __repr__

    def numbers(self) -> dict[str, Any]:
        """Return all fields that must be the same if the trial is run again: all but time, place and date."""
        told = {"unkept", "networks_unkept", "misfits", "held"}
        return self.model_dump(mode="json", exclude={"seconds", "host", "finished_at", "environments", *told})


class Death(BaseModel):
    """The end of the process that was running a trial.

    Attributes:
        cause: "died", or "timeout" if it was ended because its trial took too long.
        exit_code: the process's exit code; None if a signal ended it, or if the code is not known.
        signal: the signal that ended the process, such as "SIGKILL"; None if none did.
        log_tail: the last lines that the process wrote.
        peak_memory_bytes: the most memory that the process held at any time, as the system counts it: at least the
            memory of the process that started it, some 200 MB; None if it is not known.
        seconds: the seconds since the trial began.
        host: the name of the host.
    """

    model_config = FROZEN

    cause: Literal["died", "timeout"]
    exit_code: Annotated[int, Field(ge=0, lt=2**32)] | None
    signal: Word | None
    log_tail: Text
    peak_memory_bytes: Bytes | None
    seconds: Seconds
    host: Text = Field(default_factory=platform.node)


class Failed(BaseModel):
    """A trial that ended without numbers, and the evidence of why.

    Attributes:
        error: the exception's class, or the end of the worker in a word.
        message: the exception's message, or a sentence on the worker's end.
        traceback: the traceback as Python prints it; empty if the worker died.
        attempts: the number of times that the trial was tried; more than 1 only if workers died.
        death: the end of the last of these workers; None if the trial raised an exception.
    """

    model_config = FROZEN

    status: Literal["failed"] = "failed"
    trial_id: Word
    spec: RecordedSpec
    error: Word
    message: Text
    traceback: Text
    attempts: int = Field(1, ge=1, le=1_000)
    death: Death | None = None
    seconds: Seconds
    host: Text = Field(default_factory=platform.node)
    finished_at: Text = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    def __repr__(self) -> str:
        return f"Failed({self.trial_id!r}, {_configuration(self.spec)}: {self.error}: {cut(self.message)})"

    __str__ = __repr__


def _configuration(spec: TrialSpec) -> str:
    """Return a trial's configuration in a few words: dataset, protocol, and the axes that are not at their defaults."""
    fields = Axes.model_fields
    axes = [
        f"{axis} {value}"
        for axis, value in spec.axes().items()
        if value not in (fields[axis].default, UNTOLD.get(axis))
    ]
    return ", ".join([spec.dataset_name, spec.protocol.kind, *axes])


TrialResult = Completed | Failed
Result = TypeVar("Result", bound=TrialResult)

UNKNOWN_ID: Final = "unknown"
"""The trial_id of a result whose dataset, which the id depends on, could not be read."""

_ADAPTER: TypeAdapter[TrialResult] = TypeAdapter(Annotated[TrialResult, Field(discriminator="status")])


def parse_result(line: str | bytes) -> TrialResult:
    """Read a result back from its JSON.

    Raises:
        pydantic.ValidationError: the line is not the JSON of a result.
    """
    return _ADAPTER.validate_json(line)


def failure(spec: TrialSpec, trial_id: str, error: BaseException, *, seconds: float) -> Failed:
    """Return the result of a trial that ended with `error`."""
    return Failed(
        trial_id=trial_id,
        spec=spec,
        error=type(error).__name__.strip("_"),
        message=str(error),
        traceback="".join(traceback.format_exception(error)),
        seconds=seconds,
    )


def priced(result: Result, costs: EnergyCosts) -> Result:
    """Return a result whose energies are computed by these costs; nothing recorded changes."""
    if not isinstance(result, Completed) or result.costs == costs:
        return result
    copy = result.model_copy()
    copy._costs = costs
    return copy


def restricted_to(result: TrialResult, attacks: tuple[Attack, ...]) -> TrialResult:
    """Return a result with these attacks alone, some of which may not have been run yet."""
    spec = result.spec.model_copy(update={"attacks": attacks})
    if not isinstance(result, Completed):
        return result.model_copy(update={"spec": spec})
    names = [attack.name for attack in attacks if attack in result.spec.attacks]
    replicates = tuple(
        replicate.model_copy(update={"attacks": {n: replicate.attacks[n] for n in names if n in replicate.attacks}})
        for replicate in result.replicates
    )
    across = {name: result.across[name] for name in names if name in result.across}
    refused = {name: result.refused[name] for name in names if name in result.refused}
    lacked_data = tuple(name for name in names if name in result.lacked_data)
    parts = {"replicates": replicates, "across": across, "refused": refused, "lacked_data": lacked_data}
    blind = result.blind.restricted_to(names) if result.blind else None
    return result.model_copy(update={"spec": spec, **parts, "blind": blind})
