"""Everything in a study that is made from its record, made again."""

from typing import Final

from privsearch._util.lines import collector_paused
from privsearch.analysis.frames import exposed_frame, results_frame, slices_frame, targets_frame
from privsearch.analysis.tasks import Task, tasks
from privsearch.report.optuna_index import index_results
from privsearch.study.folder import Study

TABLES: Final = {"results": results_frame, "targets": targets_frame, "slices": slices_frame, "exposed": exposed_frame}
"""What makes each table of results, by its name."""


def write_outputs(study: Study) -> list[Task]:
    """Write the four tables of results, Optuna's index, and the front of each dataset under each protocol.

    Returns:
        What competes for each front, so that whoever prints the fronts need not work them out again.

    Raises:
        StudyError: the study cannot be read or written.
    """
    from privsearch.report.figures.front import write_front_plots  # as the tables alone need no matplotlib

    with study.rewriting_outputs(), collector_paused():
        results = study.results()
        for name, table in TABLES.items():
            study.write_table(name, table(results))
        found = list(tasks(results, study.sweep()))
        index_results(study.optuna_storage, found)
        write_front_plots(study.fronts, found)
    return found
