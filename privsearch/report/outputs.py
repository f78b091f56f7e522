"""The files of a study that are made from its record: tables, their description, Optuna's index, and fronts."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from privsearch._util.disk import replace_file
from privsearch._util.html import html_text
from privsearch._util.lines import collector_paused
from privsearch.analysis.frames import exposed_frame, results_frame, slices_frame, targets_frame
from privsearch.analysis.tasks import Task, tasks
from privsearch.report.documents.data_package import data_package
from privsearch.report.unchanged import draw_changed, make_changed, study_digest
from privsearch.study.content import StudyContent
from privsearch.study.folder import StudyFolder
from privsearch.study.output_paths import OutputPaths

TABLES: Final = {"results": results_frame, "targets": targets_frame, "slices": slices_frame, "exposed": exposed_frame}
"""The function that makes each table of results, by the table's name."""


@dataclass(frozen=True, eq=False)
class Outputs:
    """The outputs of a study.

    Attributes:
        content: the content of the study that they were made from.
        tasks: the tasks of the study, each with its front, so that nobody who shows the fronts works them out again.
        paths: the places of the outputs.
    """

    content: StudyContent
    tasks: tuple[Task, ...]
    paths: OutputPaths

    def __repr__(self) -> str:
        return f"Outputs({len(self.tasks)} fronts in {str(self.paths.study)!r})"

    def _repr_html_(self) -> str:
        return html_text(repr(self)) + "".join(task._repr_html_() for task in self.tasks)


def write_outputs(study: StudyFolder) -> Outputs:
    """Write the tables of results, what their columns mean, Optuna's index, and the front of each task.

    What is there already as it would be made now is left as it is.

    Raises:
        StudyError: the study cannot be read or written.
    """
    with study.rewriting_outputs(), collector_paused():
        made_from = study_digest(study)
        content, paths = study.load(), study.outputs
        study_tasks = tuple(tasks(content.results, content.sweep, content.rounds))
        make_changed(study, made_from, partial(_write, content, study_tasks, paths))
        draw_changed(paths.fronts, study_tasks, _draw)
    return Outputs(content, study_tasks, paths)


def read_outputs(study: StudyFolder) -> Outputs:
    """Return what `write_outputs` would return, and write nothing.

    Raises:
        StudyError: the study cannot be read.
    """
    with collector_paused():
        content = study.load()
        return Outputs(content, tuple(tasks(content.results, content.sweep, content.rounds)), study.outputs)


def _write(content: StudyContent, study_tasks: Sequence[Task], paths: OutputPaths) -> list[Path]:
    """Write the tables and the index, and return the files."""
    from privsearch.report.optuna_index import index_results  # with Optuna's storages

    tables = {name: table(content.results) for name, table in TABLES.items()}
    for name, table in tables.items():
        replace_file(paths.table(name), table.to_csv(index=False))
    replace_file(paths.package, data_package(content.sweep.name if content.sweep else "", tables))
    index_results(paths.index, study_tasks)
    return [*map(paths.table, TABLES), paths.package, paths.index]


def _draw(folder: Path, tasks: Sequence[Task]) -> list[Path]:
    # Imported here, as it takes a second, and nothing may have to be drawn.
    from privsearch.report.figures.front import write_front_plots

    return write_front_plots(folder, tasks)
