"""The numbers of each target of a trial, by column: its accuracies, every attack's numbers, and the strongest's."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

import numpy as np

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
    worst = strongest(result)
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
            numbers[_header(WORST, "attack")] = ", ".join(dict.fromkeys(worst))
            found_by = [replicate.attacks[name] for name in worst]
            numbers |= {_header(WORST, number): value for number, value in _worst_numbers(*found_by).items()}
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
    found_by = [[replicate.attacks[name] for name in worst] for replicate in result.replicates]
    return [{_header(WORST, number): value for number, value in _worst_numbers(*both).items()} for both in found_by]


def strongest(result: Completed, among: Collection[str] | None = None) -> tuple[str, str] | None:
    """Choose, for either half of the examples, the attack with the highest mean AUC over the targets on the other half.

    Chosen on the same examples, the highest of several AUCs would be above each one's mean even if all were guessing.
    Chosen on other targets it would be below, as an attack that does well on the others does badly on this one where
    each example is in half of the networks; and above, where targets share their examples.

    Args:
        result: the trial.
        among: the names of the attacks to choose from; by default all that were asked for.

    Returns:
        The attack for the first half, and for the second. None where an attack has been asked for and not yet run,
        where all were refused, or where a half has too few examples.
    """
    asked = {attack.name for attack in result.spec.attacks}
    if among is None and not set(result.across) | set(result.refused) >= asked:
        return None
    names = [name for name in result.across if among is None or name in among]
    if not names:
        return None
    aucs = [[replicate.attacks[name].auc_by_half for name in names] for replicate in result.replicates]
    if any(auc is None for target in aucs for halves in target for auc in halves):
        return None
    best_on_first, best_on_second = np.array(aucs, dtype=float).mean(axis=0).argmax(axis=0)
    return names[best_on_second], names[best_on_first]


def _worst_numbers(on_first: AttackResult, on_second: AttackResult) -> dict[str, float | int | None]:
    """Average two attacks, each judged on the half of the examples that it was not chosen on.

    A record of an earlier privsearch has AUCs by half alone: then the other numbers are those on all examples. The
    bound on epsilon is that of the attack chosen on the first half, which is judged on the second. There is no placebo:
    its cuts hold the members that the attack was chosen on, so that the excess of a chosen attack is not 0 without a
    leak.
    """
    first, second = _attack_numbers(on_first), _attack_numbers(on_second)
    numbers: dict[str, float | int | None] = {}
    for name, value in first.items():
        if name in PLACEBO_NUMBERS:
            continue
        other = second[name]
        numbers[name] = None if value is None or other is None else (value + other) / 2
    held_out = {name: (a + b) / 2 for name, (a, b) in _by_half(on_first, on_second).items()}
    for name, value in held_out.items():
        # The interval keeps its width: half of the examples are judged by one attack, half by the other.
        moved = value - (numbers[name] or 0.0)
        lowest = -1.0 if name == "advantage" else 0.0
        numbers |= {end: min(max((numbers[end] or 0.0) + moved, lowest), 1.0) for end in _ends(name)}
    if "advantage" in held_out:
        held_out["balanced_accuracy"] = (1 + held_out["advantage"]) / 2
    bounds = {name: second[name] for name in BOUNDS if name in second}
    return numbers | held_out | bounds | {count: getattr(on_first, count) for count in COUNTS}


def _by_half(on_first: AttackResult, on_second: AttackResult) -> dict[str, tuple[float, float]]:
    """Return each number of one attack on the first half and of the other on the second, where both are recorded."""
    first, second = (
        {"auc": on.auc_by_half, "advantage": on.advantage_by_half}
        | {f"tpr_at_fpr_{fpr}": halves for fpr, halves in (on.tpr_by_half or {}).items()}
        for on in (on_first, on_second)
    )
    pairs: dict[str, tuple[Any, Any]] = {name: (halves, second.get(name)) for name, halves in first.items()}
    return {name: (one[0], other[1]) for name, (one, other) in pairs.items() if one and other}


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
