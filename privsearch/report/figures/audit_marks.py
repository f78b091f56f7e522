"""Shared parts of an audit's figures: the markers of the models, rows with names, error bars."""

from collections.abc import Sequence
from textwrap import fill
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from privsearch.analysis.labels import model_name
from privsearch.report.figures.palette import MODEL_COLOURS, MODEL_MARKERS
from privsearch.report.figures.style import BAND
from privsearch.spec.columns import Column

PALE: Final = "#A6A6A6"
TEXT_SIZE: Final = 7


def filled(model: str) -> dict[str, Any]:
    """Return the marker of a model under the fair audit."""
    return {"color": MODEL_COLOURS[model], "marker": MODEL_MARKERS[model], "mec": "black", "mew": 0.6, "ms": 5.5}


def model_key(rows: pd.DataFrame) -> dict[str, Artist]:
    """Return the key of the models that are drawn: the marker of each."""
    return {model_name(model): Line2D([], [], ls="none", **filled(model)) for model in sorted(rows["model"].unique())}


def bars(rows: pd.DataFrame, name: str) -> list[pd.Series]:
    """Return the lengths of error bars below and above a number, as matplotlib takes them; 0 without an interval."""
    low, high = rows[str(Column.parse(name).low)], rows[str(Column.parse(name).high)]
    return [(rows[name] - low).fillna(0.0), (high - rows[name]).fillna(0.0)]


def draw_rows(axes: Axes, names: Sequence[str], notes: Sequence[str], header: str) -> None:
    """Lay out a row for each name, the first at the top and 1 high, with a note at the right of each.

    Args:
        axes: the empty axes, with AUCs along x.
        names: the names at the left; long ones are broken into two lines.
        notes: the notes at the right, one for each name, or none at all.
        header: the text above the notes.
    """
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), [_broken(name) for name in names], fontsize=TEXT_SIZE)
    axes.tick_params(axis="x", labelsize=TEXT_SIZE)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_xlabel("attack AUC (fraction)", fontsize=8)
    axes.hlines(np.arange(1, len(names)) - 0.5, 0, 1, color=BAND, lw=0.4, transform=axes.get_yaxis_transform())
    for place, note in enumerate(notes):
        axes.text(1.02, place, note, transform=axes.get_yaxis_transform(), fontsize=TEXT_SIZE, va="center")
    if notes:
        axes.text(1.02, 1.0, header, transform=axes.transAxes, fontsize=TEXT_SIZE, va="bottom")


def targets_words(rows: pd.DataFrame) -> str:
    """Return the number of targets in each row, or its range: `8`, `3 to 8`."""
    few, most = rows["targets"].min(), rows["targets"].max()
    return f"{few}" if few == most else f"{few} to {most}"


def _broken(name: str) -> str:
    """Break a name into lines of at most 30 characters, at underscores too, as attacks' names have no spaces."""
    if " " in name:
        return fill(name, 30)
    return fill(name.replace("_", " "), 30).replace(" ", "_").replace("\n", "_\n")
