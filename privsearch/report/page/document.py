"""The document of a study, from which its page is drawn."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Final, TypedDict

from privsearch._util.lines import collector_paused
from privsearch.analysis.audit import audit_table
from privsearch.analysis.frames import records
from privsearch.analysis.importances import importances
from privsearch.analysis.labels import configuration, model_name
from privsearch.analysis.tasks import Task, tasks
from privsearch.errors import MetricError
from privsearch.report.figures.palette import MODEL_COLOURS, MODEL_SYMBOLS
from privsearch.report.page.budget import LEAKAGE_SHARE, ROC_SHARE, ROC_TRIALS, num_bytes
from privsearch.report.page.curves import Curves, curves
from privsearch.report.page.failures import Failures, failures
from privsearch.report.page.fronts import TaskSection, by_importance, task_rows, task_section
from privsearch.report.page.growth import Growth, growth_section
from privsearch.report.page.importances import Importances, importances_section
from privsearch.report.page.leakage import leakage
from privsearch.report.page.overview import Overview, overview
from privsearch.report.page.provenance import Provenance, provenance
from privsearch.report.page.roc import Roc, roc
from privsearch.report.page.verdict import Verdict, verdict
from privsearch.spec.datasets import trained_elsewhere
from privsearch.study.folder import StudyFolder
from privsearch.study.result import Completed, TrialResult

if TYPE_CHECKING:
    from privsearch.report.page.paper_figures import Paper

_NO_PAPER: Final["Paper"] = {"figures": [], "tables": [], "missing": []}
"""Nothing, also no reason why, where networks were trained elsewhere."""

_FIGURES_LATER: Final = "The figures and tables of the paper are drawn when no sweep is running."


class Style(TypedDict):
    """The colour and marker of a model in every chart."""

    name: str
    colour: str
    symbol: str


class Document(TypedDict):
    """All data of the page, as plain JSON values. Numbers have 5 significant digits.

    Attributes:
        name: the name of the study.
        made: the time and the version that made the document.
        models: the style of each model, by name.
        words: the dataset, protocol and configuration of every result in words, by trial_id.
    """

    name: str
    made: str
    models: dict[str, Style]
    words: dict[str, str]
    verdict: Verdict
    asked: Overview
    tasks: list[TaskSection]
    importances: list[Importances]
    growth: list[Growth]
    paper: "Paper"
    curves: Curves
    roc: Roc
    failures: Failures
    provenance: Provenance


def build_document(
    study: StudyFolder, room: float, roc_trials: int = ROC_TRIALS, *, whole: bool = True, keep_curves: bool = False
) -> Document:
    """Build the document of a study as it is now.

    Args:
        study: the folder of the study, for the signals that it keeps and where it ran.
        room: bytes that the document may have.
        roc_trials: as many trials get ROC curves, where their signals are kept.
        whole: whether what takes longest is made as well: importances, and the paper's figures and tables.
        keep_curves: whether to keep the ROC curves that had to be computed.

    Raises:
        StudyError: the study cannot be read.
    """
    with collector_paused():
        content = study.load()
        sweep, trials, searches, results = content.sweep, content.trials, content.searches, content.results
        completed = content.completed
        study_tasks = list(tasks(results, sweep, content.rounds))
        numbers = {trial_id: number for search in searches for trial_id, number in search.numbers.items()}
        parts = [task_rows(task, numbers) for task in study_tasks]
        importance, words = by_importance(parts), _words(study_tasks)
        document: Document = {
            "name": sweep.name,
            "made": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC by privsearch {version('privsearch')}",
            "models": {name: _style(name) for name in sorted({result.spec.model for result in results})},
            "words": {i: _whole(result, words[i]) for i, result in ((r.trial_id, r) for r in results)},
            "verdict": verdict(study_tasks),
            "asked": overview(sweep, trials, results, searches),
            "tasks": [],
            "importances": [section for task in study_tasks if whole and (section := _importances(task))],
            "growth": [growth_section(task, content.order, searched=bool(searches)) for task in study_tasks],
            "paper": _NO_PAPER if trained_elsewhere(sweep.datasets) else _paper(study_tasks, whole=whole),
            "curves": {"trials": [], "left_out": ""},
            "roc": {"trials": [], "left_out": []},
            "failures": failures(trials, results, words),
            "provenance": provenance(sweep, results, study.environments()),
        }
        document["tasks"] = [task_section(task, part, completed) for task, part in zip(study_tasks, parts, strict=True)]
        room_for_leakage = LEAKAGE_SHARE * (room - num_bytes(document))
        _add_leakage(document["tasks"], study_tasks, completed, importance, room_for_leakage)
        document["roc"] = roc(
            sweep.storage or content.kept_signals,
            completed,
            importance,
            roc_trials,
            ROC_SHARE * (room - num_bytes(document)),
            keep=keep_curves,
        )
        document["curves"] = curves(completed, importance, room - num_bytes(document))
        return document


def _add_leakage(
    sections: Sequence[TaskSection],
    study_tasks: Sequence[Task],
    completed: Mapping[str, Completed],
    order: Sequence[str],
    room: float,
) -> None:
    """Add the findings of the attacks to each section, with a share of the room by the number of its rows."""
    numbers = {trial_id: of_trial for task in study_tasks for trial_id, of_trial in task.numbers.items()}
    table = audit_table(completed.values(), numbers)
    importance = {trial_id: place for place, trial_id in enumerate(order)}
    for task, section in zip(study_tasks, sections, strict=True):
        dataset, protocol = task.rows[["dataset", "protocol"]].iloc[0]
        rows = table[table["dataset"].eq(dataset) & table["protocol"].eq(protocol)]
        share = len(rows) / max(len(table), 1)
        section["leakage"] = leakage(rows, completed, section["rows"]["trial_id"], importance, share * room)


def _paper(study_tasks: Sequence[Task], *, whole: bool) -> "Paper":
    if not whole:
        return {"figures": [], "tables": [], "missing": [_FIGURES_LATER]}
    from privsearch.report.page.paper_figures import paper  # imports matplotlib, which takes a second

    return paper(study_tasks)


def _importances(task: Task) -> Importances | None:
    """Return the importances of a task; None if there are too few configurations or axes."""
    try:
        return importances_section(task.title, importances(task))
    except MetricError:
        return None


def _style(model: str) -> Style:
    return {"name": model_name(model), "colour": MODEL_COLOURS[model], "symbol": MODEL_SYMBOLS[model]}


def _words(study_tasks: Sequence[Task]) -> dict[str, str]:
    """Return the configuration of each trial in words that distinguish it within its task."""
    words: dict[str, str] = {}
    for task in study_tasks:
        varying = task.varying
        words |= {row["trial_id"]: configuration(row, varying) for row in records(task.rows)}
    return words


def _whole(result: TrialResult, words: str) -> str:
    return f"{result.spec.dataset_name}, {result.spec.protocol.kind}: {words}"
