"""The audit of a trial: all its attacks, each evaluated on every target under the trial's protocol."""

import zlib
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

import numpy as np

from privsearch.attacks.protocols import rules_of
from privsearch.attacks.protocols.evaluation import across_targets
from privsearch.errors import MetricError
from privsearch.spec import Attack, Protocol, TrialSpec
from privsearch.study.attack_result import AcrossTargets, AttackResult
from privsearch.study.result import Cohort, Replicate


@dataclass(frozen=True)
class Audit:
    """The results of all attacks on a cohort; `privsearch.study.result.Completed` describes its parts."""

    replicates: tuple[Replicate, ...]
    across: dict[str, AcrossTargets]
    refused: dict[str, str]
    dead: tuple[int, ...]


def audit(cohort: Cohort, spec: TrialSpec) -> Audit:
    """Run the attacks of `spec` on every target of a cohort.

    The result of an attack does not depend on the other attacks. An attack gets no number if it cannot be run on the
    examples, or on the networks' outputs: a number would tell of ties and of class counts.
    """
    rules = rules_of(spec.protocol)
    by_target: list[dict[str, AttackResult]] = [{} for _ in range(spec.protocol.targets)]
    across: dict[str, AcrossTargets] = {}
    refused: dict[str, str] = {}
    constant_networks = cache(cohort.signals.constant_networks)  # most attacks read the same
    for attack in spec.attacks:
        try:
            _check_outputs(constant_networks(attack.signals, attack.queries), attack)
            evaluations = rules.evaluate(cohort.signals, attack, spec.seed)
        except MetricError as error:
            refused[attack.name] = str(error)
            continue
        for results, evaluation in zip(by_target, evaluations, strict=True):
            results[attack.name] = evaluation.result
        resampling = np.random.default_rng([spec.seed, zlib.crc32(attack.name.encode())])
        across[attack.name] = across_targets(evaluations, resampling)
    replicates = _replicates(cohort, spec.protocol, by_target)
    return Audit(replicates, across, refused, constant_networks("final_mem", "plain"))


def _check_outputs(constant_networks: Collection[int], attack: Attack) -> None:
    if constant_networks:
        raise MetricError(
            f"an attack needs outputs that differ between examples, but some network gives all of them the same "
            f"{attack.signals}; lower the threshold, train it otherwise"
            + ("" if attack.signals == "final_mem" else ", or let the attack see final_mem")
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
