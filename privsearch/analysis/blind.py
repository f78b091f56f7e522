"""The blind baselines of a study: whether the splits of each dataset are alike, as far as anybody can see."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log
from typing import Any, Final, get_args

from privsearch._util.interval import Interval
from privsearch.analysis.metrics.binomial import normal_quantile
from privsearch.spec import EmbeddedName
from privsearch.spec.columns import Column
from privsearch.study.blind import InputsBaseline, UntrainedTarget
from privsearch.study.result import Completed, TrialResult

_CONFIDENCE: Final = 0.95
_LEAST_ODDS: Final = 1e-9
"""The distance from 0 and 1 that an AUC is moved to, so that its log-odds are finite."""


@dataclass(frozen=True)
class UntrainedFinding:
    """The attack on an untrained target that is farthest from its noise, among all attacks on all targets of a task.

    Attributes:
        attack: its name.
        auc: its AUC with an interval of 95 % for all `looks` together.
        placebo: its placebo AUC; 0.5 if it has none.
        looks: the number of attacks on targets that it was chosen from.
    """

    attack: str
    auc: Interval
    placebo: float
    looks: int

    @property
    def distance(self) -> float:
        """The distance of the interval from 0.5 and from the placebo; above 0 if it leaves out both on one side."""
        return max(self.auc.low - max(self.placebo, 0.5), min(self.placebo, 0.5) - self.auc.high)


@dataclass(frozen=True)
class BlindFinding:
    """The blind baselines of one dataset under one protocol.

    Attributes:
        dataset: the dataset's name.
        protocol: the protocol's kind.
        inputs: the classifier's baseline; of several, as sizes may be an axis, that of the highest lower end. None if
            the splits have too few examples.
        untrained: the attack on an untrained target that is farthest from its noise; None if none could be run.
        refused: by the name of an attack that ran on trained networks, the reason why it could not on untrained ones.
        unmeasured: the number of trials without baselines that need them, as an earlier version ran them. Only built-in
            datasets are known to need them where nothing was measured.
    """

    dataset: str
    protocol: str
    inputs: InputsBaseline | None
    untrained: UntrainedFinding | None
    refused: Mapping[str, str]
    unmeasured: int

    @property
    def explained_auc(self) -> float | None:
        """The AUC up to which the difference of the splits explains an attack's; None if none is seen but noise.

        The classifier's is the upper end of its interval, if that is wholly above 0.5. An attack on an untrained target
        counts on either side, as random weights have no side of their own; and it must also leave its placebo behind,
        as it may recognise examples. Splits that are alike have such a number in 1 of 20 cases, at most.
        """
        aucs = [self.inputs.auc.high] if self.inputs is not None and self.inputs.auc.low > 0.5 else []
        if self.untrained is not None and self.untrained.distance > 0:
            aucs.append(max(self.untrained.auc.value, 1 - self.untrained.auc.value))
        return max(aucs, default=None)


def blind_findings(results: Iterable[TrialResult]) -> list[BlindFinding]:
    """Return a finding for each dataset and protocol with a trial whose blind baselines were measured, or should be."""
    tasks: dict[tuple[str, str], list[Completed]] = {}
    for result in results:
        if isinstance(result, Completed) and (result.blind or _lacks_baselines(result)):
            tasks.setdefault((result.spec.dataset_name, result.spec.protocol.kind), []).append(result)
    return [_finding(*task, trials) for task, trials in tasks.items()]


def _lacks_baselines(result: Completed) -> bool:
    dataset = result.spec.dataset
    # The files of others may be gone, or changed, and take long to read; an embedded one is split here.
    if not isinstance(dataset, str) or dataset in get_args(EmbeddedName):
        return False
    from privsearch.data import describe_dataset  # with the readers of all kinds of files

    return describe_dataset(dataset).needs_blind_baselines(result.spec.protocol)


def _finding(dataset: str, protocol: str, trials: Sequence[Completed]) -> BlindFinding:
    blind = [trial.blind for trial in trials if trial.blind]
    inputs = list(dict.fromkeys(baselines.inputs for baselines in blind if baselines.inputs))
    attacked = [
        (name, target)
        for baselines in blind
        for name, baseline in baselines.untrained.items()
        for target in baseline.targets
    ]
    findings = [_untrained(*pair, looks=len(attacked)) for pair in attacked]
    return BlindFinding(
        dataset,
        protocol,
        max((_among(one, len(inputs)) for one in inputs), key=lambda one: one.auc.low, default=None),
        max(findings, key=lambda finding: finding.distance, default=None),
        {name: reason for trial in trials for name, reason in _refused(trial)},
        len(trials) - len(blind),
    )


def _refused(trial: Completed) -> Iterator[tuple[str, str]]:
    """Yield the attacks that ran on the trained networks of a trial and not on the untrained ones, with the reasons."""
    for name, reason in trial.blind.refused.items() if trial.blind else ():
        if name not in trial.refused:
            yield name, reason


def _among(baseline: InputsBaseline, looks: int) -> InputsBaseline:
    return baseline.model_copy(update={"auc": widened(baseline.auc, looks)})


def _untrained(attack: str, target: UntrainedTarget, *, looks: int) -> UntrainedFinding:
    placebo = 0.5 if target.placebo_auc is None else target.placebo_auc
    return UntrainedFinding(attack, widened(target.auc, looks), placebo, looks)


def widened(interval: Interval, looks: int) -> Interval:
    """Widen an AUC's interval of 95 % so that several such intervals hold the truth together in as many cases.

    Each end moves on the logit scale, as far as a normal distribution asks for.

    Args:
        interval: the interval of one AUC.
        looks: the number of intervals.

    Source: Bonferroni's inequality.
    """
    factor = normal_quantile(1 - (1 - _CONFIDENCE) / looks) / normal_quantile(_CONFIDENCE)
    middle, low, high = map(_log_odds, (interval.value, interval.low, interval.high))
    ends = (1 / (1 + exp(-(middle + factor * (end - middle)))) for end in (low, high))
    return Interval(interval.value, *ends) if looks > 1 else interval


def _log_odds(auc: float) -> float:
    inside = min(max(auc, _LEAST_ODDS), 1 - _LEAST_ODDS)
    return log(inside / (1 - inside))


def blind_numbers(result: Completed) -> Mapping[str, Any]:
    """Return the blind baselines of a trial by column: `inputs_auc`, `<attack>.blind_auc` and others."""
    if result.blind is None:
        return {}
    numbers: dict[str, float | None] = {}
    if result.blind.inputs:
        numbers |= _with_ends(Column(None, "inputs_auc"), result.blind.inputs.auc)
    for attack, baseline in result.blind.untrained.items():
        numbers |= _with_ends(Column(attack, "blind_auc"), baseline.auc)
        numbers[str(Column(attack, "blind_excess_auc"))] = baseline.excess_auc
    return numbers


def _with_ends(column: Column, interval: Interval) -> dict[str, float]:
    return {str(column): interval.value, str(column.low): interval.low, str(column.high): interval.high}
