"""The protocols: which networks a trial trains on what, and how an attack is judged on them.

Each is one file with two functions, one that draws the cohort and one that audits it, and one case in each of these.
"""

import zlib

import numpy as np
from jaxtyping import Bool
from numpy import ndarray as Array

from privsearch.protocols.halves import audit_halves, halves_cohort
from privsearch.protocols.judging import across_targets
from privsearch.protocols.paper import audit_paper, paper_cohort
from privsearch.result import AcrossTargets, AttackResult, Cohort, Replicate
from privsearch.spec import Protocol, TrialSpec

__all__ = ["audit", "draw_cohort"]


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


def audit(cohort: Cohort, spec: TrialSpec) -> tuple[tuple[Replicate, ...], dict[str, AcrossTargets]]:
    """Run the attacks of `spec` on every target of a cohort.

    What an attack finds does not depend on which others are run.

    Returns:
        The targets with what each attack found on them, and what it found across them.

    Raises:
        MetricError: the examples cannot carry an attack.
    """
    by_target: list[dict[str, AttackResult]] = [{} for _ in range(spec.protocol.targets)]
    across = {}
    for attack in spec.attacks:
        match spec.protocol.kind:
            case "paper":
                audits = audit_paper(cohort.signals, spec.protocol, attack, spec.seed)
            case "halves":
                audits = audit_halves(cohort.signals, attack, spec.seed)
        for found, judged in zip(by_target, audits, strict=True):
            found[attack.name] = judged.result
        resampling = np.random.default_rng([spec.seed, zlib.crc32(attack.name.encode())])
        across[attack.name] = across_targets(audits, resampling)
    return tuple(_replicate(cohort, spec.protocol, i, found) for i, found in enumerate(by_target)), across


def _replicate(cohort: Cohort, protocol: Protocol, index: int, attacks: dict[str, AttackResult]) -> Replicate:
    if protocol.kind == "paper":
        target, shadow = cohort.networks[2 * index : 2 * index + 2]
        return Replicate(target=target, shadow=shadow, attacks=attacks)
    return Replicate(target=cohort.networks[index], shadow=None, attacks=attacks)
