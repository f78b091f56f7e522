"""The networks of a recorded trial, trained once more and compared with the record."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from privsearch.analysis.frames import completed_numbers
from privsearch.data import describe_dataset, require_datasets
from privsearch.errors import DataError, StudyError
from privsearch.study.environment import changes, present_environment, was_on_gpu
from privsearch.study.network_archive import NetworkArchive
from privsearch.study.result import Completed, Failed, same_network

if TYPE_CHECKING:
    from privsearch.models.training import EpochListener


@dataclass(frozen=True)
class Retrained:
    """The comparison of a recorded result with that of training the configuration again.

    Attributes:
        differing: the recorded and the new number of each column whose numbers differ.
        equal: True if the whole results are equal, numbers without a column included.
        changes: the differences between the two environments, in words; empty if there are none.
    """

    differing: dict[str, tuple[Any, Any]]
    equal: bool
    changes: str


def train_again(result: Completed, networks: NetworkArchive, on_epoch: "EpochListener | None") -> Retrained:
    """Train a trial again, keep its networks, and compare its numbers with the recorded ones."""
    # Slow to import, and needed by no other export.
    from privsearch.sweep.cohort import Keeping
    from privsearch.sweep.trial import run_trial

    info = describe_dataset(result.spec.dataset)
    if result.spec.trial_id(info.fingerprint) != result.trial_id:
        raise DataError(
            f"{info.name}: must be as it was when trial {result.trial_id} was recorded, and privsearch as well, but "
            "one of them has changed; export without --train and run the sweep file, which trains what it is now"
        )
    require_datasets([result.spec.dataset])
    done = tuple(attack for attack in result.attacks_done if attack.name in {*result.across, *result.refused})
    spec = result.spec.model_copy(update={"attacks": done or result.spec.attacks})
    device = device_of(result.environments)
    again = run_trial(spec, on_epoch, keep=Keeping(networks=networks), device=device)
    if isinstance(again, Failed):
        raise StudyError(f"{result.trial_id}: must train again, but it failed ({again.error}: {again.message})")
    if again.networks_unkept:
        raise StudyError(again.networks_unkept)
    was, now = completed_numbers(result), completed_numbers(again)
    return Retrained(
        differing={column: (value, now.get(column)) for column, value in was.items() if value != now.get(column)},
        equal=_are_equal(result, again),
        changes=changes(result.environments[0], present_environment(device)),
    )


def device_of(environments: Sequence[str]) -> str:
    """Return the device that the trial was trained on, or the CPU if there is no GPU here."""
    if not was_on_gpu(environments[0]):
        return "cpu"
    from torch import cuda

    return "cuda" if cuda.is_available() else "cpu"


def _are_equal(result: Completed, again: Completed) -> bool:
    """Compare all outcomes, without the specs, whose datasets may have other paths."""
    pairs = list(zip(result.replicates, again.replicates, strict=True))
    without = {"target": None, "shadow": None}
    return (
        all(same_network(old.target, new.target) and same_network(old.shadow, new.shadow) for old, new in pairs)
        and all(old.model_copy(update=without) == new.model_copy(update=without) for old, new in pairs)
        and (result.across, _refused(result)) == (again.across, _refused(again))
    )


def _refused(result: Completed) -> dict[str, str]:
    return {name: why for name, why in result.refused.items() if name not in result.lacked_data}
