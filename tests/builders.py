"""Results to test with, made in one call."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from privsearch._util.interval import Interval
from privsearch.spec import PaperProtocol, TrialSpec
from privsearch.study.attack_result import AcrossTargets, AttackResult, Cut, ExposedExample
from privsearch.study.environment import present_environment
from privsearch.study.result import AUDIT_VERSION, Completed, Epoch, Failed, Replicate, TrainedNetwork

_WHERE_AND_WHEN = {"host": "host", "finished_at": "2026-01-01T00:00:00+00:00"}


def make_completed(trial_id: str = "a" * 16, *, accuracy: float = 0.9, auc: float = 0.55, **axes: Any) -> Completed:
    """A completed trial of two replicates, 0.02 apart in everything; with a `protocol`, of as many as it has."""
    spec = TrialSpec(**{"dataset": "iris", "model": "ann", "protocol": PaperProtocol(replicates=2), **axes})
    shifts = np.linspace(-0.01, 0.01, spec.protocol.targets).tolist() if spec.protocol.targets > 1 else [0.0]
    return completed_of(trial_id, [accuracy + shift for shift in shifts], [auc + shift for shift in shifts], spec)


def completed_of(trial_id: str, accuracies: Sequence[float], aucs: Sequence[float], spec: TrialSpec) -> Completed:
    """A completed trial with these numbers, one of each for every target; all its attacks find the same."""
    if spec.protocol.targets != len(accuracies):
        spec = spec.model_copy(update={"protocol": spec.protocol.with_count(len(accuracies))})
    mean = sum(aucs) / len(aucs)
    across = AcrossTargets(auc=_around(mean, 0.03), exposed=(_EXPOSED,))
    return Completed(
        trial_id=trial_id,
        spec=spec.canonical("fcnet"),
        replicates=tuple(
            Replicate(
                target=_network(accuracy),
                shadow=_network(accuracy) if spec.protocol.kind == "paper" else None,
                attacks={attack.name: attack_result(auc, spec.protocol.kind) for attack in spec.attacks},
                majority_share=0.0,  # made-up networks have learnt, whatever their accuracy
                train_size=120,
            )
            for accuracy, auc in zip(accuracies, aucs, strict=True)
        ),
        across={attack.name: across for attack in spec.attacks},
        seconds=1.5,
        environments=(present_environment(),),
        audit_version=AUDIT_VERSION,
        **_WHERE_AND_WHEN,
    )


def make_failed(trial_id: str = "b" * 16, **axes: Any) -> Failed:
    """A trial that failed."""
    return Failed(
        trial_id=trial_id,
        spec=TrialSpec(**{"dataset": "iris", "model": "ann", **axes}).canonical("fcnet"),
        error="DivergedError",
        message="the training loss must be finite",
        traceback="Traceback: somewhere",
        seconds=0.5,
        **_WHERE_AND_WHEN,
    )


def attack_result(auc: float, protocol: str = "paper") -> AttackResult:
    """What an attack found on one target, on 120 members and 30 non-members: too few for a TPR at the low rates."""
    rates = {"1e-1": 0.11, "1e-2": None, "1e-3": None}
    placebo = Cut(auc=0.5, tpr_at_fpr=rates, advantage=0.0, by_class={0: 0.5, 1: None}, by_correctness={"correct": 0.5})
    matched = placebo.model_copy(update={"auc": 0.52, "advantage": 0.04, "tpr_at_fpr": {**rates, "1e-1": 0.13}})
    is_random = protocol != "paper"
    return AttackResult(
        auc=_around(auc, 0.05),
        auc_by_half=(auc, auc),
        tpr_at_fpr={"1e-1": Interval(0.2, 0.1, 0.3), "1e-2": None, "1e-3": None},
        advantage=Interval(0.1, 0.0, 0.2),
        balanced_accuracy=0.55,
        epsilon_low=0.0 if is_random else None,
        epsilon_ceiling=1.5 if is_random else None,
        by_class={0: auc, 1: None},
        by_correctness={"correct": auc, "wrong": None},
        num_members=120,
        num_non_members=30,
        **({} if is_random else {"placebo": placebo, "matched": matched}),
    )


def _around(auc: float, half_width: float) -> Interval:
    """An AUC with an interval that stays between 0 and 1."""
    return Interval(auc, max(0.0, auc - half_width), min(1.0, auc + half_width))


_EXPOSED = ExposedExample(row=7, label=0, mean_score=1.5, accused=2, trained=2, falsely_accused=0, not_trained=0)


def _network(accuracy: float) -> TrainedNetwork:
    return TrainedNetwork(
        train_accuracy=accuracy, test_accuracy=accuracy, history=(Epoch(loss=0.5, accuracy=accuracy),)
    )


def not_learnt(result: Completed, *, accuracy: float = 0.4) -> Completed:
    """The same trial with networks that name the most frequent class of their training sets every time."""
    idle = tuple(
        replicate.model_copy(
            update={
                "target": replicate.target.model_copy(update={"train_accuracy": accuracy}),
                "majority_share": accuracy,
            }
        )
        for replicate in result.replicates
    )
    return result.model_copy(update={"replicates": idle})
