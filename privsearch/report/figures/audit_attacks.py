"""A figure of all attacks on a dataset side by side, to find the strongest."""

from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from privsearch.analysis.audit import highest_mean_aucs
from privsearch.report.figures.audit_marks import draw_rows, filled, model_key, targets_words
from privsearch.report.figures.palette import GREY, MODEL_COLOURS, MODEL_MARKERS
from privsearch.report.figures.style import PAGE_WIDTH, draw_guessing, legend_below, new_figure
from privsearch.spec import WORST
from privsearch.spec.columns import Column

_ROW_HEIGHT: Final = 0.34
_APART: Final = 0.2
"""The distance of each kind of model from the middle of its row, in rows."""


def plot_attacks(rows: pd.DataFrame) -> Figure:
    """Draw a row for each attack, the best at the top: its AUC on every configuration, and the mean of each model kind.

    The bar of a mean is the mean of its configurations' intervals: as wide as if they all erred alike, since they
    are measured on the same examples. Numbers at the right tell on how many configurations an attack has the highest
    mean AUC of all.

    Args:
        rows: of the audit's table, all of one dataset and one protocol; not empty.
    """
    attacks = rows[rows["attack"] != WORST]
    order = attacks.groupby("attack")["auc"].mean().sort_values(ascending=False).index.tolist()
    models = sorted(attacks["model"].unique())
    figure = new_figure(PAGE_WIDTH, 1.25 + _ROW_HEIGHT * len(order))
    axes = figure.add_subplot()
    wins, total = highest_mean_aucs(attacks)["attack"].value_counts(), attacks["trial_id"].nunique()
    notes = [f"{wins.get(attack, 0)} of {total}" for attack in order]
    draw_rows(axes, order, notes, "configurations where its\nmean AUC is the highest")
    for (attack, model), part in attacks.groupby(["attack", "model"]):
        shift = _APART * (2 * models.index(model) - 1) if len(models) > 1 else 0
        y, mean = order.index(attack) + shift, part[["auc", "auc_low", "auc_high"]].mean()
        pale: dict[str, Any] = {"marker": MODEL_MARKERS[str(model)], "ls": "none", "mew": 0, "ms": 3.5, "alpha": 0.35}
        axes.plot(part["auc"], np.full(len(part), y), color=MODEL_COLOURS[str(model)], **pale)
        axes.plot([mean["auc_low"], mean["auc_high"]], [y, y], color=MODEL_COLOURS[str(model)], lw=1.4)
        axes.plot(mean["auc"], y, zorder=4, **filled(str(model)))
    guessing = draw_guessing(axes, Column(WORST, "auc"), along="x")
    samples = f"{targets_words(attacks)} targets a configuration"
    dataset, protocol = rows[["dataset", "protocol"]].iloc[0]
    axes.set_title(f"{dataset}, protocol {protocol}\n{samples}", loc="left", fontsize=8)
    key = model_key(attacks) | {
        "mean of the configurations, and of their 95 % intervals": Line2D([], [], color=GREY, marker="s", ms=4, lw=1.4),
        "one configuration": Line2D([], [], color=GREY, ls="none", marker="s", ms=3, mew=0, alpha=0.35),
    }
    key |= guessing
    legend_below(figure, key, handle_length=2.0)
    return figure
