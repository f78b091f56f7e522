"""The audit of a trial: all its attacks, each evaluated on every target under the trial's protocol."""

import zlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
from jaxtyping import Float
from numpy import ndarray as Array

from privsearch.analysis.metrics import roc_curves
from privsearch.attacks.protocols import rules_of
from privsearch.attacks.protocols.evaluation import Evaluation, across_targets
from privsearch.attacks.protocols.odd_outputs import find_odd_outputs
from privsearch.errors import DataError, MetricError, TrialError
from privsearch.spec import Attack, Protocol, TrialSpec
from privsearch.spec.attacks import needs_inputs
from privsearch.study.attack_result import AcrossTargets, AttackResult
from privsearch.study.blind import BlindBaselines, BlindSignals, UntrainedBaseline, UntrainedTarget
from privsearch.study.cohort import Cohort
from privsearch.study.odd_outputs import OddOutputs
from privsearch.study.result import Replicate
from privsearch.study.roc_curves import KeptCurves
from privsearch.study.signals import Signals

LoadInputs = Callable[[], Float[Array, "examples features"]]
"""A function that loads the inputs of a cohort's examples, in their order; it raises `DataError` if it cannot."""


@dataclass(frozen=True)
class Audit:
    """The results of all attacks on a cohort; `privsearch.study.result.Completed` describes its parts.

    Attributes:
        curves: the ROC curves of each attack but of those that read the examples themselves, which no page shows.
    """

    replicates: tuple[Replicate, ...]
    across: dict[str, AcrossTargets]
    refused: dict[str, str]
    dead: tuple[int, ...]
    lacked_data: tuple[str, ...] = ()
    odd_outputs: tuple[OddOutputs, ...] = ()
    curves: dict[str, KeptCurves] = field(default_factory=dict)


def audit(cohort: Cohort, spec: TrialSpec, load_inputs: LoadInputs | None = None) -> Audit:
    """Run the attacks of `spec` on every target of a cohort.

    The result of an attack does not depend on the other attacks. An attack gets no number if it cannot be run on the
    examples, or on the networks' outputs: a number would tell of ties and of class counts.

    Args:
        cohort: the trained networks' outputs.
        spec: the trial.
        load_inputs: called for an attack that reads the examples themselves, and for no other; None if there are none.
    """
    by_target: list[dict[str, AttackResult]] = [{} for _ in range(spec.protocol.targets)]
    across: dict[str, AcrossTargets] = {}
    refused: dict[str, str] = {}
    lacked_data: list[str] = []
    curves: dict[str, KeptCurves] = {}
    constant_networks = cache(cohort.signals.constant_networks)  # most attacks read the same
    for attack in spec.attacks:
        try:
            _check_outputs(constant_networks(attack.signals, attack.queries), attack, cohort.signals)
            signals = _seen_by(attack, cohort.signals, load_inputs)
        except (MetricError, DataError) as error:
            refused[attack.name] = str(error)
            lacked_data += [attack.name] if isinstance(error, DataError) else []
            continue
        try:
            evaluations, across[attack.name] = _evaluated(signals, attack, spec)
        except MetricError as error:
            refused[attack.name] = str(error)
            continue
        if not needs_inputs(attack):
            curves[attack.name] = _curves(evaluations)
        for results, evaluation in zip(by_target, evaluations, strict=True):
            results[attack.name] = evaluation.result
    replicates = _replicates(cohort, spec.protocol, by_target)
    dead = constant_networks("logits", "plain")
    return Audit(replicates, across, refused, dead, tuple(lacked_data), find_odd_outputs(cohort.signals), curves)


def audit_untrained(blind: BlindSignals, spec: TrialSpec, load_inputs: LoadInputs | None = None) -> BlindBaselines:
    """Run the attacks of `spec` on the untrained networks of a cohort, exactly as on the trained ones."""
    untrained: dict[str, UntrainedBaseline] = {}
    refused: dict[str, str] = {}
    constant_networks = cache(blind.untrained.constant_networks)
    for attack in spec.attacks:
        if constant_networks(attack.signals, attack.queries):
            refused[attack.name] = (
                f"some untrained network gives all examples the same {blind.untrained.named(attack.signals)}"
            )
            continue
        try:
            signals = _seen_by(attack, blind.untrained, load_inputs)
            evaluations, across = _evaluated(signals, attack, spec)
        except (MetricError, TrialError, DataError) as error:
            refused[attack.name] = str(error)
            continue
        targets = tuple(
            UntrainedTarget(
                auc=result.auc,
                placebo_auc=result.placebo.auc if result.placebo else None,
                excess_auc=result.matched.auc - result.placebo.auc if result.matched and result.placebo else None,
            )
            for result in (evaluation.result for evaluation in evaluations)
        )
        untrained[attack.name] = UntrainedBaseline(auc=across.auc, targets=targets)
    return BlindBaselines(inputs=blind.inputs, untrained=untrained, refused=refused)


def _seen_by(attack: Attack, signals: Signals, load_inputs: LoadInputs | None) -> Signals:
    """Return the signals, with the inputs if the attack asks for them and they can be loaded."""
    return replace(signals, inputs=load_inputs()) if load_inputs and needs_inputs(attack) else signals


def _evaluated(signals: Signals, attack: Attack, spec: TrialSpec) -> tuple[list[Evaluation], AcrossTargets]:
    evaluations = rules_of(spec.protocol).evaluate(signals, attack, spec.seed)
    resampling = np.random.default_rng([spec.seed, zlib.crc32(attack.name.encode())])
    return evaluations, across_targets(evaluations, resampling)


def _curves(evaluations: Sequence[Evaluation]) -> KeptCurves:
    curves = roc_curves([(evaluation.scores, evaluation.is_member) for evaluation in evaluations])
    return KeptCurves([evaluation.result.auc.value for evaluation in evaluations], curves)


def _check_outputs(constant_networks: Collection[int], attack: Attack, signals: Signals) -> None:
    if constant_networks:
        raise MetricError(
            f"an attack needs outputs that differ between examples, but some network gives all of them the same "
            f"{signals.named(attack.signals)}; lower the threshold, train it otherwise"
            + ("" if attack.signals == "logits" else f", or let the attack see {signals.logits_from}")
        )


def _replicates(cohort: Cohort, protocol: Protocol, by_target: list[dict[str, AttackResult]]) -> tuple[Replicate, ...]:
    """Join each target's network, its shadow if it has one of its own, and the results of the attacks on it."""
    roles = protocol.roles()
    shadows = {
        number: network for (number, role), network in zip(roles, cohort.networks, strict=True) if role == "shadow"
    }
    return tuple(
        Replicate(
            target=cohort.networks[target],
            shadow=shadows.get(roles[target][0]),
            attacks=attacks,
            majority_share=float(classes.max() / classes.sum()),
            train_size=int(classes.sum()),
        )
        for target, attacks in zip(protocol.target_networks, by_target, strict=True)
        for classes in [np.bincount(cohort.signals.labels[cohort.signals.is_member[target]])]
    )
