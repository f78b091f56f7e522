"""The study that users hold: its folder, with its tables, its tasks and their fronts."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from privsearch._util.html import html_text
from privsearch._util.text import joined, printable, remedy
from privsearch.errors import PrivsearchError, StudyError
from privsearch.study.folder import StudyFolder
from privsearch.study.record import glance_at_completed
from privsearch.study.result import TrialResult

if TYPE_CHECKING:
    import pandas as pd

    from privsearch.analysis.tasks import Task

MOST_BYTES: Final = 50_000_000
"""A larger record is not read for a glance."""


class Study(StudyFolder):
    """A study: what one sweep has recorded. Opening it reads nothing and writes nothing."""

    def __repr__(self) -> str:
        return f"Study({str(self.path)!r}: {self._progress()})"

    def _repr_html_(self) -> str:
        line = html_text(repr(self))
        try:
            if not self.exists() or self.record_path.stat().st_size > MOST_BYTES:
                return line
            return line + "".join(task._repr_html_() for task in self.tasks())
        except Exception:  # a notebook that shows less is better than one that shows a traceback
            return line

    def results(self) -> Sequence[TrialResult]:
        """Read the results of the trials that the sweep asks for, in its order, as far as they are finished.

        Raises:
            StudyError: this is not a study, or it cannot be read.
        """
        return self.load().results

    def frame(self) -> "pd.DataFrame":
        """Return the results table: a row a trial (`privsearch.analysis.frames.results_frame`)."""
        from privsearch.analysis.frames import results_frame  # pandas is slow to import

        return results_frame(self.results())

    def targets(self) -> "pd.DataFrame":
        """Return the table of targets: a row for each target of each trial."""
        from privsearch.analysis.frames import targets_frame

        return targets_frame(self.results())

    def slices(self) -> "pd.DataFrame":
        """Return the attacks' AUCs on parts of the examples: classes, and those classified rightly or wrongly."""
        from privsearch.analysis.frames import slices_frame

        return slices_frame(self.results())

    def exposed(self) -> "pd.DataFrame":
        """Return the table of the most exposed examples."""
        from privsearch.analysis.frames import exposed_frame

        return exposed_frame(self.results())

    def tasks(self, dataset: str | None = None, protocol: str | None = None) -> "list[Task]":
        """Return the tasks of the study: the trials of one dataset under one protocol compete for one front.

        Args:
            dataset: the name of one dataset, to leave the others out.
            protocol: the kind of one protocol, to leave the others out.

        Raises:
            StudyError: the study cannot be read, or has no such trials.
        """
        from privsearch.analysis.tasks import tasks

        content = self.load()
        return self._chosen(list(tasks(content.results, content.sweep, content.rounds)), dataset, protocol)

    def task(self, dataset: str | None = None, protocol: str | None = None) -> "Task":
        """Return the only one of these tasks.

        Raises:
            StudyError: there is none, or there are several.
        """
        chosen = self.tasks(dataset, protocol)
        if len(chosen) != 1:
            titles = "; ".join(task.title for task in chosen) or "none"
            raise StudyError(f"{self.path}: must have one front of this kind, but has {titles}; name one of them")
        return chosen[0]

    def verdicts(self) -> list[str]:
        """Return, for each dataset, what to take and why in a sentence, as `privsearch pick` begins.

        Where a dataset was audited under several protocols, one without a placebo decides.

        Raises:
            StudyError: the study cannot be read.
        """
        from privsearch.analysis.tasks import tasks
        from privsearch.report.wording.verdict import verdict_lines

        content = self.load()
        return list(verdict_lines(list(tasks(content.results, content.sweep, content.rounds))))

    def front(self, dataset: str | None = None, protocol: str | None = None) -> "pd.DataFrame":
        """Return the Pareto front, or those of all tasks one after the other, the best of each first.

        They are rows of the results table with one more column: `front_probability`, the probability that the
        configuration is on the front.

        Args:
            dataset: the name of one dataset, to leave the others out.
            protocol: the kind of one protocol, to leave the others out.

        Raises:
            StudyError: the study cannot be read, or has no such trials.
        """
        import pandas as pd

        fronts = [task.front for task in self.tasks(dataset, protocol)]
        return pd.concat([front for front in fronts if len(front)] or fronts or [self.frame()], ignore_index=True)

    def _chosen(self, tasks: "list[Task]", dataset: str | None, protocol: str | None) -> "list[Task]":
        for field, name in {"dataset": dataset, "protocol": protocol}.items():
            names = list(dict.fromkeys(str(task.rows[field].iloc[0]) for task in tasks))
            if name is not None and name not in names:
                raise StudyError(
                    f"{self.path}: the {field} must be one that the study has results of "
                    f"({', '.join(names) or 'none'}), but got {name!r}; {remedy(name, names)}"
                )
            tasks = [task for task in tasks if name in (None, task.rows[field].iloc[0])]
        return tasks

    def _progress(self) -> str:
        """Return how far the study is, such as `36 of 36 trials, iris and digits, paper`; never fails."""
        try:
            if not self.exists():
                return "not begun"
            trials = self.plan().trials
            completed = glance_at_completed(self.record_path, MOST_BYTES)
            count = "many" if completed is None else len(completed & trials.keys())
            datasets = list(dict.fromkeys(trials.values()))
            protocols = [protocol.kind for protocol in self.sweep().protocol]
            return printable(", ".join([f"{count} of {len(trials)} trials", joined(datasets), joined(protocols)]))
        except (PrivsearchError, OSError, ValueError, RecursionError):
            return "cannot be read; privsearch check tells why"


def load_study(path: str | Path) -> Study:
    """Open the study in a folder.

    Raises:
        StudyError: there is none.
    """
    study = Study(Path(path))
    study.check()
    return study
