"""What recorded results are worth today: which were computed under other versions, and which answer to other data."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from privsearch.data import DatasetInfo
from privsearch.spec import NUMERICS_VERSION, registry
from privsearch.study.environment import present_environment, same_versions
from privsearch.study.result import Completed, TrialResult


def has_present_versions(result: Completed) -> bool:
    """Whether all of a result was computed under the versions that this process has."""
    return all(same_versions(found, present_environment()) for found in result.environments)


def changed_code(environments: Iterable[Mapping[str, Any]]) -> list[str]:
    """The registered models and attacks whose own source is not what it was when they were last run, by kind and tag.

    Args:
        environments: where the sweep ran before (`privsearch.study.environment.describe_environment`), the latest last.
    """
    before: dict[str, Any] = {}
    for environment in environments:
        registered = environment.get("registered")
        before |= registered if isinstance(registered, dict) else {}
    return [what for what, source in registry.sources().items() if before.get(what, source) != source]


@dataclass(frozen=True)
class Superseded:
    """Recorded trials that the sweep would ask for, had not something changed since; by the dataset's name, how many.

    Attributes:
        by_data: the dataset's file held other data then, or a later privsearch gave the configuration other numbers.
        by_meaning: privsearch gave the same configuration other numbers then (`NUMERICS_VERSION`).
    """

    by_data: Mapping[str, int] = field(default_factory=dict)
    by_meaning: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many trials these are."""
        return sum(self.by_data.values()) + sum(self.by_meaning.values())


def superseded(
    elsewhere: Iterable[TrialResult], infos: Mapping[str, DatasetInfo], asked: Collection[str]
) -> Superseded:
    """Find, among results that are not asked for, those of configurations that are.

    Args:
        elsewhere: recorded results that the sweep does not ask for.
        infos: the sweep's datasets as they are now, by name.
        asked: the ids of the trials that the sweep asks for.
    """
    by_data, by_meaning = Counter[str](), Counter[str]()
    for result in elsewhere:
        info = infos.get(result.spec.dataset_name)
        if info and result.spec.trial_id(info.fingerprint) in asked:
            earlier = (result.spec.trial_id(info.fingerprint, version) for version in range(1, NUMERICS_VERSION))
            changed = by_meaning if result.trial_id in earlier else by_data
            changed[info.name] += 1
    return Superseded(by_data, by_meaning)
