"""The trackers that results can be written into, and how one is opened."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal, Protocol, get_args

from privsearch.errors import StudyError
from privsearch.report.loggers.runs import TrialRun

TrackerName = Literal["mlflow", "wandb", "tensorboard"]
"""The names of the trackers."""

TRACKERS: Final[tuple[TrackerName, ...]] = get_args(TrackerName)

_NEEDED: Final[dict[TrackerName, tuple[str, str]]] = {
    "mlflow": ("mlflow", "privsearch[mlflow]"),
    "wandb": ("wandb", "privsearch[wandb]"),
    "tensorboard": ("tensorboardX", "tensorboardX"),
}
"""The module that each needs, and what to install for it."""


class Destination(Protocol):
    """An open tracker, for one study.

    Attributes:
        place: where the runs are, in words.
    """

    @property
    def place(self) -> str:
        """The place of the runs, in words."""
        ...

    def written(self) -> dict[str, str]:
        """Return the digests of the runs that are there whole, by trial_id."""
        ...

    def write(self, run: TrialRun) -> None:
        """Write a run, or write it anew over the one of the same trial."""
        ...

    def write_report(self, make: Callable[[Path], Path], lines: Sequence[str], digest: str) -> None:
        """Write the report, unless that of the same digest is there.

        Args:
            make: writes the page to a file, and returns it.
            lines: the verdicts.
            digest: the hash of what the report is made from.
        """
        ...


def check_tracker(name: str) -> TrackerName:
    """Return the name of a tracker whose library is installed.

    Raises:
        StudyError: there is no such tracker, or its library is missing.
    """
    for tracker in TRACKERS:
        if tracker == name:
            module, package = _NEEDED[tracker]
            if find_spec(module) is None:
                raise StudyError(
                    f"{name}: {module} must be installed, but is not; install it with `pip install '{package}'`"
                )
            return tracker
    raise StudyError(f"{name}: must be one of {', '.join(TRACKERS)}")


def open_destination(name: str, title: str, folder: Path, where: str | None) -> Destination:
    """Open a tracker.

    Args:
        name: one of `TRACKERS`.
        title: the name of the sweep, which the experiment or project is called by.
        folder: the folder of the study.
        where: the place, as the tracker names places; by default its own.

    Raises:
        StudyError: there is no such tracker, or its library is missing.
    """
    # Each imports a library that need not be installed.
    match check_tracker(name):
        case "mlflow":
            from privsearch.report.loggers.mlflow_runs import MlflowRuns

            return MlflowRuns(title, where)
        case "wandb":
            from privsearch.report.loggers.wandb_runs import WandbRuns

            return WandbRuns(where or title, folder)
        case "tensorboard":
            from privsearch.report.loggers.tensorboard_runs import TensorboardRuns

            return TensorboardRuns(Path(where) if where else folder / "tensorboard")
