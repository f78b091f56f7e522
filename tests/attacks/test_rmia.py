from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from attack_views import make_cohort

from privsearch.attacks import AttackView, Outputs
from privsearch.attacks.rmia import rmia_scores
from privsearch.errors import MetricError

Mode = Literal["online", "offline"]

modes = pytest.mark.parametrize("mode", ["online", "offline"])


def outputs(target: list[float], shadows: list[list[float]]) -> Outputs:
    """Networks that give the labels these softmax probabilities, of two classes."""

    def logits(p: np.ndarray) -> np.ndarray:
        return np.log(np.stack([p, 1 - p], axis=-1))[..., None, :, :]

    return Outputs(logits(np.array(target)), logits(np.array(shadows)), np.zeros(len(target), dtype=int))


def scores(asked: AttackView, mode: Mode, a: float = 0.3, gamma: float = 1.0) -> np.ndarray:
    return rmia_scores(asked, np.random.default_rng(0), mode=mode, a=a, gamma=gamma)


# The example's ratio is .6 / ((.8 + .4) / 2) = 1 online, and with a = .5 it is .6 / ((1.5 * .4 + .5) / 2) = 1.0909
# offline. The population's are p / ((1.5 * .5 + .5) / 2) = p / .625: .8, .96, 1.056 and 1.2.
EXAMPLE = AttackView(
    outputs([0.6], [[0.7], [0.9], [0.3], [0.5]]),
    np.array([[True], [True], [False], [False]]),
    (),
    outputs([0.5, 0.6, 0.66, 0.75], [[0.4] * 4, [0.6] * 4, [0.4] * 4, [0.6] * 4]),
)


@pytest.mark.parametrize(
    ("mode", "gamma", "score"),
    [("online", 1.0, 0.5), ("offline", 1.0, 0.75), ("online", 1.2, 0.25), ("offline", 0.9, 1.0), ("offline", 2.0, 0.0)],
)
def test_the_numbers_are_those_of_the_formulas(mode: Mode, gamma: float, score: float) -> None:
    """The share of four strangers whose ratio, times gamma, the example's exceeds."""
    assert scores(EXAMPLE, mode, a=0.5, gamma=gamma) == [score]


@pytest.mark.parametrize("a", [0.0, 0.5, 1.0])
def test_offline_is_online_where_its_assumption_holds(a: float) -> None:
    """Where the mean of the shadows in is a times that of those out plus 1 - a, the modes agree."""
    rng = np.random.default_rng(0)
    outside = rng.uniform(0.1, 0.9, size=50)
    target = list(rng.uniform(0.1, 0.9, size=50))
    shadows = [list(np.minimum(a * outside + 1 - a, 1 - 1e-12)), list(outside)]
    asked = replace(EXAMPLE, queried=outputs(target, shadows), shadow_is_member=np.array([[True] * 50, [False] * 50]))
    asked = replace(asked, population=outputs(list(rng.uniform(0.1, 0.9, size=200)), [[0.4] * 200, [0.6] * 200]))
    assert np.array_equal(scores(asked, "online", a=a), scores(asked, "offline", a=a))
    assert len(set(scores(asked, "online", a=a))) > 10


@modes
def test_an_empty_population_is_refused(mode: Mode) -> None:
    """A ratio says nothing without strangers to compare with."""
    with pytest.raises(
        MetricError, match="no network was trained on, but it is empty; use a dataset with a test split"
    ):
        scores(replace(EXAMPLE, population=EXAMPLE.population[np.array([], dtype=int)]), mode)


@modes
def test_each_view_is_compared_with_its_own_population(mode: Mode) -> None:
    """The score over three views is the mean of the scores of each."""
    asked = make_cohort(0, views=3).view()

    def singly(of: Outputs, v: int) -> Outputs:
        return Outputs(of.target[v, None], of.shadows[:, v, None], of.labels)

    views = [replace(asked, queried=singly(asked.queried, v), population=singly(asked.population, v)) for v in range(3)]
    assert scores(asked, mode) == pytest.approx(np.mean([scores(view, mode) for view in views], axis=0))
