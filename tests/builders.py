"""Results to test with, made in one call."""

from typing import Any

from privsearch.result import AttackResult, Completed, Epoch, Failed, Replicate, TrainedNetwork
from privsearch.spec import PaperProtocol, TrialSpec


def make_completed(trial_id: str = "a" * 16, *, accuracy: float = 0.9, auc: float = 0.55, **axes: Any) -> Completed:
    """A completed trial of two replicates, 0.02 apart in everything."""
    spec = TrialSpec(**{"dataset": "iris", "model": "ann", "protocol": PaperProtocol(replicates=2), **axes})
    return Completed(
        trial_id=trial_id,
        spec=spec.canonical("fcnet"),
        replicates=tuple(
            Replicate(
                target=_network(accuracy + shift),
                shadow=_network(accuracy + shift),
                attacks={
                    attack.name: AttackResult(
                        auc=auc + shift, placebo_auc=0.5, matched_auc=0.52, num_members=120, num_non_members=30
                    )
                    for attack in spec.attacks
                },
            )
            for shift in (-0.01, 0.01)
        ),
        seconds=1.5,
        host="host",
        finished_at="2026-01-01T00:00:00+00:00",
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
        host="host",
        finished_at="2026-01-01T00:00:00+00:00",
    )


def _network(accuracy: float) -> TrainedNetwork:
    return TrainedNetwork(
        train_accuracy=accuracy, test_accuracy=accuracy, history=(Epoch(loss=0.5, accuracy=accuracy),)
    )
