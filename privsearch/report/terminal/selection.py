"""The configuration that was picked and the reasons, in words and as plain values."""

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from privsearch._util.numerals import signed
from privsearch.analysis.candidates import PairedDifference
from privsearch.analysis.frames import records
from privsearch.analysis.labels import NOTATION, guessing_note, measured, quantity, turned_words, written
from privsearch.analysis.learning import far_below_full_precision
from privsearch.analysis.selection import Selection
from privsearch.report.wording.energy import asks_for_energy, energy_words
from privsearch.report.wording.fronts import missing_words
from privsearch.report.wording.verdict import named, verdict_sentence
from privsearch.spec import AXES, WORST
from privsearch.spec.columns import ACCURACY, Column

_DIGITS: Final = 4
_MOST: Final = 10
"""The most other configurations that are named."""


def selection_lines(selection: Selection, study: Path) -> Iterator[str]:
    """Yield the selection of one task in words, its verdict first.

    Args:
        selection: the selection.
        study: the study's directory, for the command lines.
    """
    yield f"{selection.task.title}: {verdict_sentence(selection)}"
    if selection.chosen is None:
        yield from map(_indented, missing_words(selection.task))
        return
    yield from map(_indented, [f"take {_with_id(selection, selection.chosen)}", *_numbers(selection)])
    yield from map(_indented, [*_doubts(selection), *_against(selection), _alike(selection)])
    yield from map(_indented, [*_commands(selection, study), NOTATION])


def selection_summary(selection: Selection) -> dict[str, Any]:
    """Return the selection of one task as plain JSON values."""
    best, chosen, instead = selection.most_accurate, selection.chosen, selection.in_place_of
    by_quantity = {found.quantity: vars(found) | {"verdict": _of_it(found)} for found in selection.differences}
    return {
        "dataset": selection.task.rows["dataset"].iloc[0],
        "protocol": selection.task.rows["protocol"].iloc[0],
        "trial_id": None if chosen is None else chosen["trial_id"],
        "configuration": None if chosen is None else named(selection, chosen),
        "reason": selection.reason,
        "verdict": verdict_sentence(selection),
        "accuracy_difference": by_quantity.get(ACCURACY),
        "leakage_difference": by_quantity.get(selection.private),
        "alternatives": None if selection.alike is None else [row["trial_id"] for row in selection.alike],
        "task": selection.task.name,
        "private": selection.private,
        "min_accuracy": selection.min_accuracy,
        "max_energy": selection.max_energy,
        "energy": selection.energy,
        "constraints": {column: str(constraint) for column, constraint in selection.task.constraints.items()},
        "chosen": None if chosen is None else _chosen(selection, chosen),
        "shrunken": dict(selection.shrunken),
        "test_accuracy_interval": [selection.accuracy.low, selection.accuracy.high] if selection.accuracy else None,
        "accuracy_is_doubtful": selection.is_doubtful,
        "most_accurate": None if best is None else _row(selection, best),
        "in_place_of": None if instead is None else instead["trial_id"],
        "leaking_less": selection.leaking_less,
        "compared": selection.compared,
        "resolution": selection.resolution,
        "rivals": selection.rivals,
        "attacks": list(selection.attacks),
    }


def _chosen(selection: Selection, row: Mapping[str, Any]) -> dict[str, Any]:
    fields = _row(selection, row)
    if selection.accuracy:
        fields["numbers"][ACCURACY] |= {"low": selection.accuracy.low, "high": selection.accuracy.high}
    return fields


def _row(selection: Selection, row: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {}
    for column in map(Column.parse, dict.fromkeys((ACCURACY, *selection.task.objectives))):
        spread = {"sd": row.get(str(column.sd)), "low": row.get(str(column.low)), "high": row.get(str(column.high))}
        numbers[str(column)] = {"mean": row[str(column)], **spread}
    axes = {axis: row[axis] for axis in AXES}
    return {"trial_id": row["trial_id"], **axes, "n": row["replicates"], "numbers": numbers}


def _with_id(selection: Selection, row: Mapping[str, Any]) -> str:
    return f"{named(selection, row)} (trial {row['trial_id']})"


def _mean(row: Mapping[str, Any], column: str) -> str:
    return measured(row, column, _DIGITS)


def _bounds(low: float | None, high: float | None, column: str = ACCURACY) -> str:
    if low is None or high is None:
        return ""
    return f", 95 % interval {written(column, low, _DIGITS)} to {written(column, high, _DIGITS)}"


def _numbers(selection: Selection) -> Iterator[str]:
    """Yield the numbers of the chosen configuration."""
    row, accuracy = selection.chosen or {}, selection.accuracy
    count = f"n = {row['replicates']} target{'s' if row['replicates'] > 1 else ''}; ±: standard deviation"
    bounds = _bounds(accuracy.low, accuracy.high) if accuracy else ""
    yield f"{quantity(ACCURACY)} {_mean(row, ACCURACY)}{bounds} ({count})"
    for column in (column for column in selection.task.objectives if column != ACCURACY):
        notes = ["privacy is judged by it"] if column == selection.private else []
        notes += filter(None, [guessing_note(row, column)])
        remark = f" ({'; '.join(notes)})" if notes else ""
        parsed = Column.parse(column)
        bounds = _bounds(row.get(str(parsed.low)), row.get(str(parsed.high)), column)
        yield f"{quantity(column)} {_mean(row, column)}{bounds}{remark}"
    if (asks_for_energy(selection.task) or selection.max_energy is not None) and (energies := energy_words(row)):
        yield f"energy of an example in nJ, by each table of costs: {energies}"
    if selection.shrunken and selection.rivals:
        estimates = ", ".join(
            f"{quantity(column)} {written(column, value, _DIGITS)}" for column, value in selection.shrunken.items()
        )
        yield f"corrected for having been chosen, by shrinkage towards the others: {estimates}"
    private = Column.parse(selection.private)
    if private.is_auc and row.get(str(private.excess)) is not None:
        low, high = (row.get(str(end)) for end in (private.excess.low, private.excess.high))
        note = guessing_note(row, str(private.excess))
        excess = f"{signed(row[str(private.excess)], _DIGITS)}{_bounds(low, high)}"
        yield f"excess AUC over the placebo {excess}{note and f' ({note})'}"
    yield from (f"warning: {words}" for words in turned_words([row.get(str(private.high))]) if private.is_auc)


def _doubts(selection: Selection) -> Iterator[str]:
    if selection.is_doubtful:
        yield (
            f"warning: its mean accuracy is at least {selection.min_accuracy:g}, but how sure that is is not known, as "
            "its targets show no spread"
        )
    told = far_below_full_precision(selection.task.rows)
    for row in records(told[told["trial_id"] == (selection.chosen or {}).get("trial_id")]):
        yield (
            f"warning: its training accuracy, {row['train_accuracy']:.4f}, is far below that of the same network in "
            f"full precision, {row['full_precision_train_accuracy']:.4f}: it may leak less because it has learnt less"
        )


def _against(selection: Selection) -> Iterator[str]:
    """Yield the differences from the most accurate configuration."""
    if not selection.differences:
        return
    assert selection.most_accurate is not None, "what differs from it is known"
    strongest = Column.parse(selection.private).attack == WORST
    how = ", by the strongest of the attacks that both ran" if strongest else ""
    yield f"against the most accurate, {_with_id(selection, selection.most_accurate)}{how}:"
    yield from (f"  {_difference(difference)}" for difference in selection.differences)


def _difference(found: PairedDifference) -> str:
    bounds = _bounds(found.low, found.high)
    if bounds and found.family > 1:
        bounds += f", for all {found.family} comparisons"
    return f"{quantity(found.quantity)} {signed(found.difference, _DIGITS)}{bounds}: {_of_it(found)}"


def _of_it(found: PairedDifference) -> str:
    """Return a verdict in words about the chosen one, which it calls B."""
    return found.verdict.replace("B ", "it ", 1)


def _alike(selection: Selection) -> str:
    if not selection.rivals:
        return "no other configuration may be chosen"
    if selection.alike is None:
        return f"others that may be chosen: {selection.rivals}; whether they differ cannot be tested"
    differs = f"from it in {quantity(ACCURACY)} or {quantity(selection.private)}"
    if not selection.alike:
        which = "the only other one" if selection.rivals == 1 else f"each of the {selection.rivals} others"
        return f"{which} that may be chosen differs significantly {differs}"
    names = [_with_id(selection, row) for row in selection.alike[:_MOST]]
    more = f", and {len(selection.alike) - _MOST} more" if len(selection.alike) > _MOST else ""
    count = (
        "" if len(selection.alike) == selection.rivals else f" ({len(selection.alike)} of {selection.rivals} others)"
    )
    return f"not significantly different {differs}{count}: {', '.join(names)}{more}"


def _commands(selection: Selection, study: Path) -> Iterator[str]:
    """Yield the commands to run next."""
    assert selection.chosen is not None, "something was picked"
    assert selection.most_accurate is not None, "so there is a most accurate one"
    where = shlex.quote(str(study))
    yield f"privsearch export {where} {selection.chosen['trial_id']}"
    if selection.alike is not None and selection.compared:
        yield f"privsearch diff {where} {selection.most_accurate['trial_id']} --column {selection.private}"


def _indented(line: str) -> str:
    return f"  {line}"
