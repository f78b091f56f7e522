"""The arguments that calls share: a sweep, a study and a runner."""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from privsearch._util.machine import available_cores
from privsearch.api.choices import Reuse, RunnerName
from privsearch.api.study import Study, load_study
from privsearch.errors import SpecError
from privsearch.spec import Resources, SweepSpec
from privsearch.spec.builtin import sweep_path
from privsearch.spec.sweep_file import locating_errors, read_sweep, remarks_on

if TYPE_CHECKING:
    from privsearch.sweep.runners.base import Runner


@dataclass(frozen=True)
class SweepRequest:
    """A sweep as somebody asked for it.

    Attributes:
        spec: the sweep, its settings written over it.
        study: the study that it runs into, whether that is there yet or not.
        source: the file that the sweep was read from, or the mapping.
        settings: the settings, such as "recipe.epochs=5".
    """

    spec: SweepSpec
    study: Study
    source: Mapping[str, Any] | Path
    settings: tuple[str, ...]

    def keeping(self, *, signals: bool | None = None, networks: bool | None = None) -> Self:
        """Return the same request with another answer to whether signals or networks are kept; None: as it was."""
        changes = {"keep_signals": signals, "keep_networks": networks}
        kept = {field: keep for field, keep in changes.items() if keep is not None}
        return replace(self, spec=self.spec.model_copy(update=kept)) if kept else self

    @contextmanager
    def locating_errors(self) -> Iterator[None]:
        """Give errors that blame a field of the sweep the file and the line of the field.

        Raises:
            PrivsearchError: the error raised inside, of its own kind, with the place before its message.
        """
        with locating_errors(self.source, self.settings):
            yield


AnySweep = SweepRequest | SweepSpec | Mapping[str, Any] | Path | str
"""A sweep: read already, or the mapping that a sweep file holds, or the path of one, or the name of a built-in one."""

AnyStudy = Study | Path | str
_log = logging.getLogger(__name__)


def read_request(
    sweep: AnySweep, study: AnyStudy | None = None, settings: Sequence[str] = (), *, storage: str | None = None
) -> SweepRequest:
    """Read a sweep, unless that has been done already; a warning tells of what is seldom meant.

    Args:
        sweep: the sweep; paths in a mapping are relative to the current directory. A path at which there is no file
            may be the name of a sweep that comes with privsearch, such as "quickstart".
        study: the study or its folder; by default `studies/<name>`.
        settings: such as "recipe.epochs=5", written over the sweep's fields.
        storage: a path or a URI, written over the sweep's `storage`.

    Raises:
        SpecError: the sweep breaks a rule.
    """
    if isinstance(sweep, SweepRequest):
        if study is not None or settings or storage is not None:
            raise SpecError("a SweepRequest has its study and its settings already; give them to read_request instead")
        return sweep
    if storage is not None:
        settings = [*settings, f"storage={json.dumps(storage)}"]
    if isinstance(sweep, SweepSpec):
        sweep = sweep.model_dump(mode="json")
    source = sweep_path(Path(sweep)) if isinstance(sweep, str | Path) else sweep
    spec = read_sweep(source, settings)
    for line in remarks_on(spec, source, settings):
        _log.warning("%s", line)
    folder = Path("studies") / spec.name if study is None else study
    return SweepRequest(spec, folder if isinstance(folder, Study) else Study(Path(folder)), source, tuple(settings))


def takes_only_same_versions(reuse: Reuse) -> bool:
    """Tell whether a call takes only what was recorded under the present versions.

    Raises:
        SpecError: it is asked for something else.
    """
    if reuse not in ("all", "same-versions"):
        raise SpecError(f"reuse must be 'all' or 'same-versions', but got {reuse!r}")
    return reuse == "same-versions"


def open_study(study: AnyStudy) -> Study:
    """Open a study, unless that has been done already.

    Raises:
        StudyError: there is none in that folder.
    """
    return study if isinstance(study, Study) else load_study(study)


def make_runner(
    sweep: SweepSpec, runner: "RunnerName | Runner" = "tune", workers: int | None = None, address: str | None = None
) -> "Runner":
    """Make the runner of that name for a sweep; Ray is imported only if it is used.

    Raises:
        SpecError: there is no runner of that name, or it runs on no cluster.
    """
    from privsearch.sweep.runners.base import Runner  # with all that a trial needs, which what only reads does not

    if isinstance(runner, Runner):
        return runner
    if address is not None and not address.strip():
        raise SpecError(
            f"--address: must be auto, HOST:PORT or ray://HOST:PORT, but got {address!r}; leave it out to run on this "
            "machine alone"
        )
    if runner == "tune":
        if not address:
            _note_few_cores(sweep.resources, workers)
        from privsearch.sweep.runners.ray_tune.runner import TuneRunner

        return TuneRunner(workers, sweep.resources, sweep.retry_policy, address)
    if runner != "inline":
        raise SpecError(f"the runner must be 'tune', 'inline' or a Runner, but got {runner!r}")
    for option, given in (("--address", address), ("--workers", workers)):
        if given is not None:
            raise SpecError(f"{option}: must come with --runner tune, but got {given!r} with --runner inline; drop one")
    from privsearch.sweep.runners.inline import InlineRunner

    return InlineRunner(sweep.resources)


def _note_few_cores(resources: Resources, workers: int | None) -> None:
    """Tell whoever asks for more workers, or larger ones, than this machine has cores for."""
    cores = available_cores()
    if resources.cpu > cores:
        _log.warning(
            "resources.cpu: a worker is to have %g cores, but this machine has %d; one worker takes what there is",
            resources.cpu,
            cores,
        )
    at_once = workers or resources.max_concurrent or 1
    if at_once > max(1, cores / resources.cpu):
        _log.warning(
            "%s: %d workers of %g cores are to run at a time, but this machine has %d cores; they take turns, which is "
            "slower, and take memory all the same",
            "--workers" if workers else "resources.max_concurrent",
            at_once,
            resources.cpu,
            cores,
        )


def make_attack_runner(
    sweep: SweepSpec, runner: "RunnerName | Runner" = "tune", workers: int | None = None, address: str | None = None
) -> "Runner":
    """Make the runner of that name for attacks alone, which are the processor's work: no worker takes a GPU.

    Raises:
        SpecError: there is no runner of that name, or it runs on no cluster.
    """
    resources = sweep.resources.model_copy(update={"gpu": 0.0})
    return make_runner(sweep.model_copy(update={"resources": resources}), runner, workers, address)
