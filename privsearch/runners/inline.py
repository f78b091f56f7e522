"""Run trials one after another in this process: for tests, for debugging, and where Ray is not installed."""

from collections.abc import Sequence

from privsearch.plan import PlannedTrial
from privsearch.runners.base import Observer, Runner, attributed
from privsearch.training import EpochListener
from privsearch.trial import run_trial


class InlineRunner(Runner):
    """Runs trials here and now."""

    def __init__(self, on_epoch: EpochListener | None = None) -> None:
        """Run trials, telling `on_epoch` of every epoch."""
        self._on_epoch = on_epoch

    def run(self, trials: Sequence[PlannedTrial], observer: Observer) -> None:
        """Run every trial, in order."""
        for trial in trials:
            observer.started(trial)
            observer.finished(attributed(run_trial(trial.spec, self._on_epoch), trial))
