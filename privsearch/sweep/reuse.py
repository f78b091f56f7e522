"""Checks on recorded results: other versions, changed code of registered parts, other data."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from privsearch.data import DatasetInfo
from privsearch.spec import registry
from privsearch.study.cohort import Cohort
from privsearch.study.environment import present_environment, same_versions
from privsearch.study.result import Completed, TrialResult


def has_present_versions(computed: Completed | Cohort) -> bool:
    """Tell whether all of a result, or of trained networks, was computed under the versions that this process has."""
    return all(same_versions(environment, present_environment()) for environment in computed.environments)


def changed_code(environments: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the registered models and attacks, by kind and tag, whose source changed since they last ran.

    Args:
        environments: the environments of earlier runs (see `privsearch.study.environment.describe_environment`), the
            latest last.
    """
    before: dict[str, Any] = {}
    for environment in environments:
        registered = environment.get("registered")
        before |= registered if isinstance(registered, dict) else {}
    return [part for part, source in registry.sources().items() if before.get(part, source) != source]


@dataclass(frozen=True)
class Superseded:
    """The counts, by dataset name, of recorded trials that the sweep would ask for had nothing changed since.

    Attributes:
        by_data: the trials run on other contents of the dataset's file, or by a later privsearch whose numerics differ.
        by_meaning: the trials run by an earlier privsearch whose numerics differ (`NUMERICS_VERSION`), or
            whose protocol drew other training sets (`design`).
    """

    by_data: Mapping[str, int] = field(default_factory=dict)
    by_meaning: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """The number of all superseded trials."""
        return sum(self.by_data.values()) + sum(self.by_meaning.values())


def superseded(
    elsewhere: Iterable[TrialResult], infos: Mapping[str, DatasetInfo], trial_ids: Collection[str]
) -> Superseded:
    """Count the results whose trial is not asked for, but whose configuration is.

    Args:
        elsewhere: recorded results that the sweep does not ask for.
        infos: the sweep's datasets as they are now, by name.
        trial_ids: the ids of the trials that the sweep asks for.
    """
    by_data, by_meaning = Counter[str](), Counter[str]()
    for result in elsewhere:
        info = infos.get(result.spec.dataset_name)
        if info and result.spec.trial_id(info.fingerprint) in trial_ids:
            changed = by_meaning if result.trial_id in result.spec.earlier_ids(info.fingerprint) else by_data
            changed[info.name] += 1
    return Superseded(by_data, by_meaning)
