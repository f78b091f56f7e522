"""The Pareto front of a dataset as a table for the terminal."""

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
from rich import box
from rich.table import Table

from privsearch.front import axis_values, hypervolume, pareto_front, records, reference_point, varying_axes
from privsearch.report.labels import NOTATION, configuration, measured, plain, quantity
from privsearch.report.style import excess_of, placebo_of
from privsearch.spec import Direction

_GUESSING: Final = "~"


def front_table(frame: pd.DataFrame, objectives: Mapping[str, Direction]) -> Table:
    """The front of one dataset, the best in the first objective first, and what it was found among.

    Beside every attack AUC stand its placebo and its excess over it. An AUC that guessing could give is marked.

    Args:
        frame: rows of the results table, all of one dataset.
        objectives: result columns, and which way is better.

    Raises:
        ValueError: there are rows of several datasets.
    """
    front = records(pareto_front(frame, objectives))
    varying = varying_axes(frame)
    table = Table(
        title=f"{frame['dataset'].iloc[0]}: Pareto front, mean ± sd over the replicates",
        caption=_caption(frame, objectives, front),
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
    for header in [header for column in objectives for header in _headers(column)]:
        # On two lines, for the same reason.
        table.add_column(header.replace(" ", "\n", 1), no_wrap=True)
    for row in front:
        table.add_row(configuration(row, varying), *(cell for column in objectives for cell in _cells(row, column)))
    return table


def counts(frame: pd.DataFrame) -> str:
    """How many configurations of a dataset there are, failed ones included, and how often each was trained."""
    failed = int((frame["status"] == "failed").sum())
    few, most = int(frame["replicates"].min()), int(frame["replicates"].max())
    parts = [
        f"{len(frame)} configuration{'s' if len(frame) > 1 else ''}",
        f"{failed} of them failed" if failed else "",
        f"{few} to {most} replicates each" if few < most else f"{most} replicate{'s' if most > 1 else ''} each",
    ]
    return ", ".join(filter(None, parts))


def _floor(column: str) -> str:
    return f"{column.removesuffix('auc')}noise_floor"


def _headers(column: str) -> list[str]:
    if not column.endswith(".auc"):
        return [quantity(column)]
    return [quantity(column), "placebo AUC", "excess AUC"]


def _cells(row: Mapping[str, Any], column: str) -> list[str]:
    if not column.endswith(".auc"):
        return [measured(row, column)]
    guessing = abs(row[column] - 0.5) <= row[_floor(column)]
    mark = _GUESSING if guessing else " "
    return [f"{mark}{measured(row, column)}", f"{row[placebo_of(column)]:.3f}", measured(row, excess_of(column))]


def _caption(frame: pd.DataFrame, objectives: Mapping[str, Direction], front: list[dict[str, Any]]) -> str:
    worst = ", ".join(f"{c} {v:g}" for c, v in zip(objectives, reference_point(objectives), strict=True))
    lines = [
        f"{len(front)} on the front of {counts(frame)}.",
        f"Hypervolume {hypervolume(frame, objectives):.4f} against the reference point ({worst}).",
    ]
    for column in (column for column in objectives if column.endswith(".auc")):
        floors = sorted({f"{row[_floor(column)]:.3f}" for row in front})
        lines.append(
            f"{_GUESSING} within the noise floor, 0.5 ± {' or '.join(floors)}: so is guessing on 95 % of targets."
        )
        lines.append("Excess AUC: over the placebo, at its sample size; 0 on average without a leak.")
    lines.append(NOTATION)
    if shared := _shared(frame):
        lines.append(f"Constant axes: {shared}.")
    return "\n".join(lines)


def _shared(frame: pd.DataFrame) -> str:
    """The axes with one value wherever they have an effect, such as `epochs 20, batch_size 32`."""
    shared = {axis: values[0] for axis, values in axis_values(frame).items() if len(values) == 1}
    return ", ".join(f"{axis} {plain(value)}" for axis, value in shared.items() if value is not None)
