"""The configuration that was picked and the reasons, in words and as plain values."""

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from privsearch.analysis.differences import ACCURACY
from privsearch.analysis.frames import records, varying_axes
from privsearch.analysis.labels import NOTATION, configuration, quantity, turned_words
from privsearch.analysis.learning import far_below_full_precision
from privsearch.analysis.selection import Cost, Selection
from privsearch.report.wording.fronts import constraints_words, missing_words, nearest_words
from privsearch.spec import AXES
from privsearch.spec.columns import Column

_MOST: Final = 10
"""The most other configurations that are named."""

_WHY: Final = {
    "knee": "the knee of the front: farthest from the line between its ends, each objective scaled to the front's "
    "range (Das 1999)",
    "single": "alone on the front, so there is no trade-off to make",
    "no_knee": "the most private on a front without a knee: no configuration lies nearer to the ideal than the line "
    "between its ends",
}


def selection_lines(selection: Selection, study: Path) -> Iterator[str]:
    """Yield the selection of one task in words.

    Args:
        selection: the selection.
        study: the study's directory, for the command lines.
    """
    yield f"{selection.task.title}: {_headline(selection)}"
    if selection.chosen is None:
        yield from map(_indented, _nothing(selection))
        return
    yield from map(_indented, [f"{_named(selection, selection.chosen)}", *_numbers(selection), *_doubts(selection)])
    yield from map(_indented, [*_cost(selection), _alike(selection), *_commands(selection, study), NOTATION])


def selection_summary(selection: Selection) -> dict[str, Any]:
    """Return the selection of one task as plain JSON values."""
    best, chosen = selection.most_accurate, selection.chosen
    return {
        "task": selection.task.name,
        "title": selection.task.title,
        "private": selection.private,
        "min_accuracy": selection.min_accuracy,
        "constraints": {column: str(constraint) for column, constraint in selection.task.constraints.items()},
        "rule": selection.rule,
        "knee_distance": selection.distance,
        "chosen": None if chosen is None else _row(selection, chosen),
        "test_accuracy_interval": [selection.accuracy.low, selection.accuracy.high] if selection.accuracy else None,
        "accuracy_is_doubtful": selection.is_doubtful,
        "most_accurate": None if best is None else _row(selection, best),
        "against_most_accurate": [vars(cost) for cost in selection.costs],
        "compared_with": selection.rivals,
        "not_different": None if selection.alike is None else [row["trial_id"] for row in selection.alike],
    }


def _row(selection: Selection, row: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {}
    for column in map(Column.parse, dict.fromkeys((ACCURACY, *selection.task.objectives))):
        spread = {"sd": row.get(str(column.sd)), "low": row.get(str(column.low)), "high": row.get(str(column.high))}
        numbers[str(column)] = {"mean": row[str(column)], **spread}
    sure = {"n": row["replicates"], "on_front": row["on_front"], "front_probability": row["front_probability"]}
    return {"trial_id": row["trial_id"], **{axis: row[axis] for axis in AXES}, **sure, "numbers": numbers}


def _headline(selection: Selection) -> str:
    limits = f", with {constraints_words(selection.task)}" if selection.task.constraints else ""
    if selection.min_accuracy is None:
        return f"the knee of the front{limits}"
    return (
        f"the lowest {quantity(selection.private)} with a test accuracy of at least {selection.min_accuracy:g}{limits}"
    )


def _nothing(selection: Selection) -> Iterator[str]:
    """Yield why nothing was picked, and how near the best configuration comes."""
    best, nearest = selection.most_accurate, nearest_words(selection.task)
    if nearest:
        yield f"no configuration satisfies {constraints_words(selection.task)}; the nearest to it: {nearest}"
        return
    if best is None or selection.min_accuracy is None:
        yield "no configuration can be compared: failed, dead, not learnt, or without these numbers"
        yield from (f"  {sentence}" for sentence in missing_words(selection.task))
        return
    yield f"no configuration reaches it; the best, {_named(selection, best)}, is {_mean(best, ACCURACY)}: "
    yield f"  short by {selection.min_accuracy - best[ACCURACY]:.4f}; ask for less, or sweep other configurations"


def _named(selection: Selection, row: Mapping[str, Any]) -> str:
    return f"{configuration(row, varying_axes(selection.task.rows))} (trial {row['trial_id']})"


def _mean(row: Mapping[str, Any], column: str) -> str:
    spread = row.get(str(Column.parse(column).sd))
    return f"{row[column]:.4f}" + ("" if spread is None else f" ± {spread:.4f}")


def _bounds(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f", 95 % interval {low:.4f} to {high:.4f}"


def _numbers(selection: Selection) -> Iterator[str]:
    """Yield why the configuration was picked, and its numbers."""
    row, accuracy = selection.chosen or {}, selection.accuracy
    if selection.rule in _WHY:
        yield f"{_WHY[selection.rule]}" + ("" if selection.distance is None else f"; distance {selection.distance:.3f}")
    count = f"n = {row['replicates']} target{'s' if row['replicates'] > 1 else ''}; ±: sd over them"
    bounds = _bounds(accuracy.low, accuracy.high) if accuracy else ""
    yield f"{quantity(ACCURACY)} {_mean(row, ACCURACY)}{bounds} ({count})"
    for column in (column for column in selection.task.objectives if column != ACCURACY):
        remark = " (what private means here)" if column == selection.private else ""
        parsed = Column.parse(column)
        bounds = _bounds(row.get(str(parsed.low)), row.get(str(parsed.high)))
        yield f"{quantity(column)} {_mean(row, column)}{bounds}{remark}"
    private = Column.parse(selection.private)
    if private.is_auc and row.get(str(private.excess)) is not None:
        low, high = (row.get(str(end)) for end in (private.excess.low, private.excess.high))
        yield f"excess AUC over the placebo {row[str(private.excess)]:+.4f}{_bounds(low, high)}"
    yield from (f"warning: {words}" for words in turned_words([row.get(str(private.high))]) if private.is_auc)
    sure = row["front_probability"]
    there = "on the front" if row["on_front"] else "not on the front"
    yield f"{there}; probability of being on it: {'not known, with one target' if sure is None else f'{sure:.2f}'}"


def _doubts(selection: Selection) -> Iterator[str]:
    if selection.is_doubtful:
        why = "its interval reaches below that"
        if selection.accuracy is None:
            why = "how sure that is is not known, as its targets show no spread"
        yield f"warning: its mean accuracy is at least {selection.min_accuracy:g}, but {why}"
    told = far_below_full_precision(selection.task.rows)
    for row in records(told[told["trial_id"] == (selection.chosen or {}).get("trial_id")]):
        yield (
            f"warning: its training accuracy, {row['train_accuracy']:.4f}, is far below that of the same network in "
            f"full precision, {row['full_precision_train_accuracy']:.4f}: it may leak less because it has learnt less"
        )


def _cost(selection: Selection) -> Iterator[str]:
    if not selection.costs:
        yield "it is the most accurate one as well"
        return
    assert selection.most_accurate is not None, "what differs from it is known"
    yield f"against the most accurate, {_named(selection, selection.most_accurate)}:"
    yield from (f"  {quantity(cost.quantity)} {cost.difference:+.4f}{_told(cost)}" for cost in selection.costs)


def _told(cost: Cost) -> str:
    verdict = cost.verdict.replace("B ", "it ", 1)
    return f"{_bounds(cost.low, cost.high)}: {verdict}"


def _alike(selection: Selection) -> str:
    pool = "on the front" if selection.min_accuracy is None else "above that accuracy"
    if not selection.rivals:
        return f"no other configuration is {pool}"
    if selection.alike is None:
        return f"others {pool}: {selection.rivals}; whether they differ is not known, as targets have no such numbers"
    by = quantity(selection.private) + (f" and {quantity(ACCURACY)}" if selection.min_accuracy is None else "")
    text = f"no significant difference from it in {by}: {len(selection.alike)} of the {selection.rivals} others {pool}"
    named = [_named(selection, row) for row in selection.alike[:_MOST]]
    more = f", and {len(selection.alike) - _MOST} more" if len(selection.alike) > _MOST else ""
    return text + (f": {', '.join(named)}{more}" if named else "")


def _commands(selection: Selection, study: Path) -> Iterator[str]:
    """Yield the commands to run next."""
    assert selection.chosen is not None, "something was picked"
    where, trial_id = shlex.quote(str(study)), selection.chosen["trial_id"]
    yield f"privsearch export {where} {trial_id}"
    if selection.alike is not None and len(selection.task.candidates) > 1:
        column = "" if selection.private == ACCURACY else f" --column {selection.private}"
        yield f"privsearch diff {where} {trial_id}{column}"


def _indented(line: str) -> str:
    return f"  {line}"
