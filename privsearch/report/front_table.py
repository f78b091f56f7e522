"""The Pareto front of a contest as a table for the terminal."""

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
from rich import box
from rich.table import Table

from privsearch.front import Contest, axis_values, hypervolume, records, reference_point, varying_axes
from privsearch.report.labels import NOTATION, POSSIBLE, configuration, interval, measured, plain, quantity
from privsearch.report.style import excess_of, placebo_of

_GUESSING: Final = "~"
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
    table = Table(
        title=f"{contest.title}: Pareto front",
        caption=_caption(contest, front, len(contenders), len(possible)),
        box=box.SIMPLE_HEAD,
        padding=0,  # the box puts one space between columns; two would not fit into 80 characters
        pad_edge=False,
        show_edge=False,
        title_justify="left",
        caption_justify="left",
        title_style="bold",
        caption_style="",
    )
    table.add_column("configuration")
    headers = [header for column in contest.objectives for header in _headers(column, candidates)]
    for header in ["prob"] * sure + headers:
        # On two lines, for the same reason.
        table.add_column(header.replace(" ", "\n", 1), no_wrap=True)
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
    mark = _GUESSING if abs(row[column] - 0.5) <= row[_floor(column)] else " "
    bounds = interval(row, column)
    auc = f"{mark}{row[column]:.3f} {bounds}" if bounds else f"{mark}{measured(row, column)}"
    if placebo_of(column) not in row:
        return [auc]
    return [auc, f"{row[placebo_of(column)]:.3f}", f"{row[excess_of(column)]:+.3f}"]


def _caption(contest: Contest, front: list[dict[str, Any]], num_contenders: int, num_possible: int) -> str:
    lines = [f"{len(front)} on the front of {counts(contest.rows)}. ±: sd over the targets. In brackets: 95 %."]
    if contest.uncertainty.hypervolume:
        lines.append("prob: of being on the front, by a bootstrap over the targets; rough where these are few.")
    if num_possible:
        which = "those" if num_contenders == num_possible else f"the {num_contenders} likeliest of {num_possible}"
        lines.append(f"Below the front: {which} off it with a prob of at least {POSSIBLE:g}.")
    lines.append(_hypervolume(contest))
    for column in (column for column in contest.objectives if column.endswith(".auc")):
        floors = sorted({f"{row[_floor(column)]:.3f}" for row in front})
        lines.append(
            f"{_GUESSING} within the noise floor, 0.5 ± {' or '.join(floors)}: so is guessing on 95 % of targets."
        )
        if placebo_of(column) in contest.rows:
            lines.append("Excess AUC: over the placebo, at its sample size; 0 on average without a leak.")
    lines.append(NOTATION)
    if shared := _shared(contest.rows):
        lines.append(f"Constant axes: {shared}.")
    return "\n".join(lines)


def _hypervolume(contest: Contest) -> str:
    objectives, known = contest.objectives, contest.uncertainty.hypervolume
    worst = ", ".join(f"{c} {v:g}" for c, v in zip(objectives, reference_point(objectives), strict=True))
    said = f"Hypervolume {hypervolume(contest.rows, objectives):.4f} against the reference point ({worst})"
    return f"{said}; 95 %, less the luck of the best: {known.low:.4f} to {known.high:.4f}." if known else f"{said}."


def _shared(frame: pd.DataFrame) -> str:
    """The axes with one value wherever they have an effect, such as `epochs 20, batch_size 32`."""
    shared = {axis: values[0] for axis, values in axis_values(frame).items() if len(values) == 1}
    return ", ".join(f"{axis} {plain(value)}" for axis, value in shared.items() if value is not None)
