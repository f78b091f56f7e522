"""The calls with which a configuration is chosen and taken along."""

from pathlib import Path
from typing import TYPE_CHECKING

from privsearch.api.arguments import AnyStudy, study_of

if TYPE_CHECKING:
    from privsearch.analysis.selection import Selection
    from privsearch.models.training import EpochListener
    from privsearch.sweep.export import Exported


def pick_trials(study: AnyStudy, *, dataset: str | None = None, min_accuracy: float | None = None) -> "list[Selection]":
    """Choose a configuration for each dataset under each protocol, and say what that rests on.

    Args:
        study: the study, or its directory.
        dataset: one of its datasets, to leave the others out.
        min_accuracy: a fraction: take the most private configuration whose mean test accuracy is at least this; without
            it, the knee of the front.

    Raises:
        SpecError: `min_accuracy` is no fraction.
        StudyError: this is no study, has no such dataset or no result yet, or nothing in it is to be low.
    """
    from privsearch.analysis.selection import select

    return select(study_of(study), dataset=dataset, min_accuracy=min_accuracy)


def export_trial(
    study: AnyStudy,
    trial_id: str,
    to: Path | str | None = None,
    *,
    train: bool = False,
    on_epoch: "EpochListener | None" = None,
) -> "Exported":
    """Write one configuration as a sweep file of its own and, if they were kept, its networks.

    Args:
        study: the study, or its directory.
        trial_id: of a completed trial, or the beginning of one.
        to: the directory to write to; by default `exports` in the study.
        train: train the configuration once more where its networks were not kept.
        on_epoch: told of that training.

    Raises:
        StudyError: there is no such study or trial, or the files cannot be written.
        DataError: the dataset is missing or unfit.
    """
    from privsearch.sweep.export import export

    return export(study_of(study), trial_id, Path(to) if to is not None else None, train=train, on_epoch=on_epoch)
