"""The protocols: which networks a trial trains on what, and how an attack is judged on them.

Each is one file with three functions, one that draws the cohort, one that audits it and one that gives an attack's
scores alone, and one case in each of these.
"""

import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray as Array

from privsearch.attacks.protocols.evaluation import Evaluation, across_targets
from privsearch.attacks.protocols.halves import audit_halves, halves_cohort, halves_scores
from privsearch.attacks.protocols.paper import audit_paper, paper_cohort, paper_scores
from privsearch.errors import MetricError
from privsearch.spec import Attack, Protocol, TrialSpec
from privsearch.spec.protocols import Role
from privsearch.study.result import AcrossTargets, AttackResult, Cohort, Replicate
from privsearch.study.signals import Signals

__all__ = ["Audit", "audit", "draw_cohort", "network_roles", "target_scores"]

_ROLES: Final[tuple[Role, ...]] = ("target", "shadow")


def draw_cohort(protocol: Protocol, num_train: int, seed: int) -> tuple[Bool[Array, "networks num_train"], list[int]]:
    """The training subset and the seed of every network of a trial.

    Raises:
        DataError: the training split is too small for the protocol.
    """
    match protocol.kind:
        case "paper":
            return paper_cohort(protocol, num_train, seed)
        case "halves":
            return halves_cohort(protocol, num_train, seed)


def network_roles(protocol: Protocol) -> list[tuple[int, Role]]:
    """For every network of a trial, in order, the target that it is, or is the shadow of, from 1; and what it is."""
    if protocol.kind == "halves":
        return [(number, "both") for number in range(1, protocol.networks + 1)]
    return [(number, role) for number in range(1, protocol.replicates + 1) for role in _ROLES]


@dataclass(frozen=True)
class Audit:
    """What the attacks found on a cohort; see `privsearch.study.result.Completed` for its parts."""

    replicates: tuple[Replicate, ...]
    across: dict[str, AcrossTargets]
    refused: dict[str, str]
    dead: tuple[int, ...]


def audit(cohort: Cohort, spec: TrialSpec) -> Audit:
    """Run the attacks of `spec` on every target of a cohort.

    What an attack finds does not depend on which others are run, or on whether they can be run. An attack that the
    examples, or the networks' outputs, cannot carry gets no number: one would tell of ties and of class counts.
    """
    by_target: list[dict[str, AttackResult]] = [{} for _ in range(spec.protocol.targets)]
    across: dict[str, AcrossTargets] = {}
    refused: dict[str, str] = {}
    constant_networks = cache(cohort.signals.constant_networks)  # most attacks read the same
    for attack in spec.attacks:
        try:
            _check_outputs(constant_networks(attack.signals, attack.queries), attack)
            audits = _audits(cohort, spec, attack)
        except MetricError as error:
            refused[attack.name] = str(error)
            continue
        for found, judged in zip(by_target, audits, strict=True):
            found[attack.name] = judged.result
        resampling = np.random.default_rng([spec.seed, zlib.crc32(attack.name.encode())])
        across[attack.name] = across_targets(audits, resampling)
    replicates = tuple(_replicate(cohort, spec.protocol, i, found) for i, found in enumerate(by_target))
    return Audit(replicates, across, refused, constant_networks("final_mem", "plain"))


def target_scores(
    signals: Signals, spec: TrialSpec, attack: Attack
) -> Iterator[tuple[Float[Array, " n"], Bool[Array, " n"]]]:
    """For each target of a cohort the scores that `audit` judges an attack by, and whether the examples were members.

    Raises:
        MetricError: the examples cannot carry the attack.
    """
    match spec.protocol.kind:
        case "paper":
            found = paper_scores(signals, spec.protocol, attack, spec.seed)
            for replicate, scores in enumerate(found):
                yield scores, signals.is_member[2 * replicate]
        case "halves":
            for target, scores in enumerate(halves_scores(signals, attack, spec.seed)):
                yield scores, signals.is_member[target, : signals.num_train]


def _check_outputs(constant_networks: Collection[int], attack: Attack) -> None:
    if constant_networks:
        raise MetricError(
            f"an attack needs outputs that differ between examples, but some network gives all of them the same "
            f"{attack.signals}; lower the threshold, train it otherwise"
            + ("" if attack.signals == "final_mem" else ", or let the attack see final_mem")
        )


def _audits(cohort: Cohort, spec: TrialSpec, attack: Attack) -> list[Evaluation]:
    match spec.protocol.kind:
        case "paper":
            return audit_paper(cohort.signals, spec.protocol, attack, spec.seed)
        case "halves":
            return audit_halves(cohort.signals, attack, spec.seed)


def _replicate(cohort: Cohort, protocol: Protocol, index: int, attacks: dict[str, AttackResult]) -> Replicate:
    if protocol.kind == "paper":
        target, shadow = cohort.networks[2 * index : 2 * index + 2]
        return Replicate(target=target, shadow=shadow, attacks=attacks)
    return Replicate(target=cohort.networks[index], shadow=None, attacks=attacks)
