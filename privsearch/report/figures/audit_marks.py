"""What the figures of an audit have in common: the marks of the kinds of model, rows with names, bars."""

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
    """The marker of a model under the fair audit."""
    return {"color": MODEL_COLOURS[model], "marker": MODEL_MARKERS[model], "mec": "black", "mew": 0.6, "ms": 5.5}


def model_key(rows: pd.DataFrame) -> dict[str, Artist]:
    """The models that are drawn, and the marker of each, for the key."""
    return {model_name(model): Line2D([], [], ls="none", **filled(model)) for model in sorted(rows["model"].unique())}


def bars(rows: pd.DataFrame, name: str) -> list[pd.Series]:
    """How far the interval of a number reaches below and above it, as matplotlib takes it; nothing without one."""
    low, high = rows[str(Column.parse(name).low)], rows[str(Column.parse(name).high)]
    return [(rows[name] - low).fillna(0.0), (high - rows[name]).fillna(0.0)]


def draw_rows(axes: Axes, names: Sequence[str], notes: Sequence[str], header: str) -> None:
    """Lay out a row for each name, the first at the top and 1 high, with a note at the right of each.

    Args:
        axes: empty; AUCs will be drawn along x.
        names: at the left; broken into two lines where they are long.
        notes: at the right, one for each name, or none at all.
        header: above the notes.
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
    """On how many targets each number rests: `8`, `3 to 8`."""
    few, most = rows["targets"].min(), rows["targets"].max()
    return f"{few}" if few == most else f"{few} to {most}"


def _broken(name: str) -> str:
    """In lines of 30 characters at most; the names of attacks have no space to be broken at but underscores."""
    if " " in name:
        return fill(name, 30)
    return fill(name.replace("_", " "), 30).replace(" ", "_").replace("\n", "_\n")
