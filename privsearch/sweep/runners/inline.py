"""The runner in this process, one trial after another: for tests, for debugging, and for machines without Ray."""

from collections import deque
from functools import partial

from privsearch.spec import Device, Resources
from privsearch.sweep.advance import Teller
from privsearch.sweep.parts import TrainedPart
from privsearch.sweep.runners.base import Observer, Runner, Source, checked_identity, no_gpu
from privsearch.sweep.runners.jobs import Job


class InlineRunner(Runner):
    """A runner that runs one trial after another in this process."""

    def __init__(self, resources: Resources = Resources()) -> None:  # noqa: B008  # frozen
        """Prepare to train on the GPU if there is one, unless `resources` exclude it."""
        self._gpu = resources.gpu

    def run(self, source: Source, job: Job, observer: Observer) -> None:
        """Run every trial, in order."""
        device, waiting = self._device(), deque(source.take())
        with Teller() as teller:
            while waiting:
                trial = waiting.popleft()
                observer.started(trial)
                with teller.work(trial.part, partial(observer.advanced, trial)):
                    result = job(trial, device)
                if not isinstance(result, TrainedPart):  # no trial is split here
                    observer.finished(checked_identity(result, trial))
                waiting.extend(source.take())

    def _device(self) -> Device:
        if self._gpu == 0:
            return "cpu"
        from torch import cuda  # slow to import, and needed by the trials anyway

        if not cuda.is_available() and self._gpu:
            raise no_gpu(self._gpu, "torch finds none here")
        return "cuda" if cuda.is_available() else "cpu"
