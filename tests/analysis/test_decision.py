from typing import Any

import numpy as np
import pytest
from jaxtyping import Float
from numpy import ndarray as Array

from privsearch.analysis.decision import Candidates, decide, shrunken
from privsearch.spec.columns import Column


def candidates(
    accuracy: Float[Array, "m n"], leakage: Float[Array, "m n"], column: str = "worst.auc", **fields: Any
) -> Candidates:
    """Configurations with these numbers, all of them eligible and none of them a cheaper kind of another."""
    m = len(accuracy)
    defaults = {"eligible": np.ones(m, dtype=bool), "bits": np.full(m, 1024.0), "kinds": list(range(m))}
    return Candidates(
        accuracy,
        Column.parse(column).as_leakage(leakage.mean(axis=1)),
        lambda reference: (np.broadcast_to(leakage[reference], leakage.shape), leakage),
        column,
        **{**defaults, **fields},
    )


def numbers(means: list[float], seed: int = 0, n: int = 8, sd: float = 0.004) -> Float[Array, "m n"]:
    """Targets' numbers that have exactly these means."""
    noise = np.random.default_rng(seed).normal(0, sd, (len(means), n))
    return np.array(means)[:, None] + noise - noise.mean(axis=1, keepdims=True)


def test_accuracy_is_not_given_up_where_nothing_leaks_significantly_less() -> None:
    """Though another configuration leaks less on average, and costs next to nothing."""
    found = decide(candidates(numbers([0.95, 0.949]), numbers([0.6, 0.599], 1)), least_leakage=True)
    assert (found.chosen, found.most_accurate, found.reason) == (0, 0, "nothing leaks less")


def test_less_leakage_that_is_shown_is_worth_its_accuracy() -> None:
    """A tenth of what an attack could gain, for a hundredth of accuracy."""
    found = decide(candidates(numbers([0.95, 0.94]), numbers([0.6, 0.55], 1)), least_leakage=False)
    assert (found.chosen, found.most_accurate, found.reason) == (1, 0, "leaks less")
    assert found.leaking_less.tolist() == [False, True]


def test_accuracy_is_not_given_up_for_less_than_it_is_worth() -> None:
    """0.02 of AUC is 0.04 of all that an attack could gain; unless an accuracy was asked for, which both have."""
    made = candidates(numbers([0.95, 0.85]), numbers([0.6, 0.58], 1))
    kept = decide(made, least_leakage=False)
    assert (kept.chosen, kept.reason) == (0, "costs more than it gains")
    assert decide(made, least_leakage=True).chosen == 1


def test_of_those_that_leak_less_the_most_accurate_is_taken_that_is_as_private() -> None:
    """Within one standard error of the lowest mean: accuracy is not given up for less."""
    made = candidates(numbers([0.95, 0.93, 0.90]), numbers([0.7, 0.551, 0.55], 1))
    assert decide(made, least_leakage=True).chosen == 1
    apart = candidates(numbers([0.95, 0.93, 0.90]), numbers([0.7, 0.56, 0.55], 1))
    assert decide(apart, least_leakage=True).chosen == 2


@pytest.mark.parametrize(
    ("aucs", "chosen"),
    [((0.6, 0.3), 0), ((0.4, 0.52), 1), ((0.3, 0.4), 1), ((0.553, 0.448), 0), ((0.52, 0.4), 0)],
)
def test_an_auc_below_guessing_leaks_as_one_above(aucs: tuple[float, float], chosen: int) -> None:
    """On either side of it the distance from guessing counts: one of 0.52 leaks less than one of 0.4."""
    made = candidates(numbers([0.95, 0.94]), numbers(list(aucs), 1))
    assert decide(made, least_leakage=True).chosen == chosen


def test_fewer_bits_just_above_guessing_are_no_better_than_just_below() -> None:
    """A network that lies just below guessing is not replaced by one that leaks far more."""
    bits = np.array([1024.0, 128.0])
    made = candidates(numbers([0.95, 0.9497]), numbers([0.489, 0.623], 1), bits=bits, kinds=[0, 0])
    assert decide(made, least_leakage=False).chosen == 0


def test_of_equally_accurate_ones_the_one_that_leaks_less_is_the_one_to_beat() -> None:
    """Though it has more bits, and the difference is not significant."""
    accuracy = np.repeat(numbers([0.95]), 2, axis=0)
    made = candidates(accuracy, numbers([0.6, 0.599], 1), bits=np.array([128.0, 1024.0]))
    assert decide(made, least_leakage=True).chosen == 1


def test_what_may_not_be_chosen_is_compared_all_the_same() -> None:
    """It is neither the most accurate nor chosen, but the correction is for all comparisons."""
    accuracy, leakage = numbers([0.99, 0.95, 0.94]), numbers([0.5, 0.6, 0.55], 1)
    found = decide(candidates(accuracy, leakage, eligible=np.array([False, True, True])), least_leakage=True)
    assert (found.chosen, found.most_accurate) == (2, 1)
    many = 40
    more = candidates(
        np.vstack([accuracy, numbers([0.5] * many, 2)]),
        np.vstack([leakage, numbers([0.9] * many, 3, sd=0.05)]),
        eligible=np.array([False, True, True] + [False] * many),
    )
    assert decide(more, least_leakage=True).chosen == 2
    weak = numbers([0.5, 0.6, 0.591], 1, sd=0.006)
    few = candidates(accuracy, weak, eligible=np.array([False, True, True]))
    assert decide(few, least_leakage=True).chosen == 2
    crowd = candidates(
        np.vstack([accuracy, numbers([0.5] * many, 2)]),
        np.vstack([weak, numbers([0.9] * many, 3, sd=0.05)]),
        eligible=np.array([False, True, True] + [False] * many),
    )
    assert decide(crowd, least_leakage=True).chosen == 1


@pytest.mark.parametrize("n", [1, 8])
def test_without_a_test_the_most_accurate_is_taken(n: int) -> None:
    """One target, or no numbers of leakage, show no difference."""
    leakage = numbers([0.7, 0.5], 1, n) if n == 1 else np.full((2, n), np.nan)
    found = decide(candidates(numbers([0.95, 0.94], n=n), leakage), least_leakage=True)
    assert (found.chosen, found.reason) == (0, "not tested")


def test_fewer_bits_are_taken_where_they_do_as_well() -> None:
    """Within one standard error of accuracy and of leakage, of the same network alone."""
    accuracy, leakage = numbers([0.95, 0.949]), numbers([0.6, 0.601], 1)
    bits = np.array([1024.0, 128.0])
    found = decide(candidates(accuracy, leakage, bits=bits, kinds=[0, 0]), least_leakage=False)
    assert (found.chosen, found.in_place_of, found.reason) == (1, 0, "nothing leaks less")
    assert decide(candidates(accuracy, leakage, bits=bits, kinds=[0, 1]), least_leakage=False).chosen == 0
    assert decide(candidates(accuracy, leakage, bits=bits[::-1], kinds=[0, 0]), least_leakage=False).chosen == 0


@pytest.mark.parametrize(
    ("accuracy", "leakage"), [([0.95, 0.944], [0.6, 0.6]), ([0.95, 0.949], [0.6, 0.606])], ids=["accuracy", "leakage"]
)
def test_fewer_bits_that_cost_something_are_not_taken(accuracy: list[float], leakage: list[float]) -> None:
    """Accuracy may be lower by 0.005 at most, whatever its standard error, and leakage higher by one of these."""
    made = candidates(
        numbers(accuracy, sd=0.05), numbers(leakage, 1, sd=0.004), bits=np.array([1024.0, 128.0]), kinds=[0, 0]
    )
    assert decide(made, least_leakage=False).chosen == 0


def test_fewer_bits_do_not_undo_a_choice_for_privacy() -> None:
    """What is taken in its place leaks significantly less than the most accurate one as well."""
    accuracy = numbers([0.97, 0.95, 0.95])
    leakage = numbers([0.6, 0.55, 0.55], 1)
    leakage[2] += np.linspace(-0.3, 0.3, 8)
    made = candidates(accuracy, leakage, bits=np.array([1024.0, 1024.0, 128.0]), kinds=[0, 0, 0])
    assert decide(made, least_leakage=True).chosen == 1


def test_equal_configurations_are_seldom_preferred_for_their_privacy() -> None:
    """Where nothing leaks and accuracies differ, at most 5 % of studies have one that seems to leak less."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(300):
        accuracy = np.linspace(0.95, 0.9, 10)[:, None] + rng.normal(0, 0.01, (10, 5))
        leakage = 0.5 + rng.normal(0, 0.01, (10, 5)) + rng.normal(0, 0.01, 5)
        found.append(decide(candidates(accuracy, leakage), least_leakage=True).reason == "leaks less")
    assert np.mean(found) <= 0.05


def test_shrinkage_takes_off_what_the_choice_of_the_best_adds() -> None:
    """The lowest of 12 means of one truth is too low; the same, drawn towards the others, next to nothing."""
    rng = np.random.default_rng(0)
    plain, corrected = [], []
    for _ in range(300):
        table = 0.56 + rng.normal(0, 0.012, (12, 5)) + rng.normal(0, 0.01, 5)
        lowest = int(table.mean(axis=1).argmin())
        plain.append(table[lowest].mean() - 0.56)
        corrected.append(shrunken(table)[lowest] - 0.56)  # type: ignore[index]
    assert np.mean(plain) < -0.007
    assert abs(np.mean(corrected)) < 0.003


def test_shrinkage_leaves_what_differs_far_beyond_noise() -> None:
    """Means that are known well are their own best estimates."""
    table = numbers([0.5, 0.6, 0.7, 0.9], sd=0.001)
    assert shrunken(table) == pytest.approx(table.mean(axis=1), abs=1e-4)


@pytest.mark.parametrize("table", [np.full((3, 5), 0.5), np.full((5, 1), 0.5), np.full((5, 5), np.nan)])
def test_shrinkage_needs_several_configurations_and_targets(table: Float[Array, "m n"]) -> None:
    """Fewer than four tell nothing of how they differ, one target nothing of the noise."""
    assert shrunken(table) is None


def test_configurations_with_fewer_targets_are_compared_on_those_that_both_have() -> None:
    """After a race one has 8 targets and another 4: what the first shows on the others is not held against anything."""
    accuracy, leakage = numbers([0.95, 0.94]), numbers([0.6, 0.55], 1)
    accuracy[1, 4:] = np.nan
    leakage[0, 4:] += 0.5
    leakage[1, 4:] = np.nan
    made = candidates(accuracy, leakage)
    found = decide(made, least_leakage=False)
    assert (found.chosen, found.reason, made.targets.tolist()) == (1, "leaks less", [8, 4])
    few = decide(candidates(accuracy[:, :4], leakage[:, :4]), least_leakage=False)
    assert found.leaking_less.tolist() == few.leaking_less.tolist()


def test_what_a_race_has_put_out_counts_among_the_comparisons() -> None:
    """A difference that is significant for one comparison is not for a thousand."""
    accuracy, leakage = numbers([0.95, 0.94]), numbers([0.6, 0.59], 1)
    assert decide(candidates(accuracy, leakage), least_leakage=True).chosen == 1
    assert decide(candidates(accuracy, leakage, elsewhere=1000), least_leakage=True).chosen == 0
