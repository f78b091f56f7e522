import numpy as np
from jaxtyping import Float
from numpy import ndarray as Array

from privsearch.analysis.racing import Limits, Racers, Standing, standings

LIMITS = Limits(looks=4, most=32)


def race(
    values: Float[Array, "m objectives n"],
    *,
    targets: list[int] | None = None,
    limits: Limits = LIMITS,
    known: tuple[bool, ...] = (False, False),
    lacking: Float[Array, "m constraints n"] | None = None,
    breaks: list[bool] | None = None,
) -> list[Standing]:
    """Judge configurations with these numbers, of which more is better."""
    m, _, most = values.shape
    counts = np.array(targets or [most] * m)

    def better_by(one: int) -> Float[Array, "m objectives n"]:
        common = np.minimum(counts, counts[one])[:, None, None]
        return np.where(np.arange(most) < common, values[one] - values, np.nan)

    made = Racers(
        counts,
        better_by,
        np.array(known),
        lambda _, __: 0.0,
        np.empty((m, 0, most)) if lacking is None else lacking,
        np.array(breaks or [False] * m),
    )
    return standings(made, limits)


def numbers(means: list[tuple[float, float]], n: int = 8, sd: float = 0.004, seed: int = 0) -> Float[Array, "m 2 n"]:
    """Targets' numbers that have exactly these means in two objectives."""
    noise = np.random.default_rng(seed).normal(0, sd, (len(means), 2, n))
    return np.array(means)[:, :, None] + noise - noise.mean(axis=2, keepdims=True)


def verdicts(found: list[Standing]) -> list[str]:
    return [standing.verdict for standing in found]


def test_what_another_beats_in_everything_is_out() -> None:
    """And what beat it has no rival left to be compared with."""
    assert race(numbers([(0.95, 0.5), (0.85, 0.4)])) == [Standing("settled"), Standing("beaten", 0)]


def test_two_of_which_each_is_better_in_something_both_stay() -> None:
    """Both are on the front, and no network more would tell more of it."""
    assert race(numbers([(0.95, 0.4), (0.85, 0.5)])) == [Standing("settled"), Standing("settled")]


def test_what_is_not_foreseen_goes_on_with_its_rival() -> None:
    """One is less accurate and may leak less or more: both are given more networks."""
    near = numbers([(0.95, 0.5), (0.85, 0.5001)])
    assert race(near) == [Standing("open", 1), Standing("open", 0)]


def test_what_is_all_but_certain_is_foreseen_though_not_significant() -> None:
    """With 31 of 32 networks the last one cannot turn a difference of two standard errors; with 8 it is open."""
    for n, verdict in ((8, "open"), (31, "beaten")):
        pairs = numbers([(0.0, 0.0)], n=n, sd=1.0)[0]
        pairs *= 0.5 * np.sqrt(n) / pairs.std(axis=1, ddof=1, keepdims=True)
        assert race(np.stack([np.ones_like(pairs), pairs]))[1].verdict == verdict


def test_with_all_networks_the_means_decide() -> None:
    """As they do on a front, however near they are; and equal ones do not beat each other."""
    assert verdicts(race(numbers([(0.95, 0.5), (0.9499, 0.4999)], n=32))) == ["settled", "beaten"]
    assert verdicts(race(numbers([(0.95, 0.5), (0.95, 0.5)], n=32))) == ["settled", "settled"]


def test_one_target_decides_nothing() -> None:
    """Whatever the difference: there is no spread to foresee the others by."""
    assert verdicts(race(numbers([(0.95, 0.5), (0.5, 0.1)])[:, :, :1])) == ["open", "open"]


def test_more_looks_ask_for_surer_differences() -> None:
    """What one look foresees, each of a hundred does not."""
    values = numbers([(0.95, 0.5), (0.945, 0.495)])
    assert race(values, limits=Limits(1, 32))[1].verdict == "beaten"
    assert race(values, limits=Limits(100_000, 32))[1].verdict == "open"


def test_only_what_stays_puts_others_out() -> None:
    """The third is beaten by both others; the second, beaten itself, is not what the third is said to be beaten by."""
    found = race(numbers([(0.75, 0.3), (0.85, 0.4), (0.95, 0.5)]))
    assert found == [Standing("beaten", 2), Standing("beaten", 2), Standing("settled")]


def test_configurations_are_compared_on_the_targets_that_both_have() -> None:
    """What the others of the longer one show is not held against the shorter one."""
    values = numbers([(0.95, 0.5), (0.85, 0.4)], n=16)
    values[0, :, 8:] -= 0.5
    assert race(values, targets=[16, 8])[1] == race(values[:, :, :8])[1]


def test_what_breaks_a_constraint_is_out_and_puts_nothing_out() -> None:
    """Though it is better in everything. What may break it goes on, and the rival that it beats waits for that."""
    values = numbers([(0.95, 0.5), (0.85, 0.4), (0.75, 0.3)])
    lacking = numbers([(0.1, 0.0), (0.0001, 0.0), (-0.1, 0.0)], seed=1)[:, :1]
    assert verdicts(race(values, lacking=lacking)) == ["infeasible", "open", "settled"]
    assert verdicts(race(values, lacking=-np.abs(lacking) - 0.05)) == ["settled", "beaten", "beaten"]
    assert verdicts(race(values, breaks=[True, False, False])) == ["infeasible", "settled", "beaten"]


def test_with_all_networks_a_mean_decides_on_a_constraint() -> None:
    """As it does on a front: there are no more networks to ask."""
    values, lacking = numbers([(0.95, 0.5)], n=32), numbers([(0.0001, 0.0)], n=32)[:, :1]
    assert verdicts(race(values, lacking=lacking)) == ["infeasible"]
    assert verdicts(race(values, lacking=-lacking)) == ["settled"]


def test_a_number_of_the_whole_trial_is_what_it_is() -> None:
    """One is smaller and less accurate: both stay; where both are equally large, the less accurate one is out."""
    values = numbers([(0.95, 0.5), (0.85, 0.5)])
    values[:, 1] = np.array([[1.0], [2.0]])
    assert verdicts(race(values, known=(False, True))) == ["settled", "settled"]
    values[:, 1] = 1.0
    assert verdicts(race(values, known=(False, True))) == ["settled", "beaten"]


def test_targets_that_agree_are_no_certainty() -> None:
    """On a small test split four targets may agree: that is no spread of 0, and more targets may differ."""
    values = numbers([(0.95, 0.5), (0.85, 0.4)], n=4)
    values[:, 0] = np.array([[0.95], [0.9]])
    assert verdicts(race(values)) == ["open", "open"]


def test_what_cannot_be_compared_is_neither_put_out_nor_trained_on() -> None:
    """No number of networks gives two configurations an attack in common."""
    values = numbers([(0.95, 0.5), (0.85, 0.4)])
    values[1, 1] = np.nan
    assert verdicts(race(values)) == ["settled", "settled"]


def test_in_a_ring_nothing_is_out() -> None:
    """Each of three would be put out by the next, where not all have the same in common: none of them is, by chance."""
    margins = np.stack([np.roll(np.array([0.0, -1.0, 1.0]), one) for one in range(3)])
    made = Racers(
        np.full(3, 4),
        lambda one: np.repeat(margins[one][:, None, None], 4, axis=2),
        np.array([True]),
        lambda _, __: 0.0,
        np.empty((3, 0, 4)),
        np.zeros(3, dtype=bool),
    )
    assert verdicts(standings(made, LIMITS)) == ["settled"] * 3


def test_what_is_foreseen_comes_true() -> None:
    """Of two equal configurations, what some look foresees of an objective is wrong in fewer than one race of 20."""
    rng, wrong, foreseen = np.random.default_rng(0), 0, 0
    looks = (8, 16, 24)
    for _ in range(400):
        values = rng.normal(size=(2, 1, 32))
        final = values.mean(axis=2)[:, 0].argmin()
        for n in looks:
            beaten = [
                one for one, s in enumerate(race(values[:, :, :n], known=(False,), limits=Limits(3, 32))) if s.is_out
            ]
            if beaten:
                foreseen += 1
                wrong += beaten != [final]
                break
    assert foreseen > 40
    assert 0 < wrong <= 400 / 20
