"""The numbers of each target of a trial, by column: its accuracies, every attack's numbers, and the strongest's."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from statistics import fmean
from typing import Any, Final

from privsearch.analysis.energy import cost_numbers
from privsearch.spec import WORST
from privsearch.spec.columns import PLACEBO_NUMBERS, WITH_PLACEBO, Column
from privsearch.study.attack_result import AttackResult, Cut
from privsearch.study.result import Completed

TargetNumbers = Mapping[str, Sequence[Mapping[str, Any]]]
"""By trial_id, the numbers of each target by header, as `target_numbers` gives them."""

COUNTS: Final = ("num_members", "num_non_members")
"""The numbers of an attack that count examples, and are the same for every target."""

BOUNDS: Final = ("epsilon_low", "epsilon_ceiling")
"""The numbers of an attack that bound epsilon, or that bound: over targets they are joined, and not averaged."""


def target_numbers(result: Completed) -> list[dict[str, Any]]:
    """Return, for each target, its accuracies, costs and the numbers of each attack and of the strongest, by column."""
    worst, bounding = strongest(result), _bounding(result)
    targets = []
    for replicate in result.replicates:
        numbers: dict[str, Any] = {
            "train_accuracy": replicate.target.train_accuracy,
            "test_accuracy": replicate.target.test_accuracy,
        }
        if replicate.target.balanced_accuracy is not None:
            numbers["balanced_accuracy"] = replicate.target.balanced_accuracy
        if replicate.target.operations is not None:
            numbers |= cost_numbers(replicate.target.operations, result.costs)
        for name, attack_result in replicate.attacks.items():
            numbers |= {_header(name, number): value for number, value in _attack_numbers(attack_result).items()}
        if worst:
            numbers[_header(WORST, "attack")] = worst
            numbers |= _worst_numbers(replicate.attacks, worst, bounding)
        targets.append(numbers)
    return targets


def strongest_numbers(result: Completed, among: Collection[str]) -> list[dict[str, Any]] | None:
    """Return, for each target, the numbers of the strongest of these attacks, by column of `worst`; None without one.

    Args:
        result: the trial.
        among: the names of the attacks to choose from.
    """
    worst = strongest(result, among)
    if not worst:
        return None
    bounding = _bounding(result, among)
    return [_worst_numbers(replicate.attacks, worst, bounding) for replicate in result.replicates]


def strongest(result: Completed, among: Collection[str] | None = None) -> str | None:
    """Choose the attack with the highest mean AUC over the targets; of equals, the first.

    An attack that is stronger on each of two configurations makes the strongest stronger, too: what one configuration
    leaks less by every attack, it leaks less by the strongest. An attack that is chosen on some examples and judged on
    others stays at 0.5 without a leak, but has not that property. Where two attacks are about equally strong, whichever
    is by chance the better on one half of the examples is the worse on the other, so that it lies below both of them.
    The highest of several means lies above 0.5 even if all attacks guess, and its interval holds 0.5 all the same
    (`privsearch.analysis.intervals.highest_mean_interval`).

    Args:
        result: the trial.
        among: the names of the attacks to choose from; by default all that were asked for.

    Returns:
        None where an attack has been asked for and not yet run, or where all were refused.
    """
    names = _choices(result, among)
    if not names:
        return None
    return max(names, key=lambda name: fmean(replicate.attacks[name].auc.value for replicate in result.replicates))


def _bounding(result: Completed, among: Collection[str] | None = None) -> str | None:
    """Choose the attack with the highest mean AUC on the first half of the examples; None where it lacks either kind.

    A bound on epsilon is of the second half alone. So it holds for the attack that was chosen on the first.
    """
    first = {
        name: [replicate.attacks[name].auc_by_half[0] for replicate in result.replicates]
        for name in _choices(result, among)
    }
    if not first or any(auc is None for aucs in first.values() for auc in aucs):
        return None
    return max(first, key=lambda name: sum(auc or 0.0 for auc in first[name]))


def _choices(result: Completed, among: Collection[str] | None) -> list[str]:
    """Return the attacks to choose from; none where one was asked for that has not been run."""
    asked = {attack.name for attack in result.spec.attacks}
    if among is None and not set(result.across) | set(result.refused) >= asked:
        return []
    return [name for name in result.across if among is None or name in among]


def _worst_numbers(
    attacks: Mapping[str, AttackResult], worst: str, bounding: str | None
) -> dict[str, float | int | None]:
    """Return the numbers of the strongest attack, by column of `worst`; the bounds on epsilon are those of `bounding`.

    There is no placebo: its cuts hold the members that the attack was chosen on, so that the excess of a chosen attack
    is not 0 without a leak.
    """
    numbers = _attack_numbers(attacks[worst])
    bounds = _attack_numbers(attacks[bounding]) if bounding else {}
    numbers |= {name: bounds.get(name) for name in BOUNDS if name in numbers}
    return {_header(WORST, name): value for name, value in numbers.items() if name not in PLACEBO_NUMBERS}


def _attack_numbers(result: AttackResult) -> dict[str, float | int | None]:
    intervals = {"auc": result.auc, **{f"tpr_at_fpr_{fpr}": tpr for fpr, tpr in result.tpr_at_fpr.items()}}
    numbers: dict[str, float | int | None] = {}
    for name, interval in {**intervals, "advantage": result.advantage}.items():
        numbers[name] = interval.value if interval else None
        low, high = _ends(name)
        numbers |= {low: interval.low if interval else None, high: interval.high if interval else None}
    numbers["balanced_accuracy"] = result.balanced_accuracy
    if result.placebo and result.matched:
        # Membership is not random where a placebo is needed, and an earlier record may have a bound all the same.
        numbers |= dict(_placebo_numbers(result.placebo, result.matched))
    else:
        numbers |= {name: getattr(result, name) for name in BOUNDS}
    return numbers | {"num_members": result.num_members, "num_non_members": result.num_non_members}


def _placebo_numbers(placebo: Cut, matched: Cut) -> Iterator[tuple[str, float | None]]:
    """Yield the placebo's numbers, the matched ones, and what these exceed the placebo's by."""
    of_placebo, of_matched = cut_numbers(placebo), cut_numbers(matched)
    for name in WITH_PLACEBO:
        null, real = of_placebo.get(name), of_matched.get(name)
        yield f"placebo_{name}", null
        yield f"matched_{name}", real
        yield f"excess_{name}", None if null is None or real is None else real - null


def cut_numbers(cut: Cut) -> dict[str, float | None]:
    """Return the numbers of a cut by the names of their columns."""
    accuracy = None if cut.advantage is None else (1 + cut.advantage) / 2
    tprs = {f"tpr_at_fpr_{fpr}": tpr for fpr, tpr in cut.tpr_at_fpr.items()}
    return {"auc": cut.auc, **tprs, "advantage": cut.advantage, "balanced_accuracy": accuracy}


@cache  # a study has millions of numbers, and few headers
def _header(attack: str, number: str) -> str:
    return str(Column(attack, number))


@cache
def _ends(number: str) -> tuple[str, str]:
    """Return the names of the ends of a number's interval."""
    column = Column(None, number)
    return str(column.low), str(column.high)
