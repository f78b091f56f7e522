"""The trial that a folder is written from, and the folder's files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from privsearch._util.disk import reading
from privsearch.analysis.axis_values import varying_axes
from privsearch.analysis.frames import axes_of, configurations_frame
from privsearch.analysis.labels import configuration
from privsearch.data import describe_dataset
from privsearch.errors import DataError, SpecError, StudyError
from privsearch.spec.axes import BUILT_IN_MODELS
from privsearch.spec.export_formats import GraphFormat
from privsearch.study.content import StudyContent
from privsearch.study.result import Completed

PROGRAM: Final = "model.py"
README: Final = "README.md"
ROWS: Final = "training_rows.json"
OURS: Final = (PROGRAM, README, ROWS, "network_*.safetensors", "network_*.onnx", "preprocessing*.json")
"""The files that an export writes, by their patterns."""


@dataclass(frozen=True)
class Source:
    """The trial that a folder is written from.

    Attributes:
        content: the study.
        result: the trial, with the present path of its dataset.
        graph_format: the format of a graph to be written beside the program; None for none.
    """

    content: StudyContent
    result: Completed
    graph_format: GraphFormat | None = None

    @property
    def title(self) -> str:
        """The name that the study's tables have for the configuration, and the dataset."""
        varying = varying_axes(configurations_frame(self.content.results))
        return f"{configuration(axes_of(self.result.spec), varying)} on {self.result.spec.dataset_name}"

    def obstacle(self) -> str | None:
        """Return the reason why a network of this trial cannot run on its own; None if it can."""
        spec = self.result.spec
        if spec.model not in BUILT_IN_MODELS:
            return f"{spec.model} is a model of your own, whose code only you have"
        try:
            info = describe_dataset(spec.dataset)
        except (DataError, SpecError):
            return "the scale of its inputs follows from the data, which are not at hand here"
        if self.graph_format and info.num_steps is not None:
            return f"inputs over time have no end that --format {self.graph_format} knows; export it without"
        if spec.trial_id(info.fingerprint) != self.result.trial_id:
            return "the scale of its inputs follows from the data, which have changed since, or are read otherwise now"
        return None


def check_folder(folder: Path, trial_id: str) -> None:
    """Make sure that an export overwrites no file but those of an earlier export of the same trial.

    Raises:
        StudyError: there is a file that an export would overwrite, and no README of such an export.
    """
    there = sorted(path.name for pattern in OURS for path in folder.glob(pattern))
    if not there:
        return
    readme = folder / README
    with reading(readme):
        is_ours = readme.is_file() and f"Trial {trial_id} " in readme.read_text(encoding="utf-8", errors="replace")
    if not is_ours:
        raise StudyError(
            f"{folder}: must be a new folder, or one that holds an export of trial {trial_id} alone, but {there[0]} in "
            "it is of something else; name another folder with --to"
        )
