"""The searches of a sweep: one for each dataset under each protocol, each with its space, its id, and its trials."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from privsearch.data import DatasetInfo
from privsearch.spec import NUMERICS_VERSION, Asked, Attack, Search, SweepSpec, TrialSpec, dataset_name
from privsearch.spec.datasets import task_name
from privsearch.spec.sweep import Objectives
from privsearch.spec.trial import canonical_protocol
from privsearch.study.result import Completed, TrialResult, restricted_to
from privsearch.sweep.search.space import Axes, SearchSpace


@dataclass(frozen=True)
class TaskSearch:
    """One search: its trials compete for one front.

    Attributes:
        name: the dataset's, with the protocol where the sweep has several, as of the front.
        search: what is asked for.
        info: the dataset.
        base: the trial that its trials vary, with all that they share.
        attacks: by the kind of model, the attacks of its trials.
        objectives: result columns, and which way is better.
    """

    name: str
    search: Search
    info: DatasetInfo
    base: TrialSpec
    attacks: Mapping[str, tuple[Attack, ...]]
    objectives: Objectives

    @cached_property
    def space(self) -> SearchSpace:
        """Its points, those of models that no attack suits left out."""
        models = tuple(model for model in self.search.models if self.attacks[model])
        return SearchSpace({**self.search.space, "model": models}, self.info.network, self.base.axes())

    @property
    def seed(self) -> str:
        """What its draws begin from: those of two searches of a sweep differ."""
        own = self.base.seed if self.search.seed is None else self.search.seed
        return f"{own} {self.info.name} {self.base.protocol.kind}"

    @cached_property
    def id(self) -> str:
        """What its proposals are logged under: 16 hexadecimal digits.

        It covers the space, the sampler, the seed, and what all of its trials share: another of these is another
        search. Budgets, objectives and constraints may change while it goes on.
        """
        meaning = {
            "version": NUMERICS_VERSION,
            "search": self.search.model_dump(mode="json", include={"space", "sampler"}),
            "seed": self.seed,
            "dataset": self.info.fingerprint,
            "base": self.base.model_dump(mode="json", exclude={"attacks", "dataset"}),
        }
        return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()[:16]

    def asked(self, axes: Axes) -> Asked:
        """The trial at a point."""
        spec = {**axes, "attacks": self.attacks[axes["model"]], "dataset": self.base.dataset}
        return Asked(TrialSpec.model_validate({**spec, "protocol": self.base.protocol, "seed": self.base.seed}), ())

    def trial_id(self, axes: Axes) -> str:
        """The key of the trial at a point."""
        return self.asked(axes).spec.trial_id(self.info.fingerprint)

    def holds(self, result: TrialResult) -> bool:
        """Whether a result, of whatever sweep, is that of a trial of this search."""
        axes = result.spec.axes()
        return self.space.choices(axes) is not None and result.trial_id == self.trial_id(axes)

    def lacking(self, result: TrialResult) -> list[str]:
        """The names of the attacks that a result of this search lacks."""
        return [attack.name for attack in self.attacks[result.spec.model] if attack not in result.spec.attacks]

    def outcome(self, result: TrialResult) -> dict[str, float] | None:
        """What a sampler is told of a result: None where a front would leave it out."""
        from privsearch.analysis.frames import completed_numbers  # pandas is slow to import, and a plan needs none

        asked = restricted_to(result, self.attacks[result.spec.model])
        if not isinstance(asked, Completed) or asked.dead:
            return None
        numbers: dict[str, Any] = {**completed_numbers(asked), "seconds": asked.seconds}
        found = {column: numbers.get(column) for column in (*self.objectives, *self.search.constraints)}
        return None if None in found.values() else {column: float(value or 0) for column, value in found.items()}


def search_tasks(sweep: SweepSpec, infos: Mapping[str, DatasetInfo]) -> Iterator[TaskSearch]:
    """The searches of a sweep, in the order of its datasets and protocols; none where it has no search.

    Args:
        sweep: what is asked for.
        infos: its datasets, by name.
    """
    search = sweep.search
    for dataset in sweep.datasets if search else ():
        info = infos[dataset_name(dataset)]
        for protocol in sweep.protocol:
            canonical = canonical_protocol(protocol, augments=info.augments)
            attacks = {model: sweep.attacks_under(canonical, model) for model in search.models} if search else {}
            if search and any(attacks[model] for model in search.models):
                base = {**sweep.axes_for(info.name), "model": search.models[0], "dataset": dataset}
                yield TaskSearch(
                    name=task_name(info.name, protocol.kind, several=len(sweep.protocol) > 1),
                    search=search,
                    info=info,
                    base=TrialSpec.model_validate({**base, "protocol": canonical, "seed": sweep.seed}),
                    attacks=attacks,
                    objectives=sweep.objectives_under(protocol.kind),
                )
