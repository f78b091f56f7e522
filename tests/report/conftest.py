from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from privsearch.frame import results_frame
from privsearch.result import AttackResult, Completed, Failed, Replicate, TrainedNetwork, TrialResult
from privsearch.spec import PaperProtocol, TrialSpec

Row = tuple[dict[str, Any], list[float], list[float]]


def _result(number: int, axes: dict[str, Any], accuracies: list[float], aucs: list[float]) -> TrialResult:
    spec = TrialSpec(dataset="breast_cancer", protocol=PaperProtocol(replicates=max(1, len(aucs))), **axes)
    known = {"trial_id": f"{number:016x}", "spec": spec, "seconds": 1.0, "host": "here", "finished_at": "2026-01-01"}
    if not aucs:
        return Failed(error="DivergedError", message="the training loss is not finite", traceback="", **known)
    replicates = []
    for accuracy, auc in zip(accuracies, aucs, strict=True):
        network = TrainedNetwork(train_accuracy=accuracy, test_accuracy=accuracy, history=())
        attack = AttackResult(auc=auc, placebo_auc=0.51, matched_auc=auc, num_members=455, num_non_members=114)
        replicates.append(Replicate(target=network, shadow=network, attacks={"svm": attack}))
    return Completed(replicates=tuple(replicates), **known)


@pytest.fixture
def frame_of() -> Callable[[list[Row]], pd.DataFrame]:
    """The results table of trials given as axes, accuracies and AUCs; one without AUCs has failed."""
    return lambda rows: results_frame([_result(number, *row) for number, row in enumerate(rows)])


@pytest.fixture
def small(frame_of: Callable[[list[Row]], pd.DataFrame]) -> pd.DataFrame:
    """Seven configurations: four on the front, two of these with equal numbers, two off it, one failed."""
    ann, snn = {"model": "ann"}, {"model": "snn", "surrogate_gradient": "atan", "num_steps": 25}
    return frame_of(
        [
            (ann, [0.96, 0.97, 0.98], [0.60, 0.61, 0.62]),
            (ann | {"act_bit_width": 4, "threshold": 0.5}, [0.90, 0.92, 0.94], [0.50, 0.52, 0.54]),
            (ann | {"weight_bit_width": 4}, [0.93, 0.95, 0.97], [0.57, 0.58, 0.59]),
            (snn | {"weight_bit_width": 4}, [0.93, 0.95, 0.97], [0.57, 0.58, 0.59]),
            (snn, [0.90, 0.91, 0.92], [0.56, 0.57, 0.58]),
            (snn | {"surrogate_gradient": "spike_rate_escape"}, [0.92, 0.94, 0.96], [0.59, 0.60, 0.61]),
            (snn | {"weight_bit_width": 2}, [], []),
        ]
    )


@pytest.fixture
def tradeoff(frame_of: Callable[[list[Row]], pd.DataFrame]) -> Callable[[int], pd.DataFrame]:
    """A number of configurations, all of them on the front."""

    def build(count: int) -> pd.DataFrame:
        gains = [i / max(1, count - 1) for i in range(count)]
        axes = [{"model": ("ann", "snn")[i % 2], "epochs": i + 1} for i in range(count)]
        numbers = [([0.7 + 0.2 * gain] * 2, [0.5 + 0.1 * gain**2] * 2) for gain in gains]
        return frame_of([(axis, *number) for axis, number in zip(axes, numbers, strict=True)])

    return build
