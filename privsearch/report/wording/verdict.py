"""The verdict on a task in one sentence, alike wherever one is given."""

import math
from collections.abc import Iterator, Sequence
from typing import Final

from privsearch._util.numerals import fixed
from privsearch._util.text import joined
from privsearch.analysis.candidates import PairedDifference, Row, accuracy_interval
from privsearch.analysis.labels import configuration, measured, quantity
from privsearch.analysis.selection import Selection, selection_of
from privsearch.analysis.targets import BOUNDS
from privsearch.analysis.tasks import Task
from privsearch.report.wording.fronts import constraints_words, nearest_words
from privsearch.spec import WORST
from privsearch.spec.columns import ACCURACY, DECIMALS, Column
from privsearch.spec.protocols import PROTOCOLS

MOST_NAMED: Final = 6
"""The most attacks that a sentence names."""


def verdict_lines(tasks: Sequence[Task]) -> Iterator[str]:
    """Yield, for each dataset, the title of its task and the verdict on it in a sentence.

    Of a dataset that was audited under several protocols, those with a placebo are passed over, since what an attack
    finds under them is membership only in part, if another one has something to compare. `privsearch pick` has the
    choice under every protocol.

    Args:
        tasks: the tasks of a study.
    """
    for task in deciding(tasks):
        if selection := selection_of(task):  # without a number of an attack among the objectives there is no verdict
            yield f"{task.title}: {verdict_sentence(selection)}"


def deciding(tasks: Sequence[Task]) -> list[Task]:
    """Return the tasks whose verdict is that on their dataset: those under a protocol without a placebo, if any can."""
    fair = {_dataset(task) for task in tasks if not _has_placebo(task) and len(task.competitors)}
    return [task for task in tasks if not _has_placebo(task) or _dataset(task) not in fair]


def verdict_sentence(selection: Selection) -> str:
    """Return what to take, and why, in a sentence; of the strongest attack, another one names those it was chosen from.

    Another attack may be stronger, on one configuration and not on another. So nobody is to take a verdict for one on
    attacks that were not run.
    """
    if selection.chosen is None or selection.most_accurate is None:
        return _nothing(selection)
    named_attacks = joined(selection.attacks, MOST_NAMED)
    return _decision(selection) + (f" Worst is the strongest of {named_attacks}." if len(selection.attacks) > 1 else "")


def _decision(selection: Selection) -> str:
    assert selection.chosen is not None, "something was chosen"
    assert selection.most_accurate is not None, "something may be chosen"
    chosen, best = named(selection, selection.chosen), named(selection, selection.most_accurate)
    limits = [f"satisfies {constraints_words(selection.task)}"] if selection.task.constraints else []
    if selection.min_accuracy is not None:
        limits.append(f"is shown to have an accuracy of at least {selection.min_accuracy:g}")
    if selection.max_energy is not None:
        limits.append(f"is shown to have {_energy_limit(selection)}")
    limit = f" that {' and '.join(limits)}" if limits else ""
    if selection.reason == "leaks less":
        return f"{chosen} {_leaks_less(selection, best)}{_in_place(selection)}."
    if not selection.rivals:
        return f"{chosen} is the only configuration{limit or ' that can be compared'}."
    cheaper = f"; {chosen} does as well with fewer bits" if selection.in_place_of is not None else ""
    if selection.reason == "nothing leaks less":
        return (
            f"No configuration{limit} leaks measurably less than the most accurate one, {best}"
            f"{_sensitivity(selection)}{cheaper}."
        )
    among = f" of those{limit.replace(' is ', ' are ').replace(' satisfies ', ' satisfy ')}" if limit else ""
    return f"{best} is the most accurate{among}; {_why_kept(selection)}{cheaper}."


def _why_kept(selection: Selection) -> str:
    """Return why the most accurate configuration is not given up, though others leak less or may do so."""
    if selection.reason == "costs more than it gains":
        others = "1 other leaks" if selection.leaking_less == 1 else f"{selection.leaking_less} others leak"
        return f"{others} measurably less, but at a greater cost in accuracy than the gain in privacy"
    targets, column = (selection.chosen or {})["replicates"], Column.parse(selection.private)
    if targets == 1:
        why = "with one target"
    elif column.number in BOUNDS:
        why = f"as {quantity(selection.private)} is a bound"
    else:
        why = f"as the targets do not differ in {quantity(selection.private)}, or lack it"
    return f"whether another leaks less cannot be tested, {why}"


def named(selection: Selection, row: Row) -> str:
    """Name a configuration of a task."""
    return configuration(row, selection.task.varying)


def difference_words(difference: PairedDifference) -> str:
    """Return the size of a difference with its simultaneous interval, both without a sign where all have the same."""
    value, low, high = difference.difference, difference.low, difference.high
    # As many digits as the difference needs, and three at least.
    digits = 3 if abs(value) >= 0.0005 or not value else min(12, 1 - math.floor(math.log10(abs(value))))
    if low is None or high is None:
        return f"{abs(value):.{digits}f}"
    sign = -1 if value < 0 else 1
    ends = sorted((sign * low, sign * high))
    return f"{abs(value):.{digits}f} ({ends[0]:.{digits}f} to {ends[1]:.{digits}f})"


def _leaks_less(selection: Selection, best: str) -> str:
    by_quantity = {difference.quantity: difference for difference in selection.differences}
    less = difference_words(by_quantity[selection.private])
    words = (
        f"leaks {less} less than the most accurate one, {best}, by {quantity(selection.private)}{_by_all(selection)}"
    )
    cost = by_quantity.get(ACCURACY)
    if cost is None:
        return words
    if not cost.difference:
        return f"{words}, and is as accurate"
    unsure = "" if cost.low is None or "significant)" in cost.verdict else ", which is not significant"
    return f"{words}, and costs {difference_words(cost)} of accuracy{unsure}"


def _by_all(selection: Selection) -> str:
    """Tell of the strongest attack where the two sides did not run the same ones."""
    if Column.parse(selection.private).attack != WORST:
        return ""
    best, chosen = (row[selection.private] for row in (selection.most_accurate or {}, selection.chosen or {}))
    by_quantity = {difference.quantity: difference for difference in selection.differences}
    as_leakage = Column.parse(selection.private).as_leakage
    less = as_leakage(best) - as_leakage(chosen)
    if abs(less + by_quantity[selection.private].difference) < 0.0005:
        return ""
    return f" of the attacks that both ran ({abs(less):.3f} {'less' if less > 0 else 'more'} by all that either ran)"


def _sensitivity(selection: Selection) -> str:
    """Tell how small a difference in leakage could have been seen."""
    if selection.resolution is None:
        return ""
    targets, column = (selection.chosen or {})["replicates"], Column.parse(selection.private)
    if selection.resolution >= column.leakage_range:
        return f" (with {targets} targets, no difference in {quantity(selection.private)} can be significant)"
    size = f"about {selection.resolution:.3f}"
    return f" (with {targets} targets, a difference in {quantity(selection.private)} must be {size} to be significant)"


def _dataset(task: Task) -> str:
    return str(task.rows["dataset"].iloc[0])


def _has_placebo(task: Task) -> bool:
    return PROTOCOLS[str(task.rows["protocol"].iloc[0])].has_placebo


def _in_place(selection: Selection) -> str:
    if selection.in_place_of is None:
        return ""
    return f"; it does as well as {named(selection, selection.in_place_of)}, with fewer bits"


def _energy_limit(selection: Selection) -> str:
    """Return the energy asked for, such as `a flat energy of at most 100 nJ`."""
    return f"a {quantity(selection.energy).removesuffix(' (nJ)')} of at most {selection.max_energy:g} nJ"


def _nothing(selection: Selection) -> str:
    best, nearest = selection.most_accurate, nearest_words(selection.task)
    if nearest:
        return f"No configuration satisfies {constraints_words(selection.task)}; the nearest to it: {nearest}."
    if selection.max_energy is not None and selection.least_energy is not None:
        least, also = selection.least_energy, ""
        if selection.min_accuracy is not None:
            also = f"an accuracy of at least {selection.min_accuracy:g} and "
        return (
            f"No configuration is shown to have {also}{_energy_limit(selection)}; the least is that of "
            f"{named(selection, least)}, {measured(least, selection.energy)} nJ with an accuracy of "
            f"{least[ACCURACY]:.4f}."
        )
    if best is None or selection.min_accuracy is None:
        return "No configuration can be compared: failed, dead, not learnt, or without these numbers."
    short = selection.min_accuracy - best[ACCURACY]
    its = f"{named(selection, best)}, has {fixed(best[ACCURACY], 4)} ({_accuracy_sample(selection, best)})"
    if round(short, DECIMALS) > 0:
        return (
            f"No configuration reaches an accuracy of {selection.min_accuracy:g}; the most accurate one, {its}, which "
            f"is short by {short:.2g}."
        )
    return (
        f"No configuration is shown to reach an accuracy of {selection.min_accuracy:g}: the most accurate one, {its}, "
        "and its interval begins below it. Ask for less, or run more targets."
    )


def _accuracy_sample(selection: Selection, row: Row) -> str:
    """Return the interval of a configuration's accuracy, if its targets show a spread, and their number."""
    trial = next(trial for trial in selection.task.completed if trial.trial_id == row["trial_id"])
    found = accuracy_interval([replicate.target.test_accuracy for replicate in trial.replicates])
    bounds = f"95 % interval {fixed(found.low, 4)} to {fixed(found.high, 4)}, " if found else ""
    return f"{bounds}n = {row['replicates']} target{'s' if row['replicates'] > 1 else ''}"
