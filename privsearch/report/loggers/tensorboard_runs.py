"""Event files for TensorBoard: a folder for each trial, with its parameters and numbers, and the verdicts as text."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tensorboardX import SummaryWriter
from tensorboardX.summary import hparams

from privsearch._util.disk import replace_file
from privsearch.report.loggers.runs import TrialRun

_MEMORY: Final = "privsearch.json"
"""The file beside the event files that says what they were made from; written last."""

_REPORT: Final = "report"


class TensorboardRuns:
    """The event files of a study.

    Args:
        folder: the folder that TensorBoard is started on.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.place = f"{folder} (tensorboard --logdir {folder})"

    def written(self) -> dict[str, str]:
        """Return the digests of the folders that are there whole, by trial_id."""
        return {path.parent.name: _digest(path) for path in self._folder.glob(f"*/{_MEMORY}")}

    def write(self, run: TrialRun) -> None:
        """Write the folder of a run, in the place of the one that was there."""
        to = self._emptied(run.trial_id)
        with SummaryWriter(logdir=str(to)) as writer:
            # Such numbers are of a trial as a whole, which has one step.
            for name, value in run.metrics.items():
                writer.add_scalar(name, value, 0, walltime=run.ended)
            for summary in hparams(dict(run.parameters), dict(run.metrics)):
                writer.file_writer.add_summary(summary, walltime=run.ended)
            writer.add_text("trial", "\n\n".join([run.name, *(f"{name}: {text}" for name, text in run.words.items())]))
        self._remember(to, run.digest)

    def write_report(self, make: Callable[[Path], Path], lines: Sequence[str], digest: str) -> None:
        """Write the report as a page beside the event files, and the verdicts as text."""
        if self.written().get(_REPORT) == digest:
            return
        to = self._emptied(_REPORT)
        page = make(to / "report.html")
        with SummaryWriter(logdir=str(to)) as writer:
            writer.add_text("verdict", "\n\n".join([*lines, f"The report: {page}"]))
        self._remember(to, digest)

    def _emptied(self, name: str) -> Path:
        to = self._folder / name
        if to.exists():
            shutil.rmtree(to)
        to.mkdir(parents=True)
        return to

    def _remember(self, to: Path, digest: str) -> None:
        replace_file(to / _MEMORY, json.dumps({"digest": digest}) + "\n")


def _digest(memory: Path) -> str:
    try:
        found = json.loads(memory.read_bytes())
    except (OSError, ValueError, RecursionError):
        return ""
    return str(found.get("digest")) if isinstance(found, dict) else ""
