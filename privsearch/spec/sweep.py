"""The sweep that a user asks for, `SweepSpec`, and the distinct trials of its grids."""

import itertools
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Self, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from privsearch._util.html import html_text
from privsearch.spec import logits
from privsearch.spec.attacks import VIEWS_OF, WORST, Attack, SvmAttack, leading_attack
from privsearch.spec.axes import AXES, Axes, canonical_axes
from privsearch.spec.columns import Column, result_columns, shared_costs
from privsearch.spec.constraints import Constraints
from privsearch.spec.dataset_fields import NAME_RULE, Name
from privsearch.spec.datasets import Dataset, DatasetName, Network, dataset_name
from privsearch.spec.energy import ENERGY_RULE, PUBLISHED_COSTS, EnergyCosts
from privsearch.spec.grids import Grid, as_tuple, idle_axes, problem, raise_if_any
from privsearch.spec.meant import not_meant
from privsearch.spec.objectives import Direction, Objectives, impossible_bound, not_a_column
from privsearch.spec.paper_protocol import PaperProtocol
from privsearch.spec.protocol_spec import Queries
from privsearch.spec.protocols import PROTOCOLS, Protocol
from privsearch.spec.recipe import Recipe, recipe_for
from privsearch.spec.resources import (
    CHECKPOINT_MINUTES,
    CheckpointMinutes,
    Resources,
    Retries,
    RetryPolicy,
    Timeout,
)
from privsearch.spec.search import Search
from privsearch.spec.storage import STORAGE_RULE, check_storage
from privsearch.spec.strict import STRICT
from privsearch.spec.trial import TrialSpec

MAX_POINTS: Final = 2_000_000
"""The most points of a sweep's cross-products: nobody can train more, and they would fill the memory."""

RECORDED: Final = "recorded"
"""The context in which a sweep is validated that a study was begun with, maybe by an earlier privsearch."""

MAX_ITEMS: Final = 1_000
"""The most datasets, protocols or attacks of a sweep: each is compared with all others."""


@dataclass(frozen=True)
class TrialRequest:
    """A trial that a sweep asks for, and the grids that ask for it."""

    spec: TrialSpec
    grids: tuple[str, ...]


class SweepSpec(BaseModel):
    """A sweep: datasets x protocols x the union of the grids, or a search, or both, with some attacks."""

    model_config = STRICT

    name: Name = Field(description=NAME_RULE)
    datasets: Annotated[tuple[Dataset, ...], BeforeValidator(as_tuple)] = Field(
        min_length=1, max_length=MAX_ITEMS, strict=False, description=f"a list of 1 to {MAX_ITEMS} datasets"
    )
    protocol: Annotated[tuple[Protocol, ...], BeforeValidator(as_tuple)] = Field(
        (PaperProtocol(),),
        min_length=1,
        max_length=MAX_ITEMS,
        strict=False,
        description="a protocol such as halves or {kind: paper, replicates: 3}, or a list of them",
    )
    grids: dict[Name, Grid] = Field({}, description="a mapping of named grids")
    search: Search | None = Field(None, description="a mapping such as {trials: 60, space: {model: [ann, snn], ...}}")
    recipe: Recipe = Field({}, description="a mapping of recipe fields, and `overrides` for single datasets")
    attacks: Annotated[tuple[Attack, ...], BeforeValidator(as_tuple)] = Field(
        (SvmAttack(),),
        min_length=1,
        max_length=MAX_ITEMS,
        strict=False,
        description=f"a list of 1 to {MAX_ITEMS} attacks, such as [svm]",
    )
    objectives: dict[str, Direction] | None = Field(
        None,
        min_length=2,
        max_length=3,
        description="a mapping of two or three result columns, each to 'maximize' or 'minimize'",
    )
    energy: EnergyCosts = Field(PUBLISHED_COSTS, description=ENERGY_RULE)
    keep_signals: bool = Field(
        True, description="true (keep what the attacks saw, for attacks to come) or false (a new attack trains again)"
    )
    keep_networks: bool = Field(
        False, description="true (keep the weights of every network that is trained, for export) or false (keep none)"
    )
    storage: Annotated[str, AfterValidator(check_storage)] | None = Field(None, description=STORAGE_RULE)
    resources: Resources = Field(
        Resources(), description="a mapping of cpu, gpu, custom and max_concurrent, such as {cpu: 1, gpu: 0.25}"
    )
    retries: Retries = RetryPolicy.retries
    timeout: Timeout = RetryPolicy.timeout
    checkpoint_minutes: CheckpointMinutes = CHECKPOINT_MINUTES
    seed: int = Field(0, ge=0, lt=2**63, description="an integer from 0 to 2**63 - 1")

    @field_validator("attacks")
    @classmethod
    def _in_common_form(cls, attacks: tuple[Attack, ...], info: ValidationInfo) -> tuple[Attack, ...]:
        fields: dict[str, Any] = {field: info.data.get(field) for field in ("grids", "search", "recipe", "datasets")}
        is_sound = fields.keys() <= info.data.keys()
        return logits.in_common_form(attacks, logits.network_kinds(**fields)) if is_sound else attacks

    @model_validator(mode="after")
    def _names_are_told_apart(self) -> Self:
        named: dict[str, list[str]] = {
            "datasets": [dataset_name(dataset) for dataset in self.datasets],
            "attacks": [attack.name for attack in self.attacks],
            "protocol": [protocol.kind for protocol in self.protocol],
        }
        rule = {
            "datasets": "every dataset must have a name of its own, but got {} again; rename or remove one",
            "attacks": "every attack must be asked for once, but got {} again; remove one",
            "protocol": "every protocol must be asked for once, but got {} again; remove one",
        }
        raise_if_any(
            [
                problem("repeated_name", (field, i), name, rule[field].format(repr(name)))
                for field, names in named.items()
                for i, name in enumerate(names)
                if name in names[:i]
            ]
        )
        return self

    @model_validator(mode="after")
    def _there_is_something_to_run(self) -> Self:
        if not self.grids and self.search is None:
            raise_if_any([problem("nothing_to_run", ("grids",), self.grids, _NOTHING_TO_RUN)])
        return self

    @model_validator(mode="after")
    def _what_is_named_exists(self) -> Self:
        names = [dataset_name(dataset) for dataset in self.datasets]
        # A built-in dataset may have an override while the sweep leaves it out.
        valid = {*names, *get_args(DatasetName)}
        problems = [
            problem(
                "unknown_override",
                ("recipe", "overrides", name),
                name,
                f"must be a dataset of this sweep ({', '.join(names)}), but got {name!r}; rename or remove it",
            )
            for name in self.recipe.get("overrides", {})
            if name not in valid
        ]
        columns = self.objective_columns()
        problems += [
            problem("unknown_objective", ("objectives", column), column, not_a_column(column, columns))
            for column in self.objectives or ()
            if column not in columns
        ]
        problems += [
            problem("unknown_objective", ("search", "constraints", column), column, not_a_column(column, columns))
            for column in self.constraints()
            if column not in columns
        ]
        problems += [
            problem("bad_constraint", ("search", "constraints", column), str(constraint), rule)
            for column, constraint in self.constraints().items()
            if column in columns and (rule := impossible_bound(column, constraint))
        ]
        raise_if_any(problems)
        return self

    @model_validator(mode="after")
    def _is_meant(self, info: ValidationInfo) -> Self:
        if info.context != RECORDED:
            space = self.search.space if self.search else {}
            raise_if_any(not_meant(self.datasets, self.grids, space, self.constraints()))
        return self

    @model_validator(mode="after")
    def _attacks_fit_the_protocols(self) -> Self:
        kinds = self.network_kinds()
        problems = logits.idle_attacks(self.attacks, self.protocol, kinds)
        problems += [
            problem("no_attack", ("protocol", i), protocol.kind, _NO_ATTACK)
            for i, protocol in enumerate(self.protocol)
            if not problems and not any(self.attacks_under(protocol, kind) for kind in kinds)
        ]
        queried = {attack.queries for attack in self.attacks}
        problems += [
            problem("idle_queries", ("protocol", i, VIEWS_OF[queries]), queries, _unread_views(queries))
            for i, protocol in enumerate(self.protocol)
            for queries in protocol.queries
            if queries != "plain" and queries not in queried
        ]
        problems += [
            problem("idle_queries", ("protocol", i, "mem_trajectory"), True, _UNREAD_TRAJECTORY)
            for i, protocol in enumerate(self.protocol)
            if protocol.has_trajectory and not any(attack.signals == "mem_trajectory" for attack in self.attacks)
        ]
        raise_if_any(problems)
        return self

    def _repr_html_(self) -> str:
        return html_text(self.to_yaml())

    def to_yaml(self, *, brief: bool = False) -> str:
        """Return the sweep as YAML, which `read_sweep` reads back.

        Args:
            brief: True to leave out fields with their default values, except the protocol, the attacks and the seed.
        """
        from privsearch.spec.dump import dump_yaml  # with a YAML library, which most importers of this file do not need

        fields = self.model_dump(mode="json")
        if brief:
            shown = ("protocol", "attacks", "seed")
            defaults = {n: f.default for n, f in SweepSpec.model_fields.items() if n not in shown}
            fields = {n: v for n, v in fields.items() if n not in defaults or getattr(self, n) != defaults[n]}
        return dump_yaml(fields)

    @property
    def retry_policy(self) -> RetryPolicy:
        """The policy for trials that end their worker, or do not end."""
        return RetryPolicy(self.retries, self.timeout)

    def attacks_under(self, protocol: Protocol, kind: logits.NetworkKind) -> tuple[Attack, ...]:
        """Return the attacks of this sweep that can be run on networks of one kind under a protocol."""
        return logits.fitting_attacks(self.attacks, protocol, kind)

    def network_kinds(self) -> tuple[logits.NetworkKind, ...]:
        """Return the kinds of networks that this sweep trains."""
        return logits.network_kinds(self.grids, self.search, self.recipe, self.datasets)

    def objective_columns(self) -> tuple[str, ...]:
        """Return the result columns that may be objectives of this sweep: those that all of its trials have."""
        kinds = self.network_kinds()
        names = [[attack.name for attack in self.attacks_under(p, kind)] for p in self.protocol for kind in kinds]
        shared = [name for name in names[0] if all(name in under for under in names)]
        return result_columns(
            (*shared, WORST),
            placebo=all(protocol.has_placebo for protocol in self.protocol),
            epsilon=not any(protocol.has_placebo for protocol in self.protocol),
            spread=all(protocol.targets > 1 for protocol in self.protocol),
            costs=shared_costs({model for model, _ in kinds}),
        )

    def objectives_under(self, kind: str) -> Objectives:
        """Return the objectives for trials under a kind of protocol: the sweep's, or the protocol's defaults.

        Accuracy is maximised in any case. What is minimised is the AUC of the strongest attack. Under a protocol with a
        placebo it is the excess of the paper's attack over it, or of the first attack if the paper's is not run: the
        AUC itself would also count that a network recognises examples that it was not trained on.
        """
        if self.objectives:
            return self.objectives
        attacks = [column.attack for column in map(Column.parse, self.objective_columns()) if column.is_auc]
        has_placebo = PROTOCOLS[kind].has_placebo
        attack = leading_attack([attack for attack in attacks if attack is not None]) if has_placebo else WORST
        auc = Column(attack, "auc")
        is_excess = has_placebo and attack != WORST  # the strongest attack has no placebo
        return {"test_accuracy": "maximize", str(auc.excess if is_excess else auc): "minimize"}

    def constraints(self) -> Constraints:
        """Return the constraints that a trial's results must satisfy to be of use; none without a search."""
        return self.search.constraints if self.search else {}

    def products(self) -> dict[str, int]:
        """Return the number of points in each grid's cross-product, those without effect and repeats included."""
        return {name: math.prod(len(values) for values in grid.values()) for name, grid in self.grids.items()}

    def recipe_for(self, name: str) -> dict[str, Any]:
        """Return the recipe fields that this sweep sets for the dataset called `name`."""
        return recipe_for(self.recipe, name)

    def axes_for(self, name: str) -> dict[str, Any]:
        """Return the value of every axis that neither a grid nor a search sets, for the dataset called `name`."""
        return dict.fromkeys(AXES) | _axis_defaults() | self.recipe_for(name)

    def expand(
        self,
        networks: Mapping[str, Network],
        augmented: Collection[str] = (),
        unsplit: Collection[str] = (),
        steps: Mapping[str, int | None] | None = None,
    ) -> list[TrialRequest]:
        """Return the distinct trials of the grids, canonical, in the order of the datasets, protocols and grids.

        Args:
            networks: the kind of network for each dataset, by the dataset's name.
            augmented: the names of the datasets that are augmented in training.
            unsplit: the names of the datasets without a test split of their own.
            steps: the time steps of the datasets over time, by name.
        """
        requests, kinds = [], self.network_kinds()
        for dataset in self.datasets:
            name = dataset_name(dataset)
            base = self.axes_for(name)
            grids_of: dict[tuple[Any, ...], list[str]] = {}
            for grid_name, grid in self.grids.items():
                for point in itertools.product(*grid.values()):
                    axes = base | dict(zip(grid, point, strict=True))
                    key = tuple(canonical_axes(axes, networks[name], (steps or {}).get(name)).values())
                    if grid_name not in (grids := grids_of.setdefault(key, [])):
                        grids.append(grid_name)
            for protocol in self.protocol:
                canonical = protocol.canonical(augments=name in augmented, has_own_test_split=name not in unsplit)
                attacks = {kind: self.attacks_under(canonical, kind) for kind in kinds}
                shared = {"dataset": dataset, "protocol": canonical, "seed": self.seed}
                for key, grids in grids_of.items():
                    canonical_point = dict(zip(AXES, key, strict=True))
                    if fitting := attacks[logits.network_kind(canonical_point)]:
                        spec = TrialSpec.model_validate({**canonical_point, **shared, "attacks": fitting})
                        requests.append(TrialRequest(spec, tuple(grids)))
        return requests

    @model_validator(mode="after")
    def _feasible_and_effective(self) -> Self:
        points = sum(self.products().values()) * len(self.datasets) * len(self.protocol)
        if points > MAX_POINTS:
            sentence = (
                f"the cross-products must have at most {MAX_POINTS:,} points together, but got {points:,}; drop "
                "values, or write several sweeps"
            )
            raise_if_any([problem("too_many_points", ("grids",), points, sentence)])
        raise_if_any([error for name, grid in self.grids.items() for error in idle_axes(grid, ("grids", name), "grid")])
        return self


def _axis_defaults() -> dict[str, Any]:
    return {axis: field.default for axis, field in Axes.model_fields.items() if not field.is_required()}


_NOTHING_TO_RUN: Final = (
    "there must be a grid or a search, but there is neither; write grids: {first: {model: [ann, snn]}}"
)

_NO_ATTACK: Final = "must suit an attack of this sweep, but suits none; add an attack such as loss, or remove it"


_UNREAD_TRAJECTORY: Final = (
    "no attack reads it: add {kind: lira, signals: mem_trajectory} to attacks, or drop this field"
)


def _unread_views(queries: Queries) -> str:
    return f"no attack reads these views: give one of loss, lira, rmia the field queries: {queries}, or drop this one"
