"""The pickling of a job for training processes, together with the plugins that are registered only here."""

# isort: off
import privsearch.sweep.runners.ray_tune.settings  # noqa: F401  # before Ray

# isort: on
import pickle
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import cast

from ray import cloudpickle

from privsearch.errors import SpecError
from privsearch.spec import Device, registry
from privsearch.sweep.runners.jobs import Job, JobWithPlugins


def packed(job: Job, device: Device) -> bytes:
    """Return the pickled pair of a job, with all registered entries, and a device.

    Functions that other processes could not import are pickled by value: those of notebooks, scripts, plugins, and any
    other module that is not installed.

    Raises:
        SpecError: a registered entry cannot be pickled.
    """
    entries = registry.entries()
    if not entries:
        return _pickled((job, device))
    with _by_value({entry.function.__module__ for entry in entries if hasattr(entry.function, "__module__")}):
        for entry in entries:
            try:
                _pickled(entry)
            except Exception as error:  # whatever a user's objects raise
                raise SpecError(
                    f"the {entry.kind} {entry.name!r} must be such that it can be sent to workers (pickled), but: "
                    f"{error}; make what it refers to inside of the function, or run with --runner inline"
                ) from error
        return _pickled((JobWithPlugins(job, entries), device))


def unpacked(packed: bytes) -> Job:
    """Return the job that `packed` packed, for whatever device, and register the entries that came with it."""
    job, _ = pickle.loads(packed)  # noqa: S301  # from the process that started this one
    if isinstance(job, JobWithPlugins):
        registry.adopt(job.entries)
        return job.job
    return cast("Job", job)


def _pickled(value: object) -> bytes:
    pickled: bytes = cloudpickle.dumps(value)  # type: ignore[no-untyped-call]
    return pickled


@contextmanager
def _by_value(names: Iterable[str]) -> Iterator[None]:
    """Have the definitions of the modules of these names pickled by value, unless the modules are installed."""
    modules = [module for name in names if name != "__main__" and (module := sys.modules.get(name))]
    foreign = [module for module in modules if not _is_installed(module)]
    for module in foreign:
        cloudpickle.register_pickle_by_value(module)  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        for module in foreign:
            cloudpickle.unregister_pickle_by_value(module)  # type: ignore[no-untyped-call]


def _is_installed(module: ModuleType) -> bool:
    if not (file := getattr(module, "__file__", None)):
        return True  # built in
    return any(Path(file).is_relative_to(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib"))
