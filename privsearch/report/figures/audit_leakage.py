"""A figure of the leakage of each configuration of a dataset, with the protocols side by side."""

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from privsearch.analysis.audit import paper_attack
from privsearch.analysis.frames import records
from privsearch.report.figures.audit_marks import PALE, bars, draw_rows, filled, model_key, targets_words
from privsearch.report.figures.palette import GREY, MODEL_COLOURS, MODEL_MARKERS
from privsearch.report.figures.style import PAGE_WIDTH, draw_guessing, legend_below, new_figure
from privsearch.report.wording.audit import with_interval
from privsearch.spec import WORST
from privsearch.spec.columns import Column
from privsearch.spec.protocols import PROTOCOLS

_ROW_HEIGHT: Final = 0.24
_APART: Final = 0.16
"""The distance of each protocol from the middle of its row, in rows."""
_LONGEST_NAME: Final = 24


def plot_leakage(rows: pd.DataFrame) -> Figure:
    """Draw a row for each configuration, with the attack that stands for each protocol.

    Of a protocol without a placebo that is the strongest attack. Its AUC has its interval, and stands in numbers at the
    right, those of the first such protocol. Of a protocol with a placebo it is the paper's attack, with what it owes to
    members: its excess over the placebo, not its distance from the placebo's AUC, which is that of a smaller sample.
    The line is what guessing gets.

    Args:
        rows: of the audit's table, all of one dataset; not empty.
    """
    fair, with_placebo = _leading_rows(rows)
    order = rows.sort_values("model", kind="stable")["configuration"].unique().tolist()
    place = {words: number for number, words in enumerate(order)}
    figure = new_figure(PAGE_WIDTH, 1.35 + _ROW_HEIGHT * len(order))
    axes = figure.add_subplot()
    draw_rows(axes, order, _notes(fair, order), "strongest attack [95 %]")
    models = rows.drop_duplicates("configuration")["model"].value_counts()
    if len(models) > 1:
        axes.axhline(models["ann"] - 0.5, color=GREY, lw=0.6)
    key = model_key(rows)
    protocols = [*fair, *with_placebo]
    for number, part in enumerate(protocols):
        shift = _APART * (2 * number / (len(protocols) - 1) - 1) if len(protocols) > 1 else 0.0
        key |= _draw_fair(axes, part, place, shift) if number < len(fair) else _draw_paper(axes, part, place, shift)
    key |= draw_guessing(axes, Column(WORST, "auc"), along="x")
    axes.set_title(f"{rows['dataset'].iloc[0]}\n{_samples(protocols)}", loc="left", fontsize=8)
    legend_below(figure, key, handle_length=2.0)
    return figure


def _leading_rows(rows: pd.DataFrame) -> tuple[list[pd.DataFrame], list[pd.DataFrame]]:
    """Split the rows of the leading attacks by protocol: those without a placebo, and those with one."""
    fair, with_placebo = [], []
    for kind, protocol in PROTOCOLS.items():
        protocol_rows = rows[rows["protocol"] == kind]
        if protocol_rows.empty:
            continue
        if protocol.has_placebo:
            with_placebo.append(protocol_rows[protocol_rows["attack"] == paper_attack(protocol_rows)])
        elif (protocol_rows["attack"] == WORST).any():
            fair.append(protocol_rows[protocol_rows["attack"] == WORST])
    return fair, with_placebo


def _draw_fair(axes: Axes, rows: pd.DataFrame, place: dict[str, int], shift: float) -> dict[str, Any]:
    for model, part in rows.groupby("model"):
        y = part["configuration"].map(place) + shift
        axes.errorbar(
            part["auc"], y, xerr=bars(part, "auc"), fmt="none", ecolor=MODEL_COLOURS[str(model)], elinewidth=1.4
        )
        axes.plot(part["auc"], y, ls="none", zorder=4, **filled(str(model)))
    bar = Line2D([], [], color=GREY, marker="s", ms=4, lw=1.4)
    return {f"{rows['protocol'].iloc[0]}, strongest attack: mean and 95 % interval": bar}


def _draw_paper(axes: Axes, rows: pd.DataFrame, place: dict[str, int], shift: float) -> dict[str, Any]:
    for model, part in rows.groupby("model"):
        y = part["configuration"].map(place) + shift
        marker: dict[str, Any] = {"ls": "none", "marker": MODEL_MARKERS[str(model)], "mfc": "white", "ms": 4.5}
        owed = 0.5 + part["excess_auc"]
        axes.hlines(y, owed, part["auc"], color=PALE, lw=0.8, zorder=2)
        axes.plot(owed, y, mec=PALE, mew=0.9, zorder=3, **marker)
        axes.plot(part["auc"], y, mec=MODEL_COLOURS[str(model)], mew=1.2, zorder=3.5, **marker)
    hollow: dict[str, Any] = {"ls": "none", "marker": "s", "mfc": "white", "ms": 4}
    protocol, attack = rows[["protocol", "attack"]].iloc[0]
    return {
        f"{protocol}, {attack}": Line2D([], [], mec="black", mew=1.2, **hollow),
        f"{protocol}, 0.5 + excess: what is left without the placebo": Line2D([], [], mec=PALE, mew=0.9, **hollow),
    }


def _notes(fair: Sequence[pd.DataFrame], order: Sequence[str]) -> list[str]:
    """List the AUC of the strongest attack in numbers, with its name, for each configuration; nothing without one."""
    notes = {
        row["configuration"]: f"{with_interval(row, 'auc')}  {_shortened(row['strongest'])}"
        for rows in fair[:1]
        for row in records(rows)
    }
    return [notes.get(words, "") for words in order] if notes else []


def _shortened(attack: str) -> str:
    """Shorten an attack's name to fit on the page."""
    return attack if len(attack) <= _LONGEST_NAME else f"{attack[: _LONGEST_NAME - 1]}…"


def _samples(protocols: Sequence[pd.DataFrame]) -> str:
    """Count the targets of each protocol in words: `targets a configuration: 8 (halves), 3 (paper)`."""
    parts = [f"{targets_words(rows)} ({rows['protocol'].iloc[0]})" for rows in protocols]
    return f"targets a configuration: {', '.join(parts)}"
