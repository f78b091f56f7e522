"""The Pareto front of a contest as a table for the terminal."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from rich.table import Column, Table

from privsearch.environment import mixture
from privsearch.frame import SEPARATOR, axis_values, records, varying_axes
from privsearch.front import Contest
from privsearch.pareto import reference_point
from privsearch.report.formats import console_table
from privsearch.report.labels import (
    NOTATION,
    POSSIBLE,
    TPRS,
    configuration,
    guessing_mark,
    guessing_words,
    interval,
    measured,
    plain,
    quantity,
    reason_missing,
)
from privsearch.report.style import excess_of, numbers, placebo_of

_MOST_CONTENDERS: Final = 10


def front_table(contest: Contest) -> Table:
    """The front, the best in the first objective first, then what may be on it as well, and what it was found among.

    Beside a configuration stands the probability that it is on the front, where that is known, and beside an attack
    AUC its placebo and its excess over it, where the protocol has one. An AUC that guessing could give is marked.
    """
    candidates = contest.candidates
    front = records(candidates[candidates["on_front"]])
    possible = candidates[~candidates["on_front"] & (candidates["front_probability"] >= POSSIBLE)]
    likeliest = possible["front_probability"].nlargest(_MOST_CONTENDERS).index
    contenders = records(possible[possible.index.isin(likeliest)])
    sure = contest.uncertainty.hypervolume is not None
    headers = [header for column in contest.objectives for header in _headers(column, candidates)]
    table = console_table(
        "configuration",
        # On two lines, as one would not fit into 80 characters.
        *(Column(header.replace(" ", "\n", 1), no_wrap=True) for header in ["prob"] * sure + headers),
        title=f"{contest.title}: Pareto front",
        caption=_caption(contest, front, contenders, len(possible)),
        gap=1,
    )
    varying = varying_axes(contest.rows)
    for style, rows in ((None, front), ("dim", contenders)):
        for row in rows:
            probability = [f"{row['front_probability']:.2f}"] if sure else []
            cells = (cell for column in contest.objectives for cell in _cells(row, column))
            table.add_row(configuration(row, varying), *probability, *cells, style=style)
        table.add_section()
    return table


def counts(frame: pd.DataFrame) -> str:
    """How many configurations of a contest there are, failed ones included, and how many targets each has."""
    failed = int((frame["status"] == "failed").sum())
    targets = int(frame["replicates"].iloc[0])
    parts = [
        f"{len(frame)} configuration{'s' if len(frame) > 1 else ''}",
        f"{failed} of them failed" if failed else "",
        f"{targets} target{'s' if targets > 1 else ''} each",
    ]
    return ", ".join(filter(None, parts))


def _floor(column: str) -> str:
    return f"{column.removesuffix('auc')}noise_floor"


def _headers(column: str, candidates: pd.DataFrame) -> list[str]:
    has_placebo = column.endswith(".auc") and placebo_of(column) in candidates
    return [quantity(column), *(("placebo AUC", "excess AUC") if has_placebo else ())]


def _cells(row: Mapping[str, Any], column: str) -> list[str]:
    if not column.endswith(".auc"):
        return [measured(row, column)]
    mark = guessing_mark(row[column], row[_floor(column)]) or " "
    bounds = interval(row, column)
    auc = f"{mark}{row[column]:.3f} {bounds}" if bounds else f"{mark}{measured(row, column)}"
    if placebo_of(column) not in row:
        return [auc]
    return [auc, f"{row[placebo_of(column)]:.3f}", f"{row[excess_of(column)]:+.3f}"]


def _caption(contest: Contest, front: list[dict[str, Any]], contenders: list[dict[str, Any]], num_possible: int) -> str:
    spreads = " ±: sd over the targets. In brackets: 95 %." if front else ""
    lines = [f"{len(front)} on the front of {counts(contest.rows)}.{spreads}", *missing_words(contest)]
    lines += _constraints(contest)
    if contest.uncertainty.hypervolume:
        lines.append("prob: of being on the front, by a bootstrap over the targets; rough where these are few.")
    if num_possible:
        which = "those" if len(contenders) == num_possible else f"the {len(contenders)} likeliest of {num_possible}"
        lines.append(f"Below the front: {which} off it with a prob of at least {POSSIBLE:g}.")
    lines.append(hypervolume_words(contest))
    for column in (column for column in contest.objectives if front and column.endswith(".auc")):
        lines.append(guessing_words(row[_floor(column)] for row in front + contenders))
        if placebo_of(column) in contest.rows:
            lines.append("Excess AUC: over the placebo, at its sample size; 0 on average without a leak.")
    lines.append(NOTATION)
    origins = contest.rows["environment"].dropna()
    if mixed := mixture(environment for origin in origins for environment in origin.split(SEPARATOR)):
        lines.append(f"Computed in different environments: {mixed}.")
    if shared := shared_axes(contest.rows):
        lines.append(f"Constant axes: {shared}.")
    return "\n".join(lines)


def _constraints(contest: Contest) -> list[str]:
    """What had to hold, how many configurations satisfy it, and, where none does, which is the nearest."""
    if not contest.constraints:
        return []
    nearest = nearest_words(contest)
    asked = [f"A{words.removeprefix('a')}." for words in asked_words(contest)]
    return [*asked, *([f"The nearest to it: {nearest}."] if nearest else [])]


def asked_words(contest: Contest) -> list[str]:
    """What had to hold, and how many configurations satisfy it; nothing where nothing had to."""
    rows = contest.candidates
    fit = int(rows["feasible"].sum())
    count = f"{fit} of {len(rows)} configurations with every objective {'satisfies' if fit == 1 else 'satisfy'} it"
    return [f"asked for: {constraints_words(contest)}; {count}"] if contest.constraints else []


def constraints_words(contest: Contest) -> str:
    """The constraints in words, such as `test accuracy >= 0.9`."""
    return ", ".join(f"{quantity(column)} {constraint}" for column, constraint in contest.constraints.items())


def nearest_words(contest: Contest) -> str:
    """Where nothing satisfies all constraints, the configuration that is nearest to it; else nothing."""
    words = []
    for row in records(contest.nearest):
        known = [c for c in contest.constraints if row.get(c) is not None]
        numbers = ", ".join(f"{quantity(column)} {measured(row, column)}" for column in known)
        words.append(f"{configuration(row, varying_axes(contest.rows))}{', with ' if known else ''}{numbers}")
    return "".join(words)


def missing_words(contest: Contest) -> Iterator[str]:
    """How many trials are dead or have no number for an objective, and why, where the numbers tell."""
    completed = contest.rows[contest.rows["status"] == "completed"]
    is_dead = completed["dead_networks"].fillna(0) > 0
    if is_dead.any():
        yield (
            f"{is_dead.sum()} of {len(completed)} completed configurations have a dead network, which gives all "
            "examples the same outputs, and so cannot be on the front."
        )
    for column in contest.objectives:
        lacking = completed[np.isnan(numbers(completed, column)) & ~is_dead]
        if len(lacking):
            attack, _, number = column.rpartition(".")
            sizes = numbers(lacking, f"{attack}.num_non_members")
            known = number in TPRS and not np.isnan(sizes).any()
            reason = f": it {reason_missing(number, int(sizes.min()))}" if known else ""
            yield (
                f"{len(lacking)} of {len(completed)} completed configurations have no {quantity(column)}, and so "
                f"cannot be on the front{reason}."
            )


def hypervolume_words(contest: Contest) -> str:
    """The hypervolume, against what, and its interval where that is known."""
    objectives, known = contest.objectives, contest.uncertainty.hypervolume
    point = zip(objectives, reference_point(contest.rows, objectives), strict=True)
    worst = ", ".join(f"{column} {value:g}" for column, value in point)
    said = f"Hypervolume {contest.hypervolume:.4f} against the reference point ({worst})"
    if not known or not known.value:
        return f"{said}."
    return f"{said}; 95 %, less the luck of the best: {known.low:.4f} to {known.high:.4f}."


def shared_axes(frame: pd.DataFrame) -> str:
    """The axes with one value wherever they have an effect, such as `epochs 20, batch_size 32`."""
    shared = {axis: values[0] for axis, values in axis_values(frame).items() if len(values) == 1}
    return ", ".join(f"{axis} {plain(value)}" for axis, value in shared.items() if value is not None)
