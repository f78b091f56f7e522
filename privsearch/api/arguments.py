"""What calls take for a sweep, a study and a runner."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from privsearch.errors import SpecError
from privsearch.spec import SweepSpec
from privsearch.spec.sweep_file import read_sweep
from privsearch.study.folder import Study, load_study
from privsearch.sweep.runners import Runner

AnySweep = SweepSpec | Mapping[str, Any] | Path | str
"""A sweep: read already, or as the mapping that a sweep file holds, or the path of one."""

AnyStudy = Study | Path | str
RunnerName = Literal["tune", "inline"]


def source_of(sweep: AnySweep) -> Mapping[str, Any] | Path:
    """The mapping, or the path, from which a sweep is read."""
    if isinstance(sweep, SweepSpec):
        return sweep.model_dump(mode="json")
    return Path(sweep) if isinstance(sweep, str) else sweep


def study_of(study: AnyStudy) -> Study:
    """The study.

    Raises:
        StudyError: there is none in that directory.
    """
    return study if isinstance(study, Study) else load_study(study)


def asked(
    sweep: Mapping[str, Any] | Path, study: AnyStudy | None = None, settings: Sequence[str] = ()
) -> tuple[SweepSpec, Study]:
    """A sweep, and the study that it belongs into."""
    spec = read_sweep(sweep, settings)
    folder = Path("studies") / spec.name if study is None else study
    return spec, folder if isinstance(folder, Study) else Study(Path(folder))


def runner_for(
    sweep: SweepSpec, runner: RunnerName | Runner = "tune", workers: int | None = None, address: str | None = None
) -> Runner:
    """The runner of that name for a sweep; Ray is imported only where it is used.

    Raises:
        SpecError: there is no runner of that name, or it runs on no cluster.
    """
    if isinstance(runner, Runner):
        return runner
    if runner == "tune":
        from privsearch.sweep.runners.ray_tune.runner import TuneRunner

        return TuneRunner(workers, sweep.resources, sweep.retry_policy, address)
    if runner != "inline":
        raise SpecError(f"the runner must be 'tune', 'inline' or a Runner, but got {runner!r}")
    if address:
        raise SpecError(f"--address: must come with --runner tune, but got {address!r} with --runner inline")
    from privsearch.sweep.runners.inline import InlineRunner

    return InlineRunner(sweep.resources)
