"""The searches of a sweep: one a task, each with its space, its id, and its trials."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from privsearch.data import DatasetInfo
from privsearch.spec import NUMERICS_VERSION, Attack, Search, SweepSpec, TrialRequest, TrialSpec, dataset_name
from privsearch.spec.datasets import task_name
from privsearch.spec.energy import PUBLISHED_COSTS, EnergyCosts
from privsearch.spec.logits import NetworkKind, network_kind
from privsearch.spec.objectives import Objectives
from privsearch.study.result import Completed, TrialResult, priced, restricted_to
from privsearch.sweep.equal import axes_of_size
from privsearch.sweep.search.space import Axes, SearchSpace


@dataclass(frozen=True)
class TaskSearch:
    """The search of one task, whose trials compete for one front.

    Attributes:
        name: the dataset's name, with the protocol if the sweep has several; the front has the same name.
        search: the sampler, the space and the budget.
        info: the dataset.
        base: the trial that the search varies, with all that its trials share.
        attacks: the attacks on each kind of network.
        objectives: the result columns to optimise, with their directions.
        costs: those that energies are computed by.
    """

    name: str
    search: Search
    info: DatasetInfo
    base: TrialSpec
    attacks: Mapping[NetworkKind, tuple[Attack, ...]]
    objectives: Objectives
    costs: EnergyCosts = PUBLISHED_COSTS

    @cached_property
    def space(self) -> SearchSpace:
        """The points of the search, without models that no attack suits."""
        attacked = {model for (model, _), attacks in self.attacks.items() if attacks}
        models = tuple(model for model in self.search.models if model in attacked)
        space = {**self.search.space, "model": models}
        form = partial(axes_of_size, dataset=self.base.dataset, info=self.info)
        return SearchSpace(space, self.info.network, self.base.axes(), self.info.num_steps, form)

    @property
    def seed(self) -> str:
        """The seed of the search's draws, different for each search of a sweep."""
        seed = self.base.seed if self.search.seed is None else self.search.seed
        return f"{seed} {self.info.name} {self.base.protocol.kind}"

    @cached_property
    def id(self) -> str:
        """The id that the search's proposals are logged under: 16 hexadecimal digits.

        The id covers the space, the sampler, the seed, and what all trials of the search share: a change to one of
        these makes another search. Budgets, objectives and constraints may change while a search goes on.
        """
        # An axis that came later leaves the ids of earlier searches as they are, where it is not used.
        unused = {"width"} if self.base.width == 1 else set()
        unused |= {"encoding"} if self.base.encoding in (None, "direct") else set()
        unused |= {"readout"} if self.base.readout in (None, "final") else set()
        unused |= {"dp"} if self.base.dp is None else set()
        unused |= {"encoding_queries"} if self.base.encoding_queries is None else set()
        meaning = {
            "version": NUMERICS_VERSION,
            "search": self.search.model_dump(mode="json", include={"space", "sampler"}),
            "seed": self.seed,
            "dataset": self.info.fingerprint,
            "base": self.base.model_dump(mode="json", exclude={"attacks", "dataset"} | unused)
            | {"protocol": self.base.protocol.meaning(exclude_defaults=False)},
        }
        return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()[:16]

    def request(self, axes: Axes) -> TrialRequest:
        """Return the request for the trial with these axes, whatever else trains the same networks."""
        spec = {**axes, "attacks": self.attacks[network_kind(axes)], "dataset": self.base.dataset}
        return TrialRequest(
            TrialSpec.model_validate({**spec, "protocol": self.base.protocol, "seed": self.base.seed}), ()
        )

    def trial_id(self, axes: Axes) -> str:
        """Return the key of the trial with these axes."""
        return self.request(axes).spec.trial_id(self.info.fingerprint)

    def holds(self, result: TrialResult) -> bool:
        """Tell whether a result, of any sweep, is what a trial of this search would give."""
        axes = result.spec.axes()
        return self.space.placed(axes) is not None and result.trial_id == self.trial_id(axes)

    def lacking(self, result: TrialResult) -> list[str]:
        """Return the names of the attacks that a result of this search lacks."""
        return [attack.name for attack in self.attacks[result.spec.network_kind] if attack not in result.spec.attacks]

    def outcome(self, result: TrialResult) -> dict[str, float] | None:
        """Return the numbers that a sampler is told of a result; None if a front would leave the result out."""
        # pandas is slow to import, and a plan needs none
        from privsearch.analysis.frames import completed_numbers
        from privsearch.analysis.learning import networks_at_chance

        restricted = restricted_to(priced(result, self.costs), self.attacks[result.spec.network_kind])
        if not isinstance(restricted, Completed) or restricted.dead or networks_at_chance(restricted):
            return None
        numbers: dict[str, Any] = {**completed_numbers(restricted), "seconds": restricted.seconds}
        outcome = {column: numbers.get(column) for column in (*self.objectives, *self.search.constraints)}
        return None if None in outcome.values() else {column: float(value or 0) for column, value in outcome.items()}


def search_tasks(sweep: SweepSpec, infos: Mapping[str, DatasetInfo]) -> Iterator[TaskSearch]:
    """Yield the searches of a sweep, in the order of its datasets and protocols.

    Args:
        sweep: the sweep, which need not have a search.
        infos: the sweep's datasets, by name.
    """
    search = sweep.search
    for dataset in sweep.datasets if search else ():
        info = infos[dataset_name(dataset)]
        for protocol in sweep.protocol:
            canonical = protocol.canonical(augments=info.augments, has_own_test_split=info.has_own_test_split)
            attacks = {kind: sweep.attacks_under(canonical, kind) for kind in sweep.network_kinds()}
            if search and any(attacks[kind] for kind in attacks if kind[0] in search.models):
                base = {**sweep.axes_for(info.name), "model": search.models[0], "dataset": dataset}
                yield TaskSearch(
                    name=task_name(info.name, protocol.kind, several=len(sweep.protocol) > 1),
                    search=search,
                    info=info,
                    base=TrialSpec.model_validate({**base, "protocol": canonical, "seed": sweep.seed}),
                    attacks=attacks,
                    objectives=sweep.objectives_under(protocol.kind),
                    costs=sweep.energy,
                )
