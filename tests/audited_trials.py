from collections.abc import Callable
from statistics import fmean
from typing import Any

import pytest
from builders import attack_result, completed_of

from privsearch._util.interval import Interval
from privsearch.spec import (
    HalvesProtocol,
    OneRunProtocol,
    PaperProtocol,
    Protocol,
    SvmAttack,
    ThresholdAttack,
    TrialSpec,
)
from privsearch.study.attack_result import AcrossTargets, ExposedExample
from privsearch.study.result import Completed

Audited = Callable[..., Completed]
_ATTACKS = {"svm": SvmAttack(), "loss": ThresholdAttack(kind="loss")}
_EXPOSED = ExposedExample(row=7, label=2, mean_score=1.5, accused=3, trained=4, falsely_accused=1, not_trained=4)
_RATES = {"1e-1": Interval(0.2, 0.15, 0.25), "1e-2": Interval(0.03, 0.01, 0.05), "1e-3": None}


@pytest.fixture
def audited() -> Audited:
    """Make a trial of what two attacks find on each of its targets, each on 300 members and 200 non-members."""

    def make(
        svm: list[float],
        loss: list[float],
        *,
        protocol: str = "halves",
        trial_id: str = "a" * 16,
        **axes: Any,
    ) -> Completed:
        targets = len(svm)
        if protocol == "halves":
            kind: Protocol = HalvesProtocol(networks=targets)
        else:
            kind = PaperProtocol(replicates=targets) if protocol == "paper" else OneRunProtocol(replicates=targets)
        spec = TrialSpec(
            **{"dataset": "iris", "model": "ann", "protocol": kind, "attacks": tuple(_ATTACKS.values()), **axes}
        )
        accuracies = [0.9 + 0.01 * (number % 2) for number in range(targets)]
        result = completed_of(trial_id, accuracies, svm, spec)
        found = {"svm": svm, "loss": loss}
        changes = {
            "num_members": 300,
            "num_non_members": 200,
            "tpr_at_fpr": _RATES,
            "by_class": {0: 0.4, 1: 0.6, 2: None},
        }
        replicates = tuple(
            replicate.model_copy(
                update={
                    "attacks": {
                        name: attack_result(aucs[number], protocol).model_copy(update=changes)
                        for name, aucs in found.items()
                    }
                }
            )
            for number, replicate in enumerate(result.replicates)
        )
        across = {
            name: AcrossTargets(
                auc=Interval(fmean(aucs), fmean(aucs) - 0.021, fmean(aucs) + 0.022), exposed=(_EXPOSED,)
            )
            for name, aucs in found.items()
        }
        return result.model_copy(update={"replicates": replicates, "across": across})

    return make


@pytest.fixture
def without() -> Callable[[Completed, str], Completed]:
    """Take an attack from what a trial has found, as if it had not been run yet."""

    def make(result: Completed, attack: str) -> Completed:
        def others(found: dict[str, Any]) -> dict[str, Any]:
            return {name: value for name, value in found.items() if name != attack}

        replicates = tuple(r.model_copy(update={"attacks": others(r.attacks)}) for r in result.replicates)
        return result.model_copy(update={"replicates": replicates, "across": others(result.across)})

    return make


@pytest.fixture
def audited_study(audited: Audited) -> Callable[..., list[Completed]]:
    """A number of configurations, the two models in turn, under each of some protocols."""

    def make(count: int, protocols: tuple[str, ...] = ("halves", "paper"), **axes: Any) -> list[Completed]:
        return [
            audited(
                [0.56 + 0.001 * number + shift for shift in (-0.01, 0.01, -0.02, 0.02)],
                [0.51] * 4,
                protocol=protocol,
                trial_id=f"{protocol}{number}",
                model=("ann", "snn")[number % 2],
                epochs=number + 1,
                **axes,
            )
            for protocol in protocols
            for number in range(count)
        ]

    return make
