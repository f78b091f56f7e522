"""A figure of what DP-SGD promises against what it costs and what the audit measures."""

from typing import Final

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from privsearch.analysis.promises import FAMILY, PROMISE
from privsearch.report.figures.audit_marks import TEXT_SIZE, bars, filled
from privsearch.report.figures.palette import GREY
from privsearch.report.figures.style import COLUMN_WIDTH, draw_guessing, legend_below, new_figure
from privsearch.spec import WORST
from privsearch.spec.columns import EPSILON, Column

_PANELS: Final = {
    "test_accuracy": "test accuracy\n(fraction)",
    "auc": "AUC of the\nstrongest attack\n(fraction)",
    EPSILON: "epsilon\nmeasured (nats)",
}
_STYLES: Final = ("-", "--", ":", "-.")
_BEYOND: Final = 3.0
"""How many times the largest promise the place of what promises nothing is."""


def plot_promises(rows: pd.DataFrame) -> Figure:
    """Draw accuracy, AUC and the bound on epsilon against the epsilon that is promised, a line for each family.

    A family is what configurations have in common that differ in `dp` alone. What promises nothing stands at the right.

    Args:
        rows: of the audit's table, those of `worst`, all of one dataset and one protocol, some with a promise.
    """
    figure = new_figure(COLUMN_WIDTH, 5.2)
    panels = figure.subplots(len(_PANELS), 1, sharex=True)
    promises = rows[PROMISE].dropna()
    nothing = float(promises.max()) * _BEYOND
    placed = rows.assign(place=rows[PROMISE].fillna(nothing)).sort_values("place")
    key: dict[str, Artist] = {}
    styles: dict[str, int] = {}
    for (model, family), of in placed.groupby(["model", FAMILY], sort=True):
        style = _STYLES[styles.setdefault(str(model), 0) % len(_STYLES)]
        styles[str(model)] += 1
        marks = filled(str(model)) | {"ms": 4.0, "ls": style, "lw": 1.0}
        key[str(family)] = Line2D([], [], **marks)
        for axes, number in zip(panels, _PANELS, strict=True):
            lengths = bars(of, number) if str(Column.parse(number).low) in of and number != EPSILON else None
            axes.errorbar(of["place"], of[number], lengths, elinewidth=0.6, capsize=0, **marks)
    for axes, title in zip(panels, _PANELS.values(), strict=True):
        _dress(axes, title)
    key |= draw_guessing(panels[1], Column(WORST, "auc"), along="y")
    ends = np.array([float(promises.min()), float(promises.max())])
    key["measured as promised"] = panels[2].plot(ends, ends, color=GREY, lw=1, ls=(0, (1, 1)), zorder=1)[0]
    measured = float(rows[EPSILON].max())
    panels[2].set_ylim(-0.02 * max(measured, ends[0]), 1.2 * max(measured, float(ends[0])))
    axes = panels[-1]
    axes.set_xscale("log")
    shown = sorted({float(f"{promise:.2g}") for promise in promises})
    labels = [f"{promise:g}" for promise in shown]
    if rows[PROMISE].isna().any():
        shown, labels = [*shown, nothing], [*labels, "none"]
    axes.set_xticks(shown, labels, fontsize=TEXT_SIZE)
    axes.set_xticks([], minor=True)
    axes.set_xlabel("epsilon promised (nats)", fontsize=8)
    dataset, protocol = rows[["dataset", "protocol"]].iloc[0]
    panels[0].set_title(f"{dataset}, protocol {protocol}", loc="left", fontsize=8)
    legend_below(figure, key, handle_length=2.4)
    return figure


def _dress(axes: Axes, title: str) -> None:
    axes.set_ylabel(title, fontsize=TEXT_SIZE)
    axes.tick_params(labelsize=TEXT_SIZE)
    axes.spines[["top", "right"]].set_visible(False)
