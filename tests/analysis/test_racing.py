import numpy as np
import pytest
from jaxtyping import Bool, Float
from numpy import ndarray as Array

from privsearch.analysis.racing import Limits, Racers, Standing, standings

LIMITS = Limits(looks=4, most=32)


def race(
    values: Float[Array, "m objectives n"],
    targets: list[int] | None = None,
    limits: Limits = LIMITS,
    known: tuple[bool, ...] = (False, False),
    lacking: Float[Array, "m constraints n"] | None = None,
    is_in: list[bool] | None = None,
) -> dict[int, Standing]:
    """Judge configurations with these numbers, of which more is better."""
    m, _, most = values.shape
    counts = np.array(targets or [most] * m)

    def better_by(one: int) -> Float[Array, "m objectives n"]:
        common = np.minimum(counts, counts[one])[:, None, None]
        return np.where(np.arange(most) < common, values[one] - values, np.nan)

    none: Float[Array, "m constraints n"] = np.empty((m, 0, most))
    racing: Bool[Array, " m"] = np.ones(m, dtype=bool) if is_in is None else np.array(is_in)
    made = Racers(counts, better_by, np.array(known), lambda _, __: 0.0, none if lacking is None else lacking, racing)
    return standings(made, limits)


def numbers(means: list[tuple[float, float]], n: int = 8, sd: float = 0.004, seed: int = 0) -> Float[Array, "m 2 n"]:
    """Targets' numbers that have exactly these means in two objectives."""
    noise = np.random.default_rng(seed).normal(0, sd, (len(means), 2, n))
    return np.array(means)[:, :, None] + noise - noise.mean(axis=2, keepdims=True)


def test_what_another_surely_beats_in_everything_is_out() -> None:
    """And what beat it has no rival left to be compared with."""
    assert race(numbers([(0.95, 0.5), (0.85, 0.4)])) == {0: Standing("settled"), 1: Standing("beaten", 0)}


def test_two_of_which_either_is_surely_better_in_something_both_stay() -> None:
    """Both are on the front, and no network more would tell more of it."""
    assert race(numbers([(0.95, 0.4), (0.85, 0.5)])) == {0: Standing("settled"), 1: Standing("settled")}


def test_what_cannot_be_shown_to_gain_anything_is_out() -> None:
    """It is surely less accurate; with half of the networks, it is far from leaking significantly less."""
    equal = numbers([(0.95, 0.5), (0.85, 0.5)], n=24)
    assert race(equal) == {0: Standing("settled"), 1: Standing("no gain", 0)}


def test_what_may_yet_be_shown_to_gain_something_goes_on() -> None:
    """The same two, of which the other may leak less: both are given more networks."""
    near = numbers([(0.95, 0.5), (0.85, 0.503)], n=8)
    assert race(near) == {0: Standing("open", 1), 1: Standing("open", 0)}


def test_nothing_is_decided_by_few_targets_that_more_would_decide() -> None:
    """A difference that is sure with 8 targets is open with 2, and one target says nothing."""
    both = numbers([(0.95, 0.5), (0.9, 0.45)], sd=0.01)
    assert race(both)[1].verdict == "beaten"
    for few in (1, 2):
        assert [standing.verdict for standing in race(both[:, :, :few]).values()] == ["open", "open"]


def test_more_looks_and_more_rivals_ask_for_surer_differences() -> None:
    """A p-value of 0.011 is enough for one look at two configurations, and not for five."""
    exact = np.array([[[0.0] * 3, [0.0] * 3], [[-0.01, -0.011, -0.0125], [-0.01, -0.011, -0.0125]]])
    assert race(exact, limits=Limits(1, 6))[1].verdict == "beaten"
    assert race(exact, limits=Limits(20, 6))[1].verdict != "beaten"
    crowd = np.concatenate([exact, np.repeat(exact[:1], 20, axis=0)])
    assert race(crowd, limits=Limits(1, 6))[1].verdict != "beaten"


def test_only_what_stays_puts_others_out() -> None:
    """The third is surely beaten by both others; the second, beaten itself, is not what it is said to be beaten by."""
    found = race(numbers([(0.95, 0.5), (0.85, 0.4), (0.75, 0.3)]))
    assert found == {0: Standing("settled"), 1: Standing("beaten", 0), 2: Standing("beaten", 0)}


def test_configurations_are_compared_on_the_targets_that_both_have() -> None:
    """What the others of the longer one show is not held against the shorter one."""
    values = numbers([(0.95, 0.5), (0.85, 0.4)], n=16)
    values[0, :, 8:] -= 0.5
    assert race(values, targets=[16, 8])[1] == race(values[:, :, :8])[1]


def test_what_is_out_stays_out_and_puts_nothing_out() -> None:
    """An earlier look has put out the first; the second has no rival any more."""
    assert race(numbers([(0.95, 0.5), (0.85, 0.4)]), is_in=[False, True]) == {1: Standing("settled")}


def test_what_surely_breaks_a_constraint_is_out_and_puts_nothing_out() -> None:
    """Though it is better in everything. What may break it goes on, and the rival that it beats waits for that."""
    values = numbers([(0.95, 0.5), (0.85, 0.4), (0.75, 0.3)])
    lacking = numbers([(0.1, 0.0), (0.001, 0.0), (-0.1, 0.0)], seed=1)[:, :1]
    found = race(values, lacking=lacking)
    assert [standing.verdict for standing in found.values()] == ["infeasible", "open", "settled"]
    settled = race(values, lacking=-np.abs(lacking) - 0.05)
    assert [standing.verdict for standing in settled.values()] == ["settled", "beaten", "beaten"]


def test_with_the_most_targets_a_mean_decides_on_a_constraint() -> None:
    """As it does on a front: there are no more networks to ask."""
    values, lacking = numbers([(0.95, 0.5)], n=32), numbers([(0.0001, 0.0)], n=32)[:, :1]
    assert race(values, lacking=lacking)[0].verdict == "infeasible"
    assert race(values, lacking=-lacking)[0].verdict == "settled"


def test_a_number_of_the_whole_trial_has_no_test() -> None:
    """One is smaller and surely less accurate: both stay; where both are equally large, the less accurate is out."""
    values = numbers([(0.95, 0.5), (0.85, 0.5)])
    values[:, 1] = np.array([[1.0], [2.0]])
    assert [s.verdict for s in race(values, known=(False, True)).values()] == ["settled", "settled"]
    values[:, 1] = 1.0
    assert race(values, known=(False, True))[1] == Standing("no gain", 0)


def test_targets_that_agree_are_no_certainty() -> None:
    """On a small test split four targets may agree: that is no interval of width 0, and more targets may differ."""
    values = numbers([(0.95, 0.5), (0.85, 0.4)], n=4)
    values[:, 0] = np.array([[0.95], [0.9]])
    assert [s.verdict for s in race(values).values()] == ["open", "open"]


def test_what_cannot_be_compared_is_neither_put_out_nor_trained_on() -> None:
    """No number of networks gives two configurations an attack in common."""
    values = numbers([(0.95, 0.5), (0.85, 0.4)])
    values[1, 1] = np.nan
    assert [s.verdict for s in race(values).values()] == ["settled", "settled"]


def test_in_a_ring_nothing_is_out() -> None:
    """Each of three would be put out by the next, on the numbers of the whole trial: none of them by chance."""
    margins = np.stack([np.roll(np.array([0.0, -1.0, 1.0]), one) for one in range(3)])
    made = Racers(
        np.full(3, 4),
        lambda one: np.repeat(margins[one][:, None, None], 4, axis=2),
        np.array([True]),
        lambda _, __: 0.0,
        np.empty((3, 0, 4)),
        np.ones(3, dtype=bool),
    )
    assert [standing.is_out for standing in standings(made, LIMITS).values()] == [False] * 3


@pytest.mark.parametrize("m", [2, 6])
def test_equal_configurations_are_seldom_called_beaten(m: int) -> None:
    """In fewer than one of twenty races, over all four looks, though each look tests all pairs."""
    rng, wrong, races = np.random.default_rng(0), 0, 60
    for _ in range(races):
        values = rng.normal(size=(m, 2, 32))
        wrong += any(
            standing.verdict == "beaten" for n in (8, 16, 24, 32) for standing in race(values[:, :, :n]).values()
        )
    assert wrong <= races / 20
