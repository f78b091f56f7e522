"""The verdict on a task in one sentence, alike wherever one is given."""

from collections.abc import Iterator, Sequence

from privsearch.analysis.candidates import PairedDifference, Row
from privsearch.analysis.differences import ACCURACY
from privsearch.analysis.labels import configuration, quantity
from privsearch.analysis.selection import Selection, select_in_task
from privsearch.analysis.tasks import Task
from privsearch.errors import StudyError
from privsearch.report.wording.fronts import constraints_words, nearest_words
from privsearch.spec.columns import Column
from privsearch.spec.protocols import PROTOCOLS
from privsearch.study.result import TrialResult


def verdict_lines(tasks: Sequence[Task], results: Sequence[TrialResult]) -> Iterator[str]:
    """Yield, for each dataset, the title of its task and the verdict on it in a sentence.

    Of a dataset that was audited under several protocols, those without a placebo have the word: what an attack finds
    under the others is membership only in part. `privsearch pick` has the choice under every protocol.

    Args:
        tasks: the tasks of a study.
        results: its trials.
    """
    for task in deciding(tasks):
        try:
            yield f"{task.title}: {verdict_sentence(select_in_task(task, results))}"
        except StudyError:  # objectives without a number of an attack: there is no verdict on privacy
            continue


def deciding(tasks: Sequence[Task]) -> list[Task]:
    """Return the tasks whose verdict is that on their dataset: those under a protocol without a placebo, if any is."""
    fair = {_dataset(task) for task in tasks if not _has_placebo(task)}
    return [task for task in tasks if not _has_placebo(task) or _dataset(task) not in fair]


def verdict_sentence(selection: Selection) -> str:
    """Return what to take, and why, in a sentence."""
    if selection.chosen is None or selection.most_accurate is None:
        return _nothing(selection)
    chosen, best = named(selection, selection.chosen), named(selection, selection.most_accurate)
    limit = "" if selection.min_accuracy is None else f" with an accuracy of at least {selection.min_accuracy:g}"
    if selection.reason == "leaks less":
        return f"{chosen} {_leaks_less(selection, best)}{_in_place(selection)}."
    if not selection.compared or (limit and not selection.rivals):
        return f"{chosen} is the only configuration{limit}."
    cheaper = f"; {chosen} does as well with fewer bits" if selection.in_place_of is not None else ""
    if selection.reason == "nothing leaks less":
        return (
            f"No configuration{limit} leaks measurably less than the most accurate one, {best}"
            f"{_sensitivity(selection)}{cheaper}."
        )
    return f"{best} is the most accurate{limit}; {_why_kept(selection)}{cheaper}."


def _why_kept(selection: Selection) -> str:
    """Return why the most accurate configuration is not given up, though others leak less or may do so."""
    if selection.reason == "costs more than it gains":
        others = "1 other leaks" if selection.leaking_less == 1 else f"{selection.leaking_less} others leak"
        return f"{others} measurably less, but at a greater cost in accuracy than the gain in privacy"
    targets = (selection.chosen or {})["replicates"]
    means = "with one target" if targets == 1 else f"by {quantity(selection.private)}"
    return f"whether another leaks less cannot be tested {means}"


def named(selection: Selection, row: Row) -> str:
    """Name a configuration of a task."""
    return configuration(row, selection.task.varying)


def difference_words(difference: PairedDifference) -> str:
    """Return the size of a difference with its simultaneous interval, both without a sign where all have the same."""
    value, low, high = difference.difference, difference.low, difference.high
    if low is None or high is None:
        return f"{abs(value):.3f}"
    sign = -1 if value < 0 else 1
    ends = sorted((sign * low, sign * high))
    return f"{abs(value):.3f} ({ends[0]:.3f} to {ends[1]:.3f})"


def _leaks_less(selection: Selection, best: str) -> str:
    by_quantity = {difference.quantity: difference for difference in selection.differences}
    less = difference_words(by_quantity[selection.private])
    words = f"leaks {less} less than the most accurate one, {best}, by {quantity(selection.private)}"
    cost = by_quantity.get(ACCURACY)
    if cost is None:
        return words
    if not cost.difference:
        return f"{words}, and is as accurate"
    unsure = "" if cost.low is None or "significant)" in cost.verdict else ", which is not significant"
    return f"{words}, and costs {difference_words(cost)} of accuracy{unsure}"


def _sensitivity(selection: Selection) -> str:
    """Tell how small a difference in leakage could have been seen."""
    if selection.resolution is None:
        return ""
    targets, column = (selection.chosen or {})["replicates"], Column.parse(selection.private)
    if selection.resolution >= column.leakage_range:
        return f" (with {targets} targets no difference in {quantity(selection.private)} would show)"
    size = f"{quantity(selection.private)} below about {selection.resolution:.3f}"
    return f" (with {targets} targets, differences in {size} do not show)"


def _dataset(task: Task) -> str:
    return str(task.rows["dataset"].iloc[0])


def _has_placebo(task: Task) -> bool:
    return PROTOCOLS[str(task.rows["protocol"].iloc[0])].has_placebo


def _in_place(selection: Selection) -> str:
    if selection.in_place_of is None:
        return ""
    return f"; it does as well as {named(selection, selection.in_place_of)}, with fewer bits"


def _nothing(selection: Selection) -> str:
    best, nearest = selection.most_accurate, nearest_words(selection.task)
    if nearest:
        return f"No configuration satisfies {constraints_words(selection.task)}; the nearest to it: {nearest}."
    if best is None or selection.min_accuracy is None:
        return "No configuration can be compared: failed, dead, not learnt, or without these numbers."
    short = selection.min_accuracy - best[ACCURACY]
    if short > 0:
        return (
            f"No configuration reaches an accuracy of {selection.min_accuracy:g}; the best, {named(selection, best)}, "
            f"has {best[ACCURACY]:.4f}, which is short by {short:.4f}."
        )
    return (
        f"No configuration is shown to reach an accuracy of {selection.min_accuracy:g}: the 95 % interval of the best, "
        f"{named(selection, best)} with a mean of {best[ACCURACY]:.4f}, begins below it. "
        "Ask for less, or run more targets."
    )
