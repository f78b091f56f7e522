"""A figure of the strongest attack against accuracy, or against overfitting."""

from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from privsearch.report.figures.audit_marks import TEXT_SIZE, bars, filled, model_key
from privsearch.report.figures.palette import GREY, MODEL_COLOURS
from privsearch.report.figures.style import COLUMN_WIDTH, draw_guessing, legend_below, new_figure
from privsearch.spec import WORST
from privsearch.spec.columns import Column

_TITLES: Final = {
    "test_accuracy": "test accuracy (fraction)",
    "accuracy_gap": "training less test accuracy (fraction)",
}


def plot_leakage_against(rows: pd.DataFrame, number: str) -> Figure:
    """Draw the AUC of the strongest attack against a number of the network, with both intervals.

    Against the accuracy gap there is a line for what correctness alone gives away: an attack that calls a member
    whatever is classified rightly has an AUC of 0.5 + gap / 2.

    Args:
        rows: of the audit's table, those of `worst`, all of one dataset and one protocol; not empty.
        number: `test_accuracy` or `accuracy_gap`.

    Source: Yeom et al. 2018, for the line.
    """
    figure = new_figure(COLUMN_WIDTH, 3.2)
    axes = figure.add_subplot()
    axes.set_xlabel(_TITLES[number], fontsize=8)
    axes.set_ylabel("AUC of the strongest attack (fraction)", fontsize=8)
    axes.tick_params(labelsize=TEXT_SIZE)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(0.06)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6))
    for model, model_rows in rows.groupby("model"):
        pale: dict[str, Any] = {"fmt": "none", "ecolor": MODEL_COLOURS[str(model)], "elinewidth": 0.8, "alpha": 0.45}
        axes.errorbar(model_rows[number], model_rows["auc"], bars(model_rows, "auc"), bars(model_rows, number), **pale)
        axes.plot(model_rows[number], model_rows["auc"], ls="none", zorder=4, **filled(str(model)) | {"ms": 4.5})
    guessing = draw_guessing(axes, Column(WORST, "auc"), along="y")
    key = model_key(rows) | {
        "95 % interval": Line2D([], [], color=GREY, ls="none", marker="+", ms=8),
    }
    key |= guessing
    if number == "accuracy_gap":
        gaps = np.array(axes.get_xlim())
        axes.set_xlim(*gaps)
        line = axes.plot(gaps, 0.5 + gaps / 2, color=GREY, lw=1, ls="--", zorder=2)
        key["0.5 + gap / 2: correctness alone"] = line[0]
    configurations = f"{len(rows)} configuration{'s' if len(rows) > 1 else ''}"
    dataset, protocol = rows[["dataset", "protocol"]].iloc[0]
    axes.set_title(f"{dataset}, protocol {protocol}, {configurations}", loc="left", fontsize=8)
    legend_below(figure, key, handle_length=1.6)
    return figure
