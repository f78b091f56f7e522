"""The calls that show what a study holds, or make its files again."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, overload

from privsearch.analysis.tasks import Task
from privsearch.api.arguments import AnyStudy, study_of
from privsearch.errors import StudyError
from privsearch.study.folder import Study

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go
    from matplotlib.figure import Figure

    from privsearch.analysis.explanation import Explanation


@overload
def plot_front(
    found: AnyStudy | Task,
    dataset: str | None = None,
    protocol: str | None = None,
    *,
    interactive: Literal[False] = False,
) -> "Figure": ...


@overload
def plot_front(
    found: AnyStudy | Task,
    dataset: str | None = None,
    protocol: str | None = None,
    *,
    interactive: Literal[True],
) -> "go.Figure": ...


def plot_front(
    found: AnyStudy | Task, dataset: str | None = None, protocol: str | None = None, *, interactive: bool = False
) -> "Figure | go.Figure":
    """The Pareto front among all configurations of one dataset, as matplotlib's figure, or as plotly's.

    Args:
        found: a study, its directory, or one of `Study.tasks()`.
        dataset: which, where the study has several.
        protocol: which, likewise.
        interactive: whether plotly draws it.

    Raises:
        StudyError: the study has no such front, several of them, or no trial that could be on it.
    """
    from privsearch.report.figures import front as front_plot
    from privsearch.report.figures import front_interactive as front_page

    task = found if isinstance(found, Task) else study_of(found).task(dataset, protocol)
    if task.candidates.empty:
        raise StudyError(f"{task.title}: must have a completed trial with {' and '.join(task.objectives)}")
    return front_page.plot_front_interactive(task) if interactive else front_plot.plot_front(task)


def explain_study(study: AnyStudy, *, write: bool = True) -> "list[Explanation]":
    """What mattered for each front: importances of the axes, values on the front, and how the hypervolume grew.

    Args:
        study: the study, or its directory.
        write: the tables and plots as well.

    Raises:
        StudyError: the study cannot be read or written.
    """
    from privsearch.analysis import explanation
    from privsearch.report.documents.importances import write_explanation

    where = study_of(study)
    found = explanation.explain_study(where)
    if write:
        with where.rewriting_outputs():
            for one in found:
                write_explanation(where.analysis, one)
    return found


def write_report(study: AnyStudy, path: Path | str | None = None, *, roc_trials: int | None = None) -> Path:
    """Write a study as one page that needs no network.

    Args:
        study: the study, or its directory.
        path: the file; by default `report.html` in the study.
        roc_trials: as many trials get ROC curves, those on the fronts first.

    Returns:
        The file.

    Raises:
        StudyError: the study cannot be read, or the file cannot be written.
    """
    from privsearch.report.page import html
    from privsearch.report.page.budget import ROC_TRIALS

    where = study_of(study)
    with where.rewriting_outputs():
        return html.write_report(
            where, Path(path) if path else where.report_path, ROC_TRIALS if roc_trials is None else roc_trials
        )


@contextmanager
def serve_study(study: AnyStudy, port: int = 0) -> Iterator[str]:
    """Serve the page of a study on this machine alone, live, from a process of its own, during a `with` block.

    Args:
        study: the study, or its directory, which need not be there yet.
        port: where; 0 for one that is free.

    Yields:
        The address.

    Raises:
        PortError: the port is not to be had.
    """
    from privsearch.report.page.background import served_beside

    with served_beside(study.path if isinstance(study, Study) else Path(study), port) as address:
        yield address


def remake_outputs(study: AnyStudy) -> list[Task]:
    """Write the tables, the index and the fronts of a study again, as `privsearch front` does.

    Raises:
        StudyError: the study cannot be read or written.
    """
    from privsearch.report.outputs import write_outputs

    return write_outputs(study_of(study))


def check_study(study: AnyStudy, *, repair: bool = False) -> "pd.DataFrame":
    """Whether a study is whole: a row for each part, with its `state` (sound, note, to repair) and what to do.

    Args:
        study: the study, or its directory.
        repair: move what is damaged aside and make again what can be made, before looking.

    Raises:
        StudyError: there is no study, or it cannot be read or written.
    """
    import pandas as pd

    from privsearch.api.check import examine_study, repair_study

    where = study_of(study)
    if repair:
        list(repair_study(where))
    rows = [(found.part, str(found.state), found.found, found.remedy) for found in examine_study(where)]
    return pd.DataFrame(rows, columns=["part", "state", "found", "remedy"])


def diff_trials(study: AnyStudy, a: str, *others: str, column: str | None = None) -> "pd.DataFrame":
    """Whether one configuration is more accurate, or leaks less, than others: differences, intervals, verdicts.

    Args:
        study: the study, or its directory.
        a: a trial's id, or the beginning of one.
        others: those to set beside it; by default all like it.
        column: of the table of targets, compared beside accuracy.

    Raises:
        StudyError: an id fits none or several trials, or trials cannot be compared.
    """
    from privsearch.analysis.differences import choose_trials, differences_frame

    return differences_frame(*choose_trials(study_of(study).results(), a, others), column)


def audit_study(study: AnyStudy, *, write: bool = False) -> "pd.DataFrame":
    """What every attack found, with intervals, placebos and noise floors: a row for each trial and attack.

    Args:
        study: the study, or its directory.
        write: whether to write its tables and plots into the study's `audit` as well.

    Raises:
        StudyError: the study cannot be read or written.
    """
    from privsearch.analysis.audit import audit_table
    from privsearch.report.documents.audit import write_audit
    from privsearch.report.figures.audit import write_audit_plots

    where = study_of(study)
    results = where.results()
    table = audit_table(results)
    if write:
        with where.rewriting_outputs():
            write_audit_plots(where.audit, table)
            write_audit(where.audit, results, table)
    return table


def write_paper_tables(study: AnyStudy, attack: str = "svm") -> list[Path]:
    """Write a study in the layout of the paper's Tables II and III: Markdown, LaTeX and CSV; returns the files.

    Raises:
        StudyError: the study has no trial under the paper's protocol, or no numbers of that attack.
    """
    from privsearch.report.documents.paper_tables import write_tables

    where = study_of(study)
    with where.rewriting_outputs():
        return write_tables(where.tables, where.frame(), attack)


def write_plots(study: AnyStudy, attack: str = "svm") -> list[Path]:
    """Write the paper's Figures 2 and 3, the fronts and the surrogate-gradient trade-off; returns the files.

    Raises:
        StudyError: the study has no numbers of that attack.
    """
    from privsearch.report.figures import study as plots

    where = study_of(study)
    with where.rewriting_outputs():
        return plots.write_plots(where.plots, where.results(), where.sweep(), attack).files


class PaperComparison(NamedTuple):
    """A study beside the paper.

    Attributes:
        cells: every published number beside the study's.
        claims: a verdict on each of the paper's claims, for each dataset.
    """

    cells: "pd.DataFrame"
    claims: "pd.DataFrame"


def compare_with_paper(study: AnyStudy, attack: str = "svm", *, write: bool = False) -> PaperComparison:
    """Set a study beside the paper.

    Args:
        study: the study, or its directory.
        attack: whose numbers, by its name in the results table.
        write: whether to write both into the study's `comparison` as well.

    Raises:
        StudyError: the study has no trial under the paper's protocol, or no numbers of that attack.
    """
    import pandas as pd

    from privsearch.analysis.paper.verdicts import verdicts
    from privsearch.report.documents.paper_comparison import compare_cells, write_comparison

    where = study_of(study)
    results = where.results()
    fields = ["claim", "text", "dataset", "success", "verdict"]
    said = [{field: getattr(verdict, field) for field in fields} for verdict in verdicts(results, attack)]
    if write:
        with where.rewriting_outputs():
            write_comparison(where.comparison, results, attack)
    return PaperComparison(compare_cells(where.frame(), attack), pd.DataFrame(said, columns=fields))


def fetch_datasets(*names: str) -> list[Path]:
    """Download mnist, fashion_mnist or cifar10, check their files, and return their folders.

    Raises:
        DataError: a name is none of theirs, a download failed, or a file has another checksum than it must have.
    """
    from privsearch.data.fetch import fetch_images

    return list(fetch_images(names))
