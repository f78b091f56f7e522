"""The runner in this process, one trial after another: for tests, for debugging, and for machines without Ray."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from privsearch.spec import Device, Resources
from privsearch.sweep.advance import Teller
from privsearch.sweep.parts import MOST_SECONDS, TrainedPart, parts_of
from privsearch.sweep.runners.base import Observer, Runner, Source, checked_identity, no_gpu
from privsearch.sweep.runners.jobs import Job, can_be_split


class InlineRunner(Runner):
    """A runner that runs one trial after another in this process."""

    def __init__(self, resources: Resources = Resources()) -> None:  # noqa: B008  # frozen
        """Prepare to train on the GPU if there is one, unless `resources` exclude it."""
        self._gpu = resources.gpu

    @contextmanager
    def ready(self, job: Job, most: int, tell: Callable[[str], None]) -> Iterator[None]:  # noqa: ARG002  # one trial at a time, whatever the job
        """Make sure that there is a GPU if one is asked for."""
        self._device()
        yield

    def run(self, source: Source, job: Job, observer: Observer) -> None:
        """Run every trial, in order."""
        device, waiting = self._device(), deque(source.take())
        with Teller() as teller:
            while waiting:
                trial = waiting.popleft()
                observer.started(trial)
                # In parts, a long trial that is interrupted keeps the networks that it has trained.
                works = deque(parts_of(trial, MOST_SECONDS) if can_be_split(job) else ()) or deque([trial])
                unkept = None
                while works:
                    work = works.popleft()
                    with teller.work(work.part, partial(observer.advanced, trial)):
                        result = job(work, device)
                    if not isinstance(result, TrainedPart):
                        observer.finished(checked_identity(result, trial))
                        continue
                    unkept = unkept or result.networks_unkept
                    if not works:
                        works.append(trial.rest(unkept))
                waiting.extend(source.take())

    def _device(self) -> Device:
        if self._gpu == 0:
            return "cpu"
        from torch import cuda  # slow to import, and needed by the trials anyway

        if not cuda.is_available() and self._gpu:
            raise no_gpu(self._gpu, "torch finds none here")
        return "cuda" if cuda.is_available() else "cpu"
