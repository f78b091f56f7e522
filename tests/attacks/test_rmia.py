from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from attack_views import make_cohort

from privsearch.analysis.metrics import tpr_at_fpr
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
    """The share over three views is the mean of the shares of each."""
    asked = make_cohort(0, views=3).view()

    def singly(of: Outputs, v: int) -> Outputs:
        return Outputs(of.target[v, None], of.shadows[:, v, None], of.labels)

    views = [replace(asked, queried=singly(asked.queried, v), population=singly(asked.population, v)) for v in range(3)]
    mean_share = np.mean([share(scores(view, mode), steps=120) for view in views], axis=0)
    assert share(scores(asked, mode), steps=360) == pytest.approx(mean_share)


def share(found: np.ndarray, steps: int) -> np.ndarray:
    """The share of the population, without what tells examples of one share apart."""
    return np.floor(found * steps + 1e-9) / steps


def saturated() -> AttackView:
    """Sure of many members and of some non-members: all these exceed the whole population, members by more."""
    rng = np.random.default_rng(0)
    is_member = np.arange(400) % 2 == 0
    surer = np.where(is_member, 0.2, 0.1) * rng.random(400)
    states = np.array([[True], [True], [False], [False]]) == is_member
    asked = outputs(list(0.7 + surer), [[0.5] * 400] * 4)
    return AttackView(asked, states, (), outputs([0.5] * 50, [[0.5] * 50] * 4))


@modes
def test_examples_of_one_share_are_ordered_by_their_ratio(mode: Mode) -> None:
    """All non-members share the highest score, and still the surest members can be accused at a low rate."""
    asked = saturated()
    found, is_member = scores(asked, mode), np.arange(400) % 2 == 0
    assert share(found, steps=50).min() == 1.0
    assert np.array_equal(found.argsort(), asked.queried.target[0, :, 0].argsort())
    assert tpr_at_fpr(found, is_member, 0.01).value > 0.4


@modes
def test_examples_of_one_share_and_one_ratio_stay_tied(mode: Mode) -> None:
    """What cannot be told apart is not told apart by its place."""
    asked = saturated()
    twice = np.concatenate([np.arange(400)] * 2)
    doubled = replace(asked, queried=asked.queried[twice], shadow_is_member=asked.shadow_is_member[:, twice])
    found = scores(doubled, mode)
    assert np.array_equal(found[:400], found[400:])
    assert len(set(found)) == 400
