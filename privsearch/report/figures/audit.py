"""All figures of an audit, as PNG and SVG."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import pandas as pd
from matplotlib.figure import Figure

from privsearch.report.figures.audit_attacks import plot_attacks
from privsearch.report.figures.audit_leakage import plot_leakage
from privsearch.report.figures.audit_tradeoff import plot_leakage_against
from privsearch.report.figures.style import WrittenPlots, save_figure
from privsearch.report.wording.audit import NO_WORST
from privsearch.spec import WORST

_CONFIGURATIONS_ON_A_PAGE: Final = 36


def write_audit_plots(folder: Path, table: pd.DataFrame) -> WrittenPlots:
    """Write the figures of each dataset: `leakage_`, `attacks_`, `accuracy_vs_leakage_` and `gap_vs_leakage_<dataset>`.

    With more than 36 configurations, `leakage_` is split into numbered pages, such as `leakage_iris_2`. The other
    figures need trials under `halves`.

    Args:
        folder: the folder to write to, created if missing.
        table: the table of `audit_table`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = WrittenPlots([], [])
    for dataset, rows in table.groupby("dataset", sort=False):
        for page, shown in _pages(rows):
            written.files.extend(save_figure(plot_leakage(shown), folder / f"leakage_{dataset}{page}"))
        fair = rows[rows["protocol"] == "halves"]
        worst = fair[fair["attack"] == WORST]
        figures: dict[str, tuple[Callable[[pd.DataFrame], Figure], pd.DataFrame]] = {
            "attacks": (plot_attacks, fair),
            "accuracy_vs_leakage": (partial(plot_leakage_against, number="test_accuracy"), worst),
            "gap_vs_leakage": (partial(plot_leakage_against, number="accuracy_gap"), worst),
        }
        for name, (draw, shown) in figures.items():
            if shown.empty:
                why = "no trial has completed under the protocol halves" if fair.empty else NO_WORST
                written.skipped.append(f"{name}_{dataset}: {why}")
            else:
                written.files.extend(save_figure(draw(shown), folder / f"{name}_{dataset}"))
    return written


def _pages(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield for each page the ending of the figure's name, and the rows of its configurations, ordered by model."""
    words = rows.sort_values("model", kind="stable")["configuration"].unique()
    starts = range(0, len(words), _CONFIGURATIONS_ON_A_PAGE)
    for number, start in enumerate(starts, start=1):
        shown = words[start : start + _CONFIGURATIONS_ON_A_PAGE]
        yield f"_{number}" if len(starts) > 1 else "", rows[rows["configuration"].isin(shown)]
