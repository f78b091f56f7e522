import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.importance import PedAnovaImportanceEvaluator
from optuna.trial import create_trial

from privsearch.analysis.ped_anova import BinnedAxis, divergences, num_top, region_densities, top

SPACES = {
    "model": CategoricalDistribution(["ann", "snn"]),
    "weight_bit_width": CategoricalDistribution([None, 2, 4, 8]),
    "threshold": CategoricalDistribution([0.5, 0.75, 1.0, 1.25, 1.5]),
    "num_steps": CategoricalDistribution([5, 10, 25]),
    "batch_size": CategoricalDistribution([16, 64, 512]),
}


def configurations(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Random ones, of which an axis has no effect on some: it is missing there."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        params = {axis: space.choices[rng.integers(len(space.choices))] for axis, space in SPACES.items()}
        if rng.random() < 0.5:
            del params["threshold"]
        if params["model"] == "ann":
            del params["num_steps"]
        yield params


@pytest.mark.parametrize(("count", "seed"), [(50, 0), (137, 1), (400, 2)])
def test_importances_are_those_of_optuna(count: int, seed: int) -> None:
    """Also of axes that have an effect on some configurations only."""
    rng, found = np.random.default_rng(seed), list(configurations(count, seed))
    losses = np.array([params["batch_size"] / 512 + rng.normal(0, 0.3) for params in found])
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study()
    study.add_trials(
        create_trial(value=loss, params=params, distributions={axis: SPACES[axis] for axis in params})
        for loss, params in zip(losses, found, strict=True)
    )
    optuna.logging.set_verbosity(optuna.logging.INFO)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        expected = PedAnovaImportanceEvaluator(target_quantile=max(0.1, 5 / count)).evaluate(study)
    axes = [
        BinnedAxis(np.array([space.choices.index(p[axis]) if axis in p else -1 for p in found]), len(space.choices))
        for axis, space in SPACES.items()
    ]
    everything = np.arange(count)
    ours = divergences(axes, everything, top(losses), region_densities(axes, everything))
    assert dict(zip(SPACES, ours, strict=True)) == pytest.approx(expected)
    assert max(expected, key=expected.__getitem__) == "batch_size"


def test_the_good_are_a_tenth_and_at_least_five() -> None:
    """And all that equal the last of them."""
    assert [num_top(count) for count in (10, 50, 51, 60, 200)] == [5, 5, 6, 6, 20]
    assert (
        top(np.array([3.0, 1, 2, 2, 5, 4, 6, 7, 8, 4, 4])).tolist()
        == [True] * 4 + [False] + [True] + [False] * 3 + [True] * 2
    )
