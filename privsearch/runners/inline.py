"""Run trials one after another in this process: for tests, for debugging, and where Ray is not installed."""

from collections.abc import Sequence

from privsearch.plan import PlannedTrial
from privsearch.runners.base import Observer, Runner, attributed
from privsearch.runners.jobs import Job


class InlineRunner(Runner):
    """Runs trials here and now."""

    def run(self, trials: Sequence[PlannedTrial], job: Job, observer: Observer) -> None:
        """Run every trial, in order."""
        for trial in trials:
            observer.started(trial)
            observer.finished(attributed(job(trial), trial))
