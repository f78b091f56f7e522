"""What was picked and what it rests on, in words and as plain values."""

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from privsearch.analysis.columns import excess_of
from privsearch.analysis.differences import ACCURACY
from privsearch.analysis.frames import varying_axes
from privsearch.analysis.labels import NOTATION, configuration, quantity
from privsearch.analysis.selection import Choice, Cost
from privsearch.report.wording.fronts import constraints_words, nearest_words
from privsearch.spec import AXES

_MOST: Final = 10
"""As many other configurations are named."""

_WHY: Final = {
    "knee": "the knee of the front: farthest from the line between its ends, each objective scaled to the front's "
    "range (Das 1999)",
    "single": "alone on the front, so there is no trade-off to make",
    "no_knee": "the most private on a front without a knee: no configuration lies nearer to the ideal than the line "
    "between its ends",
}


def choice_lines(choice: Choice, study: Path) -> Iterator[str]:
    """The choice of one contest in words.

    Args:
        choice: what was picked.
        study: the study's directory, for the command lines.
    """
    yield f"{choice.contest.title}: {_headline(choice)}"
    if choice.chosen is None:
        yield from map(_indented, _nothing(choice))
        return
    yield from map(_indented, [f"{_named(choice, choice.chosen)}", *_numbers(choice), *_doubts(choice)])
    yield from map(_indented, [*_cost(choice), _alike(choice), *_commands(choice, study), NOTATION])


def choice_summary(choice: Choice) -> dict[str, Any]:
    """The choice of one contest as plain JSON values."""
    best, chosen = choice.most_accurate, choice.chosen
    return {
        "contest": choice.contest.name,
        "title": choice.contest.title,
        "private": choice.private,
        "min_accuracy": choice.min_accuracy,
        "constraints": {column: str(constraint) for column, constraint in choice.contest.constraints.items()},
        "rule": choice.rule,
        "knee_distance": choice.distance,
        "chosen": None if chosen is None else _row(choice, chosen),
        "test_accuracy_interval": [choice.accuracy.low, choice.accuracy.high] if choice.accuracy else None,
        "accuracy_is_doubtful": choice.is_doubtful,
        "most_accurate": None if best is None else _row(choice, best),
        "against_most_accurate": [vars(cost) for cost in choice.costs],
        "compared_with": choice.rivals,
        "cannot_be_told_apart": None if choice.alike is None else [row["trial_id"] for row in choice.alike],
    }


def _row(choice: Choice, row: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {
        column: {"mean": row[column], **{end: row.get(f"{column}_{end}") for end in ("sd", "low", "high")}}
        for column in dict.fromkeys((ACCURACY, *choice.contest.objectives))
    }
    sure = {"n": row["replicates"], "on_front": row["on_front"], "front_probability": row["front_probability"]}
    return {"trial_id": row["trial_id"], **{axis: row[axis] for axis in AXES}, **sure, "numbers": numbers}


def _headline(choice: Choice) -> str:
    asked = f", with {constraints_words(choice.contest)}" if choice.contest.constraints else ""
    if choice.min_accuracy is None:
        return f"the knee of the front{asked}"
    return f"the lowest {quantity(choice.private)} with a test accuracy of at least {choice.min_accuracy:g}{asked}"


def _nothing(choice: Choice) -> Iterator[str]:
    """Why nothing was picked, and how near the best comes."""
    best, nearest = choice.most_accurate, nearest_words(choice.contest)
    if nearest:
        yield f"no configuration satisfies {constraints_words(choice.contest)}; the nearest to it: {nearest}"
        return
    if best is None or choice.min_accuracy is None:
        yield "no configuration can be compared: failed, dead, or without these numbers (privsearch front tells)"
        return
    yield f"no configuration reaches it; the best, {_named(choice, best)}, is {_mean(best, ACCURACY)}: "
    yield f"  short by {choice.min_accuracy - best[ACCURACY]:.4f}; ask for less, or sweep other configurations"


def _named(choice: Choice, row: Mapping[str, Any]) -> str:
    return f"{configuration(row, varying_axes(choice.contest.rows))} (trial {row['trial_id']})"


def _mean(row: Mapping[str, Any], column: str) -> str:
    spread = row.get(f"{column}_sd")
    return f"{row[column]:.4f}" + ("" if spread is None else f" ± {spread:.4f}")


def _bounds(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f", 95 % interval {low:.4f} to {high:.4f}"


def _numbers(choice: Choice) -> Iterator[str]:
    """Why it is the one, and its numbers."""
    row, known = choice.chosen or {}, choice.accuracy
    if choice.rule in _WHY:
        yield f"{_WHY[choice.rule]}" + ("" if choice.distance is None else f"; distance {choice.distance:.3f}")
    count = f"n = {row['replicates']} target{'s' if row['replicates'] > 1 else ''}; ±: sd over them"
    bounds = _bounds(known.low, known.high) if known else ""
    yield f"{quantity(ACCURACY)} {_mean(row, ACCURACY)}{bounds} ({count})"
    for column in (column for column in choice.contest.objectives if column != ACCURACY):
        said = " (what private means here)" if column == choice.private else ""
        bounds = _bounds(row.get(f"{column}_low"), row.get(f"{column}_high"))
        yield f"{quantity(column)} {_mean(row, column)}{bounds}{said}"
    if row.get(excess_of(choice.private)) is not None:
        yield f"excess AUC over the placebo {row[excess_of(choice.private)]:+.4f}; 0 on average without a leak"
    sure = row["front_probability"]
    there = "on the front" if row["on_front"] else "not on the front"
    yield f"{there}; probability of being on it: {'not known, with one target' if sure is None else f'{sure:.2f}'}"


def _doubts(choice: Choice) -> Iterator[str]:
    if choice.is_doubtful:
        why = "its interval reaches below that"
        if choice.accuracy is None:
            why = "how sure that is is not known, as its targets show no spread"
        yield f"warning: its mean accuracy is at least {choice.min_accuracy:g}, but {why}"


def _cost(choice: Choice) -> Iterator[str]:
    if not choice.costs:
        yield "it is the most accurate one as well"
        return
    assert choice.most_accurate is not None, "what differs from it is known"
    yield f"against the most accurate, {_named(choice, choice.most_accurate)}:"
    yield from (f"  {quantity(cost.quantity)} {cost.difference:+.4f}{_told(cost)}" for cost in choice.costs)


def _told(cost: Cost) -> str:
    verdict = cost.verdict.replace("B ", "it ", 1)
    return f"{_bounds(cost.low, cost.high)}: {verdict}"


def _alike(choice: Choice) -> str:
    pool = "on the front" if choice.min_accuracy is None else "above that accuracy"
    if not choice.rivals:
        return f"no other configuration is {pool}"
    if choice.alike is None:
        return f"others {pool}: {choice.rivals}; whether they differ is not known, as targets have no such numbers"
    by = quantity(choice.private) + (f" and {quantity(ACCURACY)}" if choice.min_accuracy is None else "")
    told = f"cannot be told from it by {by}: {len(choice.alike)} of the {choice.rivals} others {pool}"
    named = [_named(choice, row) for row in choice.alike[:_MOST]]
    more = f", and {len(choice.alike) - _MOST} more" if len(choice.alike) > _MOST else ""
    return told + (f": {', '.join(named)}{more}" if named else "")


def _commands(choice: Choice, study: Path) -> Iterator[str]:
    """What to run next."""
    assert choice.chosen is not None, "something was picked"
    where, trial_id = shlex.quote(str(study)), choice.chosen["trial_id"]
    yield f"privsearch export {where} {trial_id}"
    if choice.alike is not None and len(choice.contest.candidates) > 1:
        column = "" if choice.private == ACCURACY else f" --column {choice.private}"
        yield f"privsearch diff {where} {trial_id}{column}"


def _indented(line: str) -> str:
    return f"  {line}"
