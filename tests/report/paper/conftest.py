from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest

from privsearch.result import AttackResult, Completed, Replicate, TrainedNetwork, TrialResult
from privsearch.spec import PaperProtocol, SweepSpec, TrialSpec

SWEEP = SweepSpec.model_validate(
    {
        "name": "paper",
        "datasets": ["iris", "breast_cancer"],
        "grids": {
            "weights": {"model": ["ann", "snn"], "weight_bit_width": [None, 8, 4, 2]},
            "activations": {"model": ["ann", "snn"], "act_bit_width": [8, 4, 2], "threshold": [0.5, 1.0, 1.5]},
            "surrogate_gradients": {
                "model": ["snn"],
                "surrogate_gradient": ["fast_sigmoid", "atan", "spike_rate_escape", "triangular", "straight_through"],
            },
        },
    }
)


Rule = Callable[[TrialSpec], dict[str, float]]


def completed(number: int, spec: TrialSpec, rule: Rule, noise: float, replicates: int) -> Completed:
    """A trial whose replicates scatter by `noise` of their own, and by much more together with all other trials."""
    truth = SimpleNamespace(**{"accuracy": 0.9, "auc": 0.6, "placebo": 0.5, **rule(spec)})
    own = np.random.default_rng(number).normal(scale=noise, size=(3, replicates))
    shared = np.random.default_rng(0).normal(scale=0.05, size=replicates)
    made = []
    for r in range(replicates):
        network = TrainedNetwork(
            train_accuracy=truth.accuracy + 0.05, test_accuracy=truth.accuracy + shared[r] / 10 + own[0, r], history=()
        )
        attack = AttackResult(
            auc=truth.auc + shared[r] + own[1, r],
            placebo_auc=truth.placebo + own[2, r],
            matched_auc=truth.auc + shared[r] + own[1, r],
            num_members=120,
            num_non_members=30,
        )
        made.append(Replicate(target=network, shadow=network, attacks={"svm": attack}))
    return Completed(trial_id=f"{number:016x}", spec=spec, replicates=tuple(made), seconds=1.0)


@pytest.fixture
def study_of() -> Callable[..., list[TrialResult]]:
    """The paper's grids on two datasets, whose numbers scatter around what a rule says.

    The rule gives `accuracy`, `auc` and `placebo` for a trial's spec, as far as they are not 0.9, 0.6 and 0.5.
    """

    def build(rule: Rule, *, noise: float = 0.001, replicates: int = 5) -> list[TrialResult]:
        asked = SWEEP.expand({"iris": "fcnet", "breast_cancer": "fcnet"})
        specs = [trial.spec.model_copy(update={"protocol": PaperProtocol(replicates=replicates)}) for trial in asked]
        return [completed(i, spec, rule, noise, replicates) for i, spec in enumerate(specs)]

    return build
