"""All figures of a study for a paper, as PNG and SVG."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import pandas as pd

from privsearch.analysis.frames import results_frame
from privsearch.analysis.paper.cells import check_attack
from privsearch.analysis.tasks import tasks
from privsearch.errors import StudyError
from privsearch.report.figures.energy import has_energies, plot_energy
from privsearch.report.figures.front import plot_front
from privsearch.report.figures.style import WrittenPlots, save_figure
from privsearch.report.figures.surrogate import plot_surrogates
from privsearch.report.figures.threshold import plot_threshold
from privsearch.report.wording.fronts import missing_words
from privsearch.spec import SweepSpec
from privsearch.spec.columns import Column
from privsearch.study.result import TrialResult

_DATASETS_ON_A_PAGE: Final = 5


def write_plots(
    folder: Path,
    results: Sequence[TrialResult],
    sweep: SweepSpec,
    attack: str = "svm",
    rounds: Mapping[str, Sequence[TrialResult]] | None = None,
) -> WrittenPlots:
    """Write every figure that the study has the trials for.

    These are `test_accuracy_vs_threshold` and `<attack>_auc_vs_threshold` (the paper's Figures 2 and 3),
    `<attack>_auc_vs_surrogate_gradient`, and for each task `front_<name>` and, where operations were counted,
    `energy_<name>`. With more than five datasets, the first
    three are split into numbered pages of five each, such as `svm_auc_vs_threshold_2`. If a study has several
    protocols, these three show the trials under `paper`.

    Args:
        folder: the folder to write to, created if missing.
        results: the study's results.
        sweep: the study's sweep.
        attack: the attack to draw, the first part of its columns.
        rounds: of a race, as for `privsearch.analysis.tasks.tasks`.

    Raises:
        StudyError: the study has no numbers of this attack.
    """
    several = len({result.spec.protocol.kind for result in results}) > 1
    frame = results_frame(result for result in results if not several or result.spec.protocol.kind == "paper")
    check_attack(frame, attack)
    folder.mkdir(parents=True, exist_ok=True)
    written = WrittenPlots([], [])
    figures = {
        "test_accuracy_vs_threshold": partial(plot_threshold, column="test_accuracy"),
        f"{attack}_auc_vs_threshold": partial(plot_threshold, column=str(Column(attack, "auc"))),
        f"{attack}_auc_vs_surrogate_gradient": partial(plot_surrogates, attack=attack),
    }
    for name, draw in figures.items():
        for page, rows in _pages(frame):
            try:
                written.files.extend(save_figure(draw(rows), folder / f"{name}{page}"))
            except StudyError as problem:
                written.skipped.append(f"{name}{page}: {problem}")
    for task in tasks(results, sweep, rounds):
        name = f"front_{task.name}"
        if has_energies(task):
            written.files.extend(save_figure(plot_energy(task), folder / f"energy_{task.name}"))
        if task.candidates.empty:
            needed = f"{name}: no trial that has learnt has {' and '.join(task.objectives)}."
            written.skipped.append(" ".join([needed, *missing_words(task)]))
        else:
            written.files.extend(save_figure(plot_front(task), folder / name))
    return written


def _pages(frame: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield for each page the ending of the figure's name, and the rows of its datasets."""
    datasets = frame["dataset"].unique()
    starts = range(0, len(datasets), _DATASETS_ON_A_PAGE)
    for number, start in enumerate(starts, start=1):
        shown = datasets[start : start + _DATASETS_ON_A_PAGE]
        yield f"_{number}" if len(starts) > 1 else "", frame[frame["dataset"].isin(shown)]
