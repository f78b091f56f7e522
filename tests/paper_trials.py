from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from builders import completed_of

from privsearch.spec import PaperProtocol, SweepSpec, TrialSpec
from privsearch.study.attack_result import Cut
from privsearch.study.result import Completed, TrialResult

GRIDS = {
    "weights": {"model": ["ann", "snn"], "weight_bit_width": [None, 8, 4, 2]},
    "activations": {"model": ["ann", "snn"], "act_bit_width": [8, 4, 2], "threshold": [0.5, 1.0, 1.5]},
    "surrogate_gradients": {
        "model": ["snn"],
        "surrogate_gradient": ["fast_sigmoid", "atan", "spike_rate_escape", "triangular", "straight_through"],
    },
}

Rule = Callable[[TrialSpec], dict[str, float]]


def completed(number: int, spec: TrialSpec, rule: Rule, noise: float, replicates: int) -> Completed:
    """A trial whose replicates scatter by `noise` of their own, and by much more together with all other trials."""
    truth = SimpleNamespace(**{"accuracy": 0.9, "auc": 0.6, "placebo": 0.5, **rule(spec)})
    own = np.random.default_rng(number).normal(scale=noise, size=(3, replicates))
    shared = np.random.default_rng(0).normal(scale=0.05, size=replicates)
    aucs, placebos = (np.clip(each, 0, 1) for each in (truth.auc + shared + own[1], truth.placebo + own[2]))
    accuracies = np.clip(truth.accuracy + shared / 10 + own[0], 0.01, 1)
    made = completed_of(f"{number:016x}", accuracies.tolist(), aucs.tolist(), spec)
    kept = []
    for replicate, placebo in zip(made.replicates, placebos.tolist(), strict=True):
        attack = replicate.attacks["svm"]
        update = {"placebo": Cut(auc=placebo), "matched": Cut(auc=attack.auc.value)}
        kept.append(replicate.model_copy(update={"attacks": {"svm": attack.model_copy(update=update)}}))
    return made.model_copy(update={"replicates": tuple(kept)})


@pytest.fixture
def study_of() -> Callable[..., list[TrialResult]]:
    """The paper's grids on two datasets, or others, whose numbers scatter around what a rule says.

    The rule gives `accuracy`, `auc` and `placebo` for a trial's spec, as far as they are not 0.9, 0.6 and 0.5. Further
    axes are those of the configurations with quantised activations.
    """

    def build(
        rule: Rule,
        *,
        noise: float = 0.001,
        replicates: int = 5,
        datasets: Sequence[str] = ("iris", "breast_cancer"),
        **axes: Sequence[Any],
    ) -> list[TrialResult]:
        grids = {**GRIDS, "activations": {**GRIDS["activations"], **axes}}
        sweep = SweepSpec.model_validate({"name": "paper", "datasets": datasets, "grids": grids})
        asked = sweep.expand(dict.fromkeys(datasets, "fcnet"))
        specs = [trial.spec.model_copy(update={"protocol": PaperProtocol(replicates=replicates)}) for trial in asked]
        return [completed(i, spec, rule, noise, replicates) for i, spec in enumerate(specs)]

    return build
