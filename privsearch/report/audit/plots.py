"""All figures of an audit, as PNG and SVG."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import pandas as pd
from matplotlib.figure import Figure

from privsearch.report.audit.attacks_plot import plot_attacks
from privsearch.report.audit.leakage_plot import plot_leakage
from privsearch.report.audit.tradeoff_plot import plot_leakage_against
from privsearch.report.plots import WrittenPlots
from privsearch.report.style import save_figure

_CONFIGURATIONS_ON_A_PAGE: Final = 36


def write_audit_plots(folder: Path, table: pd.DataFrame) -> WrittenPlots:
    """Write the figures of each dataset: `leakage_`, `attacks_`, `accuracy_vs_leakage_` and `gap_vs_leakage_<dataset>`.

    Beyond 36 configurations the first of them is numbered pages, such as `leakage_iris_2`; the others need trials under
    `halves`.

    Args:
        folder: where to; made if it is not there.
        table: of `audit_table`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = WrittenPlots([], [])
    for dataset, rows in table.groupby("dataset", sort=False):
        for page, shown in _pages(rows):
            written.files.extend(save_figure(plot_leakage(shown), folder / f"leakage_{dataset}{page}"))
        fair = rows[rows["protocol"] == "halves"]
        figures: dict[str, Callable[[pd.DataFrame], Figure]] = {
            "attacks": plot_attacks,
            "accuracy_vs_leakage": partial(plot_leakage_against, number="test_accuracy"),
            "gap_vs_leakage": partial(plot_leakage_against, number="accuracy_gap"),
        }
        for name, draw in figures.items():
            if fair.empty:
                written.skipped.append(f"{name}_{dataset}: no trial has completed under the protocol halves")
            else:
                written.files.extend(save_figure(draw(fair), folder / f"{name}_{dataset}"))
    return written


def _pages(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """What follows the figure's name, and the rows of so many configurations as fit on one page, by model."""
    words = rows.sort_values("model", kind="stable")["configuration"].unique()
    starts = range(0, len(words), _CONFIGURATIONS_ON_A_PAGE)
    for number, start in enumerate(starts, start=1):
        shown = words[start : start + _CONFIGURATIONS_ON_A_PAGE]
        yield f"_{number}" if len(starts) > 1 else "", rows[rows["configuration"].isin(shown)]
