"""Runs in Weights & Biases: a project for each sweep, a run for each trial, and one more for the report.

A run has the id of its trial, so that one that is written again is the same run, also where offline runs are sent later
(`wandb sync`). What was written is remembered in the study, as offline nobody can be asked.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import wandb

from privsearch._util.disk import replace_file
from privsearch.report.loggers.runs import TrialRun

_MEMORY: Final = ".logged-wandb.json"
"""The file in the study that says what was written to which project."""

_REPORT: Final = "report"

_QUIET: Final = wandb.Settings(silent=True, console="off", x_disable_stats=True, disable_git=True, save_code=False)
"""Nothing of this process, which trained nothing, belongs to a run."""


class WandbRuns:
    """The runs of a study in Weights & Biases, by the account and the mode of the environment (`WANDB_MODE`).

    Args:
        project: the project, or `entity/project`.
        folder: the folder of the study, where the memory is. The files of the runs are where WANDB_DIR says, by default
            in the current directory: they hold links, which a study must not.
    """

    def __init__(self, project: str, folder: Path) -> None:
        self._entity, _, self._project = project.rpartition("/")
        self._folder = folder
        offline = wandb.setup().settings.mode == "offline"
        self.place = f"project {project}{', offline: send it with `wandb sync --sync-all`' if offline else ''}"

    def written(self) -> dict[str, str]:
        """Return the digests of the runs that were written whole, by trial_id."""
        return {trial: str(digest) for trial, digest in self._memory().get(self._key, {}).items()}

    def write(self, run: TrialRun) -> None:
        """Write a run, or write it anew over the one of the same trial."""
        with self._run(run.trial_id, run.name) as opened_run:
            opened_run.config.update({**run.parameters, **run.words}, allow_val_change=True)
            opened_run.summary.update(dict(run.metrics))
            if not run.completed:
                opened_run.tags = ("failed",)
        self._remember(run.trial_id, run.digest)

    def write_report(self, make: Callable[[Path], Path], lines: Sequence[str], digest: str) -> None:
        """Write the report as an artefact of a run of its own."""
        if self.written().get(_REPORT) == digest:
            return
        with TemporaryDirectory(prefix="privsearch-") as scratch:
            page = make(Path(scratch) / "report.html")
            with self._run(f"{_REPORT}-{self._project}", _REPORT) as opened_run:
                opened_run.notes = "\n\n".join(lines)
                artefact = wandb.Artifact(f"{_REPORT}-{self._project}", type=_REPORT)
                artefact.add_file(str(page))
                opened_run.log_artifact(artefact)
        self._remember(_REPORT, digest)

    @property
    def _key(self) -> str:
        return f"{self._entity}/{self._project}"

    def _run(self, run_id: str, name: str) -> Any:
        return wandb.init(
            entity=self._entity or None,
            project=self._project,
            id=run_id,
            name=name,
            resume="allow",
            reinit="create_new",
            settings=_QUIET,
        )

    def _memory(self) -> dict[str, dict[str, str]]:
        try:
            found = json.loads((self._folder / _MEMORY).read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        whole = isinstance(found, dict) and all(isinstance(runs, dict) for runs in found.values())
        return found if whole else {}

    def _remember(self, trial: str, digest: str) -> None:
        memory = self._memory()
        memory.setdefault(self._key, {})[trial] = digest
        replace_file(self._folder / _MEMORY, json.dumps(memory, indent=1) + "\n")
