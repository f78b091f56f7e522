"""What a sweep comes to: its distinct trials, which of them are recorded already, and what is left to do."""

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from privsearch.cost import estimate_seconds
from privsearch.data import DatasetInfo, describe_dataset
from privsearch.errors import DataError, SpecError, StudyError
from privsearch.result import Completed, TrialResult
from privsearch.spec import Asked, Dataset, SweepSpec, TrialSpec
from privsearch.store import Study

NETWORKS_PER_REPLICATE: Final = 2
"""The paper's protocol trains a target and a shadow."""


@dataclass(frozen=True)
class PlannedTrial:
    """A trial that the sweep asks for.

    Attributes:
        trial_id: its key in the record.
        spec: its canonical configuration.
        grids: the grids that ask for it.
        cached: whether the record has it, with every attack asked for.
        seconds: the estimated time on one core.
    """

    trial_id: str
    spec: TrialSpec
    grids: tuple[str, ...]
    cached: bool
    seconds: float

    @property
    def networks(self) -> int:
        """How many networks it trains."""
        return NETWORKS_PER_REPLICATE * self.spec.protocol.replicates


@dataclass(frozen=True)
class Plan:
    """A sweep, seen against the data and against what is recorded."""

    sweep: SweepSpec
    infos: Mapping[str, DatasetInfo]
    trials: tuple[PlannedTrial, ...]
    num_recorded_elsewhere: int

    @property
    def todo(self) -> list[PlannedTrial]:
        """The trials left to run, the longest first, so that no long one starts last."""
        return sorted((t for t in self.trials if not t.cached), key=lambda t: -t.seconds)

    @property
    def datasets_to_load(self) -> list[Dataset]:
        """The datasets that the trials left to run are trained on."""
        return list({trial.spec.dataset_name: trial.spec.dataset for trial in self.todo}.values())

    def summary(self, *, with_trials: bool = False) -> dict[str, Any]:
        """The plan in numbers, as plain JSON values, and with every trial where asked."""
        todo = self.todo
        listed = [{"trial_id": t.trial_id, "cached": t.cached, "grids": t.grids, **t.spec.axes()} for t in self.trials]
        return {
            "name": self.sweep.name,
            "trials": len(self.trials),
            "cached": len(self.trials) - len(todo),
            "to_do": len(todo),
            "networks_to_train": sum(trial.networks for trial in todo),
            "estimated_core_seconds": round(sum(trial.seconds for trial in todo), 1),
            "points_in_cross_products": sum(self.sweep.products().values()) * len(self.infos),
            "recorded_but_not_asked_for": self.num_recorded_elsewhere,
            "datasets": {name: self._dataset_summary(name) for name in self.infos},
            "grids": {name: self._grid_summary(name, points) for name, points in self.sweep.products().items()},
            **({"listed": listed} if with_trials else {}),
        }

    def _dataset_summary(self, name: str) -> dict[str, Any]:
        mine = [trial for trial in self.trials if trial.spec.dataset_name == name]
        todo = [trial for trial in mine if not trial.cached]
        return {
            "trials": len(mine),
            "cached": len(mine) - len(todo),
            "to_do": len(todo),
            "networks_to_train": sum(trial.networks for trial in todo),
            "estimated_core_seconds": round(sum(trial.seconds for trial in todo), 1),
        }

    def _grid_summary(self, name: str, points: int) -> dict[str, int]:
        per_dataset = Counter(trial.spec.dataset_name for trial in self.trials if name in trial.grids)
        return {"points_per_dataset": points, "distinct_per_dataset": max(per_dataset.values(), default=0)}


def make_plan(sweep: SweepSpec, study: Study) -> Plan:
    """Read the datasets' descriptions and the record, and say what the sweep comes to.

    Raises:
        DataError: a dataset is missing or unfit.
        SpecError: a subsample is larger than its dataset.
        StudyError: the study's directory belongs to another sweep.
    """
    datasets = {info.name: info for info in _described(sweep)}
    asked = sweep.expand({name: info.network for name, info in datasets.items()})
    recorded = study.record().results
    trials = []
    for item in asked:
        info = datasets[item.spec.dataset_name]
        _check_sizes(item, sweep, info)
        trial_id = item.spec.trial_id(info.fingerprint)
        cached = _answers(recorded.get(trial_id), item.spec)
        trials.append(PlannedTrial(trial_id, item.spec, item.grids, cached, estimate_seconds(item.spec, info)))
    elsewhere = recorded.keys() - {trial.trial_id for trial in trials}
    _check_ownership(sweep, study, num_recorded=len(recorded), num_elsewhere=len(elsewhere))
    return Plan(sweep, datasets, tuple(trials), len(elsewhere))


def find_trial(plan: Plan, trial_id: str) -> PlannedTrial:
    """The trial of `plan` whose id is `trial_id`, or begins with it.

    Raises:
        SpecError: there is none, or several begin so.
    """
    found = [trial for trial in plan.trials if trial.trial_id.startswith(trial_id)]
    if len(found) == 1:
        return found[0]
    close = difflib.get_close_matches(trial_id, [trial.trial_id for trial in plan.trials], n=1, cutoff=0)
    what = "names no trial" if not found else f"is the beginning of {len(found)} trials"
    raise SpecError(
        f"{trial_id}: must be the id, or the beginning of one id, of a trial of the sweep {plan.sweep.name!r}, but "
        f"{what}; `privsearch plan --trials` lists them" + (f"; nearest: {close[0]}" if close else "")
    )


def _answers(result: TrialResult | None, spec: TrialSpec) -> bool:
    """Whether a recorded result holds all that `spec` asks for."""
    return isinstance(result, Completed) and set(spec.attacks) <= set(result.spec.attacks)


def _described(sweep: SweepSpec) -> Iterator[DatasetInfo]:
    seen: dict[str, str] = {}
    for index, dataset in enumerate(sweep.datasets):
        try:
            info = describe_dataset(dataset)
        except DataError as error:
            raise DataError(str(error), where=("datasets", index)) from None
        if info.fingerprint in seen:
            twin = seen[info.fingerprint]
            raise DataError(
                f"every dataset must have content of its own, but {info.name} has that of {twin}; drop one of them",
                where=("datasets", index),
            )
        seen[info.fingerprint] = info.name
        yield info


def _check_sizes(item: Asked, sweep: SweepSpec, info: DatasetInfo) -> None:
    """A subsample must hold every class, and cannot be larger than its split."""
    # The placebo calls one part of the test split members: it takes two examples of a class to be in both parts.
    for axis, least, available in (("train_size", 1, info.num_train), ("test_size", 2, info.num_test)):
        size = getattr(item.spec, axis)
        if size is not None and not least * info.num_classes <= size <= available:
            raise SpecError(
                f"must lie between {least * info.num_classes} ({least} for each class) and {available} (the whole "
                f"split of {info.name}), but got {size}; change it, or give {info.name} its own in "
                f"recipe.overrides.{info.name}",
                where=_origin(axis, item, sweep, info.name),
            )


def _origin(axis: str, item: Asked, sweep: SweepSpec, name: str) -> tuple[str, ...]:
    """The field of the sweep that an axis of a trial has its value from."""
    in_grid = next((grid for grid in item.grids if axis in sweep.grids[grid]), None)
    if in_grid:
        return "grids", in_grid, axis
    overridden = axis in sweep.recipe.get("overrides", {}).get(name, {})
    return ("recipe", "overrides", name, axis) if overridden else ("recipe", axis)


def _check_ownership(sweep: SweepSpec, study: Study, *, num_recorded: int, num_elsewhere: int) -> None:
    """Refuse a directory that holds another sweep's results or other files: results must never mix unasked."""
    if not study.exists():
        if study.path.exists() and not study.path.is_dir():
            raise StudyError(f"{study.path}: must be a directory, but is a file; choose another with --study")
        if study.path.is_dir() and any(entry.name[0] != "." for entry in study.path.iterdir()):
            raise StudyError(
                f"{study.path}: must be empty or a study, but holds other files; choose another with --study"
            )
        return
    owner = study.sweep().name
    remedy = "give this sweep another name, choose another directory with --study, or delete that one"
    if owner != sweep.name:
        raise StudyError(f"{study.path}: belongs to the sweep {owner!r}, but this sweep is {sweep.name!r}; {remedy}")
    if num_recorded and num_elsewhere == num_recorded:
        raise StudyError(
            f"{study.path}: holds {num_recorded} trials of a sweep that is also called {sweep.name!r} but shares none "
            f"with this one (another seed, recipe or dataset?); {remedy}"
        )
