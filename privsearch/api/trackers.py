"""The call that writes results into other people's trackers of experiments."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from privsearch._util.text import cut
from privsearch.api.arguments import AnyStudy, open_study
from privsearch.errors import PrivsearchError, StudyError

if TYPE_CHECKING:
    from privsearch.report.loggers.destinations import Destination
    from privsearch.study.folder import StudyFolder


@dataclass(frozen=True)
class LogReport:
    """The runs that a study has in a tracker.

    Attributes:
        to: the name of the tracker.
        place: where they are, in words.
        written: how many were written now.
        unchanged: how many were there already, as they would be written now.
    """

    to: str
    place: str
    written: int
    unchanged: int

    def __repr__(self) -> str:
        return f"{self.to}: {self.written} runs written, {self.unchanged} were there already; {self.place}"


def log_study(
    study: AnyStudy, to: str, where: str | None = None, *, on_run: Callable[[int, int], None] | None = None
) -> LogReport:
    """Write the trials of a study into a tracker: a run for each, and the report as an artefact.

    The axis values, the dataset, the protocol and the seed are a run's parameters, the numbers of its row in the
    results table its metrics. A trial has one run, however often this is called: what has changed since, as by another
    attack, is written over it.

    Args:
        study: the study, or its folder.
        to: `mlflow`, `wandb` or `tensorboard`.
        where: for MLflow a tracking URI, for Weights & Biases a project or `entity/project`, for TensorBoard a folder.
            By default what MLFLOW_TRACKING_URI says, a project called after the sweep, and `tensorboard` in the study.
        on_run: told after each run how many of how many are done.

    Raises:
        StudyError: there is no such study or tracker, its library is missing, or it does not take the runs.
    """
    from privsearch.report.loggers.destinations import check_tracker, open_destination

    check_tracker(to)
    folder = open_study(study)
    sweep = folder.sweep()
    try:
        destination = open_destination(to, sweep.name, folder.path, where)
        return _write(folder, to, destination, on_run)
    except PrivsearchError:
        raise
    except Exception as error:  # of libraries and servers, which fail in ways of their own
        told = cut(str(error)) if str(error) else type(error).__name__
        raise StudyError(
            f"{to}: the tracker must take the runs, but failed ({told}); the study is as it was, and `privsearch log "
            f"{folder.path} --to {to}` goes on where it was"
        ) from error


def _write(
    folder: "StudyFolder", to: str, destination: "Destination", on_run: Callable[[int, int], None] | None
) -> LogReport:
    from privsearch.report.loggers.runs import trial_runs
    from privsearch.report.unchanged import study_digest

    digest, content = study_digest(folder), folder.load()
    there, runs = destination.written(), list(trial_runs(content))
    missing = [run for run in runs if there.get(run.trial_id) != run.digest]
    for number, run in enumerate(missing, start=1):
        destination.write(run)
        if on_run:
            on_run(number, len(missing))
    destination.write_report(partial(_page, folder), _verdicts(folder), digest)
    return LogReport(to, destination.place, len(missing), len(runs) - len(missing))


def _page(folder: "StudyFolder", to: Path) -> Path:
    from privsearch.report.page.html import write_report

    return write_report(folder, to, roc_trials=0)


def _verdicts(folder: "StudyFolder") -> list[str]:
    from privsearch.analysis.tasks import tasks
    from privsearch.report.wording.verdict import verdict_lines

    content = folder.load()
    return list(verdict_lines(list(tasks(content.results, content.sweep, content.rounds))))
