"""Runs in MLflow: an experiment for each sweep, a run for each trial, and one more for the report."""

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException

from privsearch.report.loggers.runs import WORDS, TrialRun

_TRIAL: Final = "privsearch.trial_id"
_DIGEST: Final = "privsearch.digest"
_REPORT: Final = "report"
"""Stands in the place of a trial's id on the run that has the report."""

_MOST: Final = 100
"""The most metrics that go at once, so that no request is too large."""

_LONGEST: Final = 5000
"""The most characters of a tag."""


class MlflowRuns:
    """The runs of a study in MLflow.

    Args:
        title: the name of the experiment, made if there is none.
        where: a tracking URI, such as `http://host:5000` or `sqlite:///mlflow.db`; by default MLflow's own.
    """

    def __init__(self, title: str, where: str | None) -> None:
        logging.getLogger("mlflow").setLevel(logging.WARNING)  # it tells of every table that it makes
        self._client = MlflowClient(tracking_uri=where)
        found = self._client.get_experiment_by_name(title)
        self._experiment = found.experiment_id if found else self._made(title)
        self._runs = {run.data.tags[_TRIAL]: run for run in self._all() if _TRIAL in run.data.tags}
        self.place = f"experiment {title} at {self._client.tracking_uri}"

    def written(self) -> dict[str, str]:
        """Return the digests of the runs that are there whole, by trial_id."""
        return {trial: digest for trial, run in self._runs.items() if (digest := run.data.tags.get(_DIGEST))}

    def write(self, run: TrialRun) -> None:
        """Write a run, or write it anew over the one of the same trial."""
        began, ended = int(run.began * 1000), int(run.ended * 1000)
        run_id = self._run_id(run.trial_id, run.name, began)
        known = self._runs[run.trial_id].data
        # A parameter is written once, as MLflow lets nobody change one.
        params = [Param(name, str(value)) for name, value in run.parameters.items() if name not in known.params]
        for outdated in set(WORDS) & known.tags.keys() - run.words.keys():
            self._client.delete_tag(run_id, outdated)
        metrics = [Metric(name, value, ended, 0) for name, value in run.metrics.items()]
        tags = [RunTag(name, value[:_LONGEST]) for name, value in run.words.items()]
        self._client.log_batch(run_id, params=params, tags=tags)
        for start in range(0, len(metrics), _MOST):
            self._client.log_batch(run_id, metrics=metrics[start : start + _MOST])
        self._client.set_terminated(run_id, "FINISHED" if run.completed else "FAILED", ended)
        # The last of all, so that a run that was cut short is written again.
        self._client.set_tag(run_id, _DIGEST, run.digest)

    def write_report(self, make: Callable[[Path], Path], lines: Sequence[str], digest: str) -> None:
        """Write the report as an artefact of a run of its own."""
        if self.written().get(_REPORT) == digest:
            return
        run_id = self._run_id(_REPORT, _REPORT, None)
        with TemporaryDirectory(prefix="privsearch-") as scratch:
            self._client.log_artifact(run_id, str(make(Path(scratch) / "report.html")))
        self._client.set_tag(run_id, "mlflow.note.content", "\n\n".join(lines)[:_LONGEST])
        self._client.set_terminated(run_id)
        self._client.set_tag(run_id, _DIGEST, digest)

    def _made(self, title: str) -> str:
        try:
            return str(self._client.create_experiment(title))
        except MlflowException:  # another process has just made it
            found = self._client.get_experiment_by_name(title)
            if found is None:
                raise
            return str(found.experiment_id)

    def _all(self) -> Iterator[Any]:
        token = None
        while True:
            page = self._client.search_runs([self._experiment], max_results=1000, page_token=token)
            yield from page
            token = page.token
            if not token:
                return

    def _run_id(self, trial: str, name: str, began: int | None) -> str:
        if trial not in self._runs:
            tags = {_TRIAL: trial}
            self._runs[trial] = self._client.create_run(self._experiment, began, tags, run_name=name)
        return str(self._runs[trial].info.run_id)
