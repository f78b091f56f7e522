"""The numbers of each target of a trial, by column: its accuracies, every attack's numbers, and the strongest's."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

import numpy as np

from privsearch.spec import WORST
from privsearch.spec.columns import Column
from privsearch.study.result import AttackResult, Completed

TargetNumbers = Mapping[str, Sequence[Mapping[str, Any]]]
"""By trial_id, the numbers of each target by header, as `target_numbers` gives them."""

COUNTS: Final = ("num_members", "num_non_members")
"""The numbers of an attack that count examples, and are the same for every target."""


def target_numbers(result: Completed) -> list[dict[str, Any]]:
    """Return, for each target, its accuracies and the numbers of each attack and of the strongest, by column."""
    worst = strongest(result)
    targets = []
    for replicate in result.replicates:
        numbers: dict[str, Any] = {
            "train_accuracy": replicate.target.train_accuracy,
            "test_accuracy": replicate.target.test_accuracy,
        }
        for name, attack_result in replicate.attacks.items():
            numbers |= {_header(name, number): value for number, value in _attack_numbers(attack_result).items()}
        if worst:
            numbers[_header(WORST, "attack")] = ", ".join(dict.fromkeys(worst))
            found_by = [replicate.attacks[name] for name in worst]
            numbers |= {_header(WORST, number): value for number, value in _worst_numbers(*found_by).items()}
        targets.append(numbers)
    return targets


def strongest(result: Completed) -> tuple[str, str] | None:
    """Choose, for either half of the examples, the attack with the highest mean AUC over the targets on the other half.

    Chosen on the same examples, the highest of several AUCs would be above each one's mean even if all were guessing.
    Chosen on other targets it would be below, as an attack that does well on the others does badly on this one where
    each example is in half of the networks; and above, where targets share their examples.

    Returns:
        The attack for the first half, and for the second. None where an attack has been asked for and not yet run,
        where all were refused, or where a half has too few examples.
    """
    if not set(result.across) | set(result.refused) >= {attack.name for attack in result.spec.attacks}:
        return None
    names = list(result.across)
    if not names:
        return None
    aucs = [[replicate.attacks[name].auc_by_half for name in names] for replicate in result.replicates]
    if any(auc is None for target in aucs for halves in target for auc in halves):
        return None
    best_on_first, best_on_second = np.array(aucs, dtype=float).mean(axis=0).argmax(axis=0)
    return names[best_on_second], names[best_on_first]


def _worst_numbers(on_first: AttackResult, on_second: AttackResult) -> dict[str, float | int | None]:
    """Average two attacks: their AUCs on the halves they were not chosen on, their other numbers on all examples."""
    auc = ((on_first.auc_by_half[0] or 0.0) + (on_second.auc_by_half[1] or 0.0)) / 2
    first, second = _attack_numbers(on_first), _attack_numbers(on_second)
    numbers: dict[str, float | int | None] = {}
    for name, value in first.items():
        other = second[name]
        numbers[name] = None if value is None or other is None else (value + other) / 2
    # The interval keeps its width: half of the examples are judged by one attack, half by the other.
    moved = auc - (on_first.auc.value + on_second.auc.value) / 2
    numbers |= {name: min(max((numbers[name] or 0.0) + moved, 0.0), 1.0) for name in ("auc_low", "auc_high")}
    return numbers | {"auc": auc, **{count: getattr(on_first, count) for count in COUNTS}}


def _attack_numbers(result: AttackResult) -> dict[str, float | int | None]:
    intervals = {"auc": result.auc, **{f"tpr_at_fpr_{fpr}": tpr for fpr, tpr in result.tpr_at_fpr.items()}}
    numbers: dict[str, float | int | None] = {}
    for name, interval in {**intervals, "advantage": result.advantage}.items():
        numbers[name] = interval.value if interval else None
        low, high = _ends(name)
        numbers |= {low: interval.low if interval else None, high: interval.high if interval else None}
    numbers |= {"balanced_accuracy": result.balanced_accuracy, "epsilon_low": result.epsilon_low}
    if result.excess_auc is not None:
        placebo = {
            "placebo_auc": result.placebo_auc,
            "matched_auc": result.matched_auc,
            "excess_auc": result.excess_auc,
        }
        numbers |= placebo
    return numbers | {"num_members": result.num_members, "num_non_members": result.num_non_members}


@cache  # a study has millions of numbers, and few headers
def _header(attack: str, number: str) -> str:
    return str(Column(attack, number))


@cache
def _ends(number: str) -> tuple[str, str]:
    """Return the names of the ends of a number's interval."""
    column = Column(None, number)
    return str(column.low), str(column.high)
