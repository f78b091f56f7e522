"""The plot of each row's results over time against its target."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

from benchmarks.result import Result
from privsearch.report.figures.palette import GREY
from privsearch.report.figures.style import PAGE_WIDTH, legend_below, new_figure, save_figure

COLUMNS: Final = 3
PANEL_HEIGHT: Final = 1.5
"""The height in inches."""
MARGIN: Final = timedelta(hours=12)
"""The time shown before the first and after the last run."""
COLOURS: Final = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
"""The colours of Okabe and Ito 2008, one for each machine."""


def plot_results(results: Sequence[Result], path: Path) -> list[Path]:
    """Draw a panel for each row: medians over time, bars from the smallest to the largest value, the target dashed.

    Filled markers are full runs, hollow ones quick runs; each machine has its colour.

    Args:
        results: all results, oldest first.
        path: the path of the files, without their endings.

    Returns:
        The paths of the PNG and the SVG; none if there is nothing to draw.
    """
    drawn = [result for result in results if result.values]
    if not drawn:
        return []
    names = list(dict.fromkeys(result.row for result in drawn))
    colours = dict(zip(dict.fromkeys(map(_machine, drawn)), COLOURS, strict=False))
    lines = math.ceil(len(names) / COLUMNS)
    figure = new_figure(PAGE_WIDTH, PANEL_HEIGHT * lines + 0.4)
    panels = figure.subplots(lines, COLUMNS, squeeze=False, sharex=True).flat
    key: dict[str, Any] = {}
    for axes, name in zip(panels, names, strict=False):
        history = [result for result in drawn if result.row == name]
        for result in history:
            colour = colours.get(_machine(result), GREY)
            key.setdefault(_machine(result), _draw(axes, result, colour))
        key.setdefault("target", axes.axhline(history[-1].target, color=GREY, lw=0.8, ls="--"))
        _label(axes, history[-1])
    for axes in list(figure.axes)[len(names) :]:
        axes.remove()
    times = [_time(result) for result in drawn]
    figure.axes[0].set_xlim(min(times) - MARGIN, max(times) + MARGIN)
    legend_below(figure, key, handle_length=1.5)
    return save_figure(figure, path)


def _machine(result: Result) -> str:
    machine = result.environment["machine"]
    return f"{machine['processor']}, {machine['cores']} cores"


def _time(result: Result) -> datetime:
    return datetime.fromisoformat(result.environment["written_at"])


def _draw(axes: Axes, result: Result, colour: str) -> Any:
    spread = [[result.median - min(result.values)], [max(result.values) - result.median]]
    return axes.errorbar(
        _time(result),  # type: ignore[arg-type]  # matplotlib takes dates
        result.median,
        spread,
        color=colour,
        fmt="o",
        ms=3.5,
        lw=0.8,
        mfc="white" if result.quick else colour,
    )


def _label(axes: Axes, result: Result) -> None:
    axes.set_title(result.row, fontsize=7)
    axes.set_ylabel({"x": "times faster", "s": "seconds", "share": "share"}[result.unit], fontsize=7)
    axes.set_ylim(0, 1.1 * axes.get_ylim()[1])
    axes.tick_params(labelsize=7, labelbottom=True)
    locator = AutoDateLocator(minticks=2, maxticks=5)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    axes.xaxis.get_offset_text().set_fontsize(7)
    axes.spines[["top", "right"]].set_visible(False)
