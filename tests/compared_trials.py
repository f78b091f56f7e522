"""Trials to compare: A, and others that differ from it in accuracy or in leakage."""

from collections.abc import Mapping, Sequence

from builders import attack_result, completed_of

from privsearch.spec import Attack, HalvesProtocol, Protocol, SvmAttack, TrialSpec
from privsearch.study.result import Completed

HALVES = HalvesProtocol(networks=4)


def trial(
    trial_id: str,
    accuracies: list[float],
    aucs: list[float],
    protocol: Protocol = HALVES,
    attacks: tuple[Attack, ...] = (SvmAttack(),),
    **fields: object,
) -> Completed:
    """A completed trial of as many targets as there are numbers."""
    spec = {"dataset": "iris", "model": "ann", "protocol": protocol, "attacks": attacks, **fields}
    return completed_of(trial_id, accuracies, aucs, TrialSpec.model_validate(spec))


def attacked(of: Completed, aucs: Mapping[Attack, Sequence[float]]) -> Completed:
    """The same trial, attacked by others: each attack has an AUC for every target."""
    names = [attack.name for attack in aucs]
    kind = of.spec.protocol.kind
    replicates = tuple(
        replicate.model_copy(
            update={"attacks": {attack.name: attack_result(values[k], kind) for attack, values in aucs.items()}}
        )
        for k, replicate in enumerate(of.replicates)
    )
    across = dict.fromkeys(names, next(iter(of.across.values())))
    spec = of.spec.model_copy(update={"attacks": tuple(aucs)})
    return of.model_copy(update={"spec": spec, "replicates": replicates, "across": across})


A = trial("a" * 16, [0.90, 0.92, 0.91, 0.93], [0.60, 0.62, 0.61, 0.63])
QUIET = trial("b" * 16, [0.91, 0.92, 0.90, 0.93], [0.551, 0.571, 0.559, 0.579])
ACCURATE = trial("c" * 16, [0.951, 0.971, 0.959, 0.979], [0.60, 0.63, 0.62, 0.60])
OPPOSITE = trial("d" * 16, [0.851, 0.871, 0.859, 0.879], [0.651, 0.671, 0.659, 0.679])


A = trial("a" * 16, [0.90, 0.92, 0.91, 0.93], [0.60, 0.62, 0.61, 0.63])
QUIET = trial("b" * 16, [0.91, 0.92, 0.90, 0.93], [0.551, 0.571, 0.559, 0.579])
ACCURATE = trial("c" * 16, [0.951, 0.971, 0.959, 0.979], [0.60, 0.63, 0.62, 0.60])
OPPOSITE = trial("d" * 16, [0.851, 0.871, 0.859, 0.879], [0.651, 0.671, 0.659, 0.679])
