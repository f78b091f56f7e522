"""All figures of a study for a paper, as PNG and SVG."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import pandas as pd

from privsearch.errors import StudyError
from privsearch.front import comparable
from privsearch.report.front_plot import plot_front
from privsearch.report.paper.cells import check_attack
from privsearch.report.style import save_figure
from privsearch.report.surrogate_plot import plot_surrogates
from privsearch.report.threshold_plot import plot_threshold
from privsearch.spec import Direction

_DATASETS_ON_A_PAGE: Final = 5


class WrittenPlots(NamedTuple):
    """The figures of a study.

    Attributes:
        files: what was written, a PNG and an SVG of each figure.
        skipped: one message for each figure that this study cannot fill: its name, and what is missing.
    """

    files: list[Path]
    skipped: list[str]


def write_plots(
    folder: Path, frame: pd.DataFrame, objectives: Mapping[str, Direction], attack: str = "svm"
) -> WrittenPlots:
    """Write every figure that the study has the trials for.

    These are `test_accuracy_vs_threshold` and `<attack>_auc_vs_threshold` (the paper's Figures 2 and 3),
    `<attack>_auc_vs_surrogate_gradient`, and `front_<dataset>` for each dataset. With more than five datasets, the
    first three are numbered pages of five each, such as `svm_auc_vs_threshold_2`.

    Args:
        folder: where to; made if it is not there.
        frame: the results table, of any number of datasets.
        objectives: two result columns, the first along x of the fronts, and which way is better.
        attack: the attack to draw, the first part of its columns.

    Raises:
        StudyError: the study has no numbers of this attack.
    """
    check_attack(frame, attack)
    folder.mkdir(parents=True, exist_ok=True)
    written = WrittenPlots([], [])
    figures = {
        "test_accuracy_vs_threshold": partial(plot_threshold, column="test_accuracy"),
        f"{attack}_auc_vs_threshold": partial(plot_threshold, column=f"{attack}.auc"),
        f"{attack}_auc_vs_surrogate_gradient": partial(plot_surrogates, attack=attack),
    }
    for name, draw in figures.items():
        for page, rows in _pages(frame):
            try:
                written.files.extend(save_figure(draw(rows), folder / f"{name}{page}"))
            except StudyError as problem:
                written.skipped.append(f"{name}{page}: {problem}")
    for dataset, rows in frame.groupby("dataset", sort=False):
        if comparable(rows, objectives).empty:
            written.skipped.append(f"front_{dataset}: no trial has completed with {' and '.join(objectives)}")
        else:
            written.files.extend(save_figure(plot_front(rows, objectives), folder / f"front_{dataset}"))
    return written


def _pages(frame: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """What follows a figure's name, and the rows of so many datasets as fit on one page."""
    datasets = frame["dataset"].unique()
    starts = range(0, len(datasets), _DATASETS_ON_A_PAGE)
    for number, start in enumerate(starts, start=1):
        shown = datasets[start : start + _DATASETS_ON_A_PAGE]
        yield f"_{number}" if len(starts) > 1 else "", frame[frame["dataset"].isin(shown)]
