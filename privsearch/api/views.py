"""The calls that draw a study: a front, and the page."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

from privsearch.analysis.tasks import Task
from privsearch.api.arguments import AnyStudy, open_study
from privsearch.api.study import Study
from privsearch.errors import StudyError

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from matplotlib.figure import Figure


@overload
def plot_front(
    source: AnyStudy | Task,
    dataset: str | None = None,
    protocol: str | None = None,
    *,
    interactive: Literal[False] = False,
) -> "Figure": ...


@overload
def plot_front(
    source: AnyStudy | Task,
    dataset: str | None = None,
    protocol: str | None = None,
    *,
    interactive: Literal[True],
) -> "go.Figure": ...


def plot_front(
    source: AnyStudy | Task, dataset: str | None = None, protocol: str | None = None, *, interactive: bool = False
) -> "Figure | go.Figure":
    """Draw the Pareto front among all configurations of one task, as matplotlib's figure or as plotly's.

    Args:
        source: a study, its folder, or one of `Study.tasks()`.
        dataset: the dataset, if the study has several.
        protocol: the protocol, if the study has several.
        interactive: let plotly draw it.

    Raises:
        StudyError: the study has no such front, several of them, or no trial that could be on it.
    """
    task = source if isinstance(source, Task) else open_study(source).task(dataset, protocol)
    if task.candidates.empty:
        from privsearch.report.wording.fronts import missing_words

        needed = f"a completed trial that has learnt and has {' and '.join(task.objectives)}"
        raise StudyError(" ".join([f"{task.title}: must have {needed}, but has none.", *missing_words(task)]))
    if interactive:
        from privsearch.report.figures.front_interactive import plot_front_interactive

        return plot_front_interactive(task)
    from privsearch.report.figures import front

    return front.plot_front(task)


def write_report(study: AnyStudy, path: Path | str | None = None, *, roc_trials: int | None = None) -> Path:
    """Write a study as one page that needs no network, and return its file.

    Args:
        study: the study, or its folder.
        path: the file; by default `report.html` in the study.
        roc_trials: the number of trials that get ROC curves, those on the fronts first.

    Raises:
        StudyError: the study cannot be read, or the file cannot be written.
    """
    from privsearch.report.page import html
    from privsearch.report.page.budget import ROC_TRIALS

    folder = open_study(study)
    to = Path(path) if path else folder.outputs.report
    with output_of(folder, to):
        return html.write_report(folder, to, ROC_TRIALS if roc_trials is None else roc_trials)


def output_of(folder: Study, to: Path) -> AbstractContextManager[None]:
    """Return the context in which a file is written: alone in a study, and anywhere else whenever one likes.

    What is written elsewhere asks for no right to write into the study, which may be a colleague's.

    Args:
        folder: the study.
        to: the file, or the folder that it is written to.
    """
    return folder.rewriting_outputs() if to.resolve().is_relative_to(folder.path.resolve()) else nullcontext()
