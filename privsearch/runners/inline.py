"""Run trials one after another in this process: for tests, for debugging, and where Ray is not installed."""

from collections.abc import Sequence

from privsearch.plan import PlannedTrial
from privsearch.runners.base import Observer, Runner, attributed, no_gpu
from privsearch.runners.jobs import Job
from privsearch.spec import Device, Resources


class InlineRunner(Runner):
    """Runs trials here and now."""

    def __init__(self, resources: Resources = Resources()) -> None:  # noqa: B008  # frozen
        """Run on the GPU where there is one, unless `resources` leave it out."""
        self._gpu = resources.gpu

    def run(self, trials: Sequence[PlannedTrial], job: Job, observer: Observer) -> None:
        """Run every trial, in order."""
        device = self._device()
        for trial in trials:
            observer.started(trial)
            observer.finished(attributed(job(trial, device), trial))

    def _device(self) -> Device:
        if self._gpu == 0:
            return "cpu"
        from torch import cuda  # slow to import, and needed by the trials anyway

        if not cuda.is_available() and self._gpu:
            raise no_gpu(self._gpu, "torch finds none here")
        return "cuda" if cuda.is_available() else "cpu"
