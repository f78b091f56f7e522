"""A figure of the leakage of each configuration of a dataset, with the protocols side by side."""

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from privsearch.analysis.audit import paper_attack
from privsearch.analysis.frames import records
from privsearch.report.figures.audit_marks import PALE, bars, draw_rows, filled, model_key, targets_words
from privsearch.report.figures.palette import GREY, MODEL_COLOURS, MODEL_MARKERS
from privsearch.report.figures.style import BAND, PAGE_WIDTH, draw_noise_floor, legend_below, new_figure
from privsearch.report.wording.audit import with_interval
from privsearch.spec import WORST

_ROW_HEIGHT: Final = 0.24
_APART: Final = 0.16
"""The distance of each protocol from the middle of its row, in rows."""
_LONGEST_NAME: Final = 24


def plot_leakage(rows: pd.DataFrame) -> Figure:
    """Draw a row for each configuration: the strongest attack under `halves`, the paper's attack, and its excess.

    The AUC of the strongest attack has its interval, and is printed at the right. A study of one protocol has marks of
    that protocol alone. The excess of the paper's attack is over the placebo at the same sample size; it is not the
    distance from the placebo's AUC, which comes from a smaller sample. The band is the wider noise floor of the two
    protocols.

    Args:
        rows: the rows of the audit's table for one dataset; not empty.
    """
    fair = rows[(rows["protocol"] == "halves") & (rows["attack"] == WORST)]
    paper = rows[rows["protocol"] == "paper"]
    paper = paper[paper["attack"] == paper_attack(paper)] if len(paper) else paper
    order = rows.sort_values("model", kind="stable")["configuration"].unique().tolist()
    place = {words: number for number, words in enumerate(order)}
    figure = new_figure(PAGE_WIDTH, 1.35 + _ROW_HEIGHT * len(order))
    axes = figure.add_subplot()
    draw_rows(axes, order, _notes(fair, order), "strongest attack [95 %]")
    models = rows.drop_duplicates("configuration")["model"].value_counts()
    if len(models) > 1:
        axes.axhline(models["ann"] - 0.5, color=GREY, lw=0.6)
    key = model_key(rows)
    apart = _APART if len(fair) and len(paper) else 0.0
    key |= _draw_fair(axes, fair, place, -apart) | _draw_paper(axes, paper, place, apart)
    draw_noise_floor(axes, rows["noise_floor"].max(), along="x")
    key["noise floor of one target"] = Patch(color=BAND)
    axes.set_title(f"{rows['dataset'].iloc[0]}\n{_samples(fair, paper)}", loc="left", fontsize=8)
    legend_below(figure, key, handle_length=2.0)
    return figure


def _draw_fair(axes: Axes, rows: pd.DataFrame, place: dict[str, int], shift: float) -> dict[str, Any]:
    if rows.empty:
        return {}
    for model, own in rows.groupby("model"):
        y = own["configuration"].map(place) + shift
        axes.errorbar(
            own["auc"], y, xerr=bars(own, "auc"), fmt="none", ecolor=MODEL_COLOURS[str(model)], elinewidth=1.4
        )
        axes.plot(own["auc"], y, ls="none", zorder=4, **filled(str(model)))
    bar = Line2D([], [], color=GREY, marker="s", ms=4, lw=1.4)
    return {"halves, strongest attack: mean and 95 % interval": bar}


def _draw_paper(axes: Axes, rows: pd.DataFrame, place: dict[str, int], shift: float) -> dict[str, Any]:
    if rows.empty:
        return {}
    for model, own in rows.groupby("model"):
        y = own["configuration"].map(place) + shift
        marker: dict[str, Any] = {"ls": "none", "marker": MODEL_MARKERS[str(model)], "mfc": "white", "ms": 4.5}
        owed = 0.5 + own["excess_auc"]
        axes.hlines(y, owed, own["auc"], color=PALE, lw=0.8, zorder=2)
        axes.plot(owed, y, mec=PALE, mew=0.9, zorder=3, **marker)
        axes.plot(own["auc"], y, mec=MODEL_COLOURS[str(model)], mew=1.2, zorder=3.5, **marker)
    hollow: dict[str, Any] = {"ls": "none", "marker": "s", "mfc": "white", "ms": 4}
    return {
        f"paper, {rows['attack'].iloc[0]}": Line2D([], [], mec="black", mew=1.2, **hollow),
        "paper, 0.5 + excess: what is left without the placebo": Line2D([], [], mec=PALE, mew=0.9, **hollow),
    }


def _notes(fair: pd.DataFrame, order: Sequence[str]) -> list[str]:
    """Return the AUC and name of each row's strongest attack; an empty list without trials under `halves`."""
    notes = {
        row["configuration"]: f"{with_interval(row, 'auc')}  {_shortened(row['strongest'])}" for row in records(fair)
    }
    return [notes.get(words, "") for words in order] if notes else []


def _shortened(attack: str) -> str:
    """Shorten an attack's name to fit on the page."""
    return attack if len(attack) <= _LONGEST_NAME else f"{attack[: _LONGEST_NAME - 1]}…"


def _samples(fair: pd.DataFrame, paper: pd.DataFrame) -> str:
    """Return the number of targets under each protocol: `targets a configuration: 8 (halves), 3 (paper)`."""
    parts = [f"{targets_words(rows)} ({name})" for name, rows in (("halves", fair), ("paper", paper)) if len(rows)]
    return f"targets a configuration: {', '.join(parts)}"
