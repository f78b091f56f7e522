"""All figures of an audit, as PNG and SVG."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import pandas as pd
from matplotlib.figure import Figure

from privsearch.analysis.promises import has_promise
from privsearch.report.figures.audit_attacks import plot_attacks
from privsearch.report.figures.audit_leakage import plot_leakage
from privsearch.report.figures.audit_promises import plot_promises
from privsearch.report.figures.audit_tradeoff import plot_leakage_against
from privsearch.report.figures.style import WrittenPlots, save_figure
from privsearch.report.wording.audit import NO_WORST
from privsearch.spec import WORST
from privsearch.spec.protocols import PROTOCOLS

_CONFIGURATIONS_ON_A_PAGE: Final = 36
_FAIR: Final = [kind for kind, protocol in PROTOCOLS.items() if not protocol.has_placebo]


def write_audit_plots(folder: Path, table: pd.DataFrame) -> WrittenPlots:
    """Write the figures of each dataset: `leakage_`, `attacks_`, `accuracy_vs_leakage_` and `gap_vs_leakage_<dataset>`.

    Where DP-SGD promises something there is `promises_<dataset>`, too.

    Beyond 36 configurations the first of them is numbered pages, such as `leakage_iris_2`. The others need trials under
    a protocol without a placebo, such as `halves`; with trials under several of these, each has its own figures, such
    as `attacks_iris_halves`.

    Args:
        folder: where to; made if it is not there.
        table: of `audit_table`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = WrittenPlots([], [])
    for dataset, rows in table.groupby("dataset", sort=False):
        for page, shown in _pages(rows):
            written.files.extend(save_figure(plot_leakage(shown), folder / f"leakage_{dataset}{page}"))
        for protocol, fair in _fair_parts(rows):
            _write_fair_plots(folder, f"{dataset}{protocol}", fair, written)
    return written


def _write_fair_plots(folder: Path, name: str, fair: pd.DataFrame, written: WrittenPlots) -> None:
    """Write the figures of one dataset under one protocol without a placebo, and add them to `written`."""
    worst = fair[fair["attack"] == WORST]
    figures: dict[str, tuple[Callable[[pd.DataFrame], Figure], pd.DataFrame]] = {
        "attacks": (plot_attacks, fair),
        "accuracy_vs_leakage": (partial(plot_leakage_against, number="test_accuracy"), worst),
        "gap_vs_leakage": (partial(plot_leakage_against, number="accuracy_gap"), worst),
    }
    if has_promise(worst):
        figures["promises"] = (plot_promises, worst)
    for figure, (draw, shown) in figures.items():
        if shown.empty:
            why = f"no trial has completed under the protocol {' or '.join(_FAIR)}" if fair.empty else NO_WORST
            written.skipped.append(f"{figure}_{name}: {why}")
        else:
            written.files.extend(save_figure(draw(shown), folder / f"{figure}_{name}"))


def _fair_parts(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Split off the rows of each protocol without a placebo; an empty part if there are none.

    Returns:
        For each part the end of its figures' names, which is empty for a single one, and its rows.
    """
    fair = rows[rows["protocol"].isin(_FAIR)]
    parts = [(f"_{protocol}", part) for protocol, part in fair.groupby("protocol", sort=False)]
    return parts if len(parts) > 1 else [("", fair)]


def _pages(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield for each page the ending of the figure's name, and the rows of its configurations, ordered by model."""
    words = rows.sort_values("model", kind="stable")["configuration"].unique()
    starts = range(0, len(words), _CONFIGURATIONS_ON_A_PAGE)
    for number, start in enumerate(starts, start=1):
        shown = words[start : start + _CONFIGURATIONS_ON_A_PAGE]
        yield f"_{number}" if len(starts) > 1 else "", rows[rows["configuration"].isin(shown)]
