"""The plan of a sweep: its distinct trials, those recorded already, and the work left to do."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from privsearch._util.html import html_table
from privsearch._util.lines import collector_paused
from privsearch._util.npz import MAX_BYTES
from privsearch.data import DatasetInfo, examine_datasets, missing_data
from privsearch.spec import Dataset, SweepSpec, TrialSpec, dataset_name
from privsearch.study.environment import changes_to_present
from privsearch.study.folder import StudyFolder
from privsearch.study.kept import KeptFiles, KeptSignals
from privsearch.study.result import Completed, TrialResult
from privsearch.sweep.checks import (
    check_augmentation,
    check_directory,
    check_ownership,
    check_race,
    check_registered,
    check_time,
    check_trial,
    describe_datasets,
    with_given_splits,
)
from privsearch.sweep.equal import distinct_trainings
from privsearch.sweep.pace import Pace, recorded_pace
from privsearch.sweep.planned import PlannedTrial, Recorded, from_other_studies
from privsearch.sweep.racing.plan import RacePlan, plan_races
from privsearch.sweep.reuse import Superseded, superseded
from privsearch.sweep.search.plan import SearchPlan, plan_searches


@dataclass(frozen=True)
class Plan:
    """A sweep, compared with its datasets and with the study's record.

    Attributes:
        sweep: the sweep.
        infos: the sweep's datasets, by name.
        trials: the trials of the sweep's grids.
        searches: the searches of the sweep, one a task.
        races: the races of the sweep for networks, one a task.
        num_recorded_elsewhere: the number of recorded trials that the sweep does not ask for.
        attacks_elsewhere: the names of attacks recorded for the sweep's trials that the sweep does not ask for.
        superseded: the counts of recorded trials that the sweep would ask for had nothing changed since.
        only_same_versions: True to run again trials that were recorded under other versions.
        without_networks: the number of trials that need no training, but whose networks should be kept and are not.
        kept_signals: the names of the files of signals that were there when the plan was made.
        pace: the pace of the machine that the seconds are estimated for.
        unfit: of attacks alone: by the attack's name and the reason, the number of trials that cannot take it.
    """

    sweep: SweepSpec
    infos: Mapping[str, DatasetInfo]
    trials: tuple[PlannedTrial, ...]
    num_recorded_elsewhere: int = 0
    attacks_elsewhere: tuple[str, ...] = ()
    superseded: Superseded = field(default_factory=Superseded)
    searches: tuple[SearchPlan, ...] = ()
    races: tuple[RacePlan, ...] = ()
    only_same_versions: bool = False
    without_networks: int = 0
    kept_signals: frozenset[str] = frozenset()
    pace: Pace = field(default_factory=Pace)
    unfit: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def __repr__(self) -> str:
        seconds = sum(trial.seconds for trial in self.todo)
        return (
            f"Plan({self.sweep.name!r}: {len(self.trials)} trials, {len(self.trials) - len(self.todo)} recorded, "
            f"{len(self.todo)} to do with {_networks(self.todo)} networks, about {seconds:.0f} s on one core)"
        )

    def _repr_html_(self) -> str:
        import pandas as pd  # slow to import

        rows = [{"dataset": name, **self._dataset_summary(name)} for name in self.infos]
        return html_table(pd.DataFrame(rows), repr(self))

    @cached_property
    def all_trials(self) -> tuple[PlannedTrial, ...]:
        """The trials of the grids, then the trials that the searches have proposed so far."""
        proposed = [trial for search in self.searches for trial in search.trials()]
        return tuple({trial.trial_id: trial for trial in (*self.trials, *proposed)}.values())

    @property
    def todo(self) -> list[PlannedTrial]:
        """The grids' trials left to run, the longest first, so that no long one starts last."""
        return sorted((t for t in self.trials if not t.cached), key=lambda t: -t.seconds)

    @property
    def most_at_once(self) -> int:
        """The number of workers that there is, or may come to be, work for at a time; 0 if nothing is left to run."""
        now = sum(t.most_workers for t in (*self.todo, *self.next_of_races))
        now += sum(search.most_at_once for search in self.searches)
        return max(now, *(race.most_at_once for race in self.races)) if now and self.races else now

    @property
    def signal_bytes(self) -> int:
        """The bytes of the signals that trials left to train will produce, before compression."""
        return sum(size for size in self._signal_sizes if size <= MAX_BYTES)

    @property
    def num_unkept(self) -> int:
        """The number of trials left to train whose signals are too large to keep."""
        return sum(size > MAX_BYTES for size in self._signal_sizes)

    @property
    def network_bytes(self) -> int:
        """The bytes of the networks that trials left to train will produce."""
        return sum(size for size in self._network_sizes if size <= MAX_BYTES)

    @property
    def num_unkept_networks(self) -> int:
        """The number of trials left to train whose networks are too large to keep."""
        return sum(size > MAX_BYTES for size in self._network_sizes)

    @property
    def _signal_sizes(self) -> list[int]:
        return [trial.signal_bytes for trial in self.todo if not trial.trained] if self.sweep.keep_signals else []

    @property
    def _network_sizes(self) -> list[int]:
        return [trial.network_bytes for trial in self.todo if not trial.trained] if self.sweep.keep_networks else []

    @cached_property
    def recorded_differently(self) -> dict[str, int]:
        """The numbers of trials recorded under another environment than the present one, by their differences to it.

        An example is `{"torch 2.10.0 -> 2.11.0": 12}`. If a trial was trained in one environment and attacked in
        another, the differences of both are joined.
        """
        gpu, counts = self.sweep.resources.gpu != 0, Counter[str]()
        for environments, number in Counter(trial.recorded_under for trial in self.trials).items():
            changes = dict.fromkeys(changes_to_present(environment, gpu=gpu) for environment in environments)
            counts["; then ".join(filter(None, changes))] += number
        return {changes: number for changes, number in counts.items() if changes}

    @property
    def datasets_to_load(self) -> list[Dataset]:
        """The datasets that the trials left to run are trained on."""
        trained_on = [t.spec.dataset for t in (*self.todo, *self.next_of_races) if not t.trained]
        trained_on += [search.task.base.dataset for search in self.searches if search.open]
        return list({dataset_name(dataset): dataset for dataset in trained_on}.values())

    @cached_property
    def next_of_races(self) -> Sequence[PlannedTrial]:
        """The trials of the races' next rounds, where the round before is complete; what follows is not known yet."""
        if not self.races:
            return ()
        from privsearch.sweep.racing.running import next_trials  # its rule needs pandas, slow to import

        return [trial for race in self.races for trial in next_trials(race)]

    @property
    def audited_earlier(self) -> tuple[int, int]:
        """The numbers of recorded trials audited by an earlier version: those to evaluate again, and the others."""
        earlier = [trial for trial in self.all_trials if trial.audited_earlier]
        again = sum(not trial.cached and trial.trained for trial in earlier)
        return again, len(earlier) - again

    def missing_data(self) -> list[str]:
        """Return what has to be fetched before the trials left to run can be trained, in words."""
        return missing_data(self.datasets_to_load)

    def summary(self, *, with_trials: bool = False) -> dict[str, Any]:
        """Return the plan in numbers, as plain JSON values, with a list of every trial if asked."""
        todo = self.todo
        return {
            "name": self.sweep.name,
            "trials": len(self.trials),
            "cached": len(self.trials) - len(todo),
            "to_do": len(todo),
            "to_attack_only": sum(trial.trained for trial in todo),
            "networks_to_train": _networks(todo),
            "networks_kept_already": sum(len(t.networks) - len(t.to_train) for t in todo if t.to_train),
            "networks_from_other_studies": from_other_studies(todo),
            "estimated_core_seconds": round(sum(trial.seconds for trial in todo), 1),
            "start_up_seconds": round(self.pace.start_up, 1) if todo else 0.0,
            "estimated_from": {"source": self.pace.source, "count": self.pace.count},
            "signal_bytes": self.signal_bytes,
            "signals_too_large_to_keep": self.num_unkept,
            "network_bytes": self.network_bytes,
            "networks_too_large_to_keep": self.num_unkept_networks,
            "trained_without_networks": self.without_networks,
            "points_in_cross_products": sum(self.sweep.products().values()) * len(self.infos),
            "recorded_but_not_asked_for": self.num_recorded_elsewhere,
            "recorded_for_other_data": dict(self.superseded.by_data),
            "recorded_under_another_meaning": dict(self.superseded.by_meaning),
            "recorded_under_other_versions": self.recorded_differently,
            "attacks_recorded_but_not_asked_for": list(self.attacks_elsewhere),
            "with_blind_baselines": with_given_splits(self.sweep, self.infos),
            "datasets": {name: self._dataset_summary(name) for name in self.infos},
            "data": {name: found.summary() for name, found in examine_datasets(self.sweep.datasets).items()},
            "grids": {name: self._grid_summary(name, points) for name, points in self.sweep.products().items()},
            **({"searches": {s.task.name: s.summary() for s in self.searches}} if self.searches else {}),
            **({"races": {race.name: race.summary() for race in self.races}} if self.races else {}),
            **({"listed": self._listed()} if with_trials else {}),
        }

    def _listed(self) -> list[dict[str, Any]]:
        return [
            {"trial_id": t.trial_id, "cached": t.cached, "grids": t.grids, "protocol": t.spec.protocol.kind}
            | t.spec.axes()
            for t in self.all_trials
        ]

    def _dataset_summary(self, name: str) -> dict[str, Any]:
        mine = [trial for trial in self.trials if trial.spec.dataset_name == name]
        todo = [trial for trial in mine if not trial.cached]
        return {
            "trials": len(mine),
            "cached": len(mine) - len(todo),
            "to_do": len(todo),
            "networks_to_train": _networks(todo),
            "estimated_core_seconds": round(sum(trial.seconds for trial in todo), 1),
        }

    def _grid_summary(self, name: str, points: int) -> dict[str, int]:
        per_dataset = Counter(trial.spec.dataset_name for trial in self.trials if name in trial.grids)
        return {"points_per_dataset": points, "distinct_per_dataset": max(per_dataset.values(), default=0)}


Probe = Callable[[Iterable[tuple[TrialSpec, DatasetInfo]]], Pace]
"""A function that trains a little of the trials that are left, and returns the machine's pace."""


def make_plan(
    sweep: SweepSpec,
    study: StudyFolder,
    *,
    only_same_versions: bool = False,
    probe: Probe | None = None,
    others: Sequence[KeptSignals] = (),
) -> Plan:
    """Plan a sweep from its datasets' descriptions and the study's record.

    Args:
        sweep: the sweep.
        study: the study that records the sweep, or will.
        only_same_versions: run again trials that were recorded under other versions than the present ones.
        probe: measures the machine's pace where the study has recorded nothing to tell it; None not to.
        others: the signals of other studies, whose networks are taken where they are the same.

    Raises:
        DataError: a dataset is missing or unfit.
        SpecError: a subsample is larger than its dataset, or a model or an attack is not registered here.
        StudyError: the study's directory belongs to another sweep.
    """
    check_registered(sweep)
    check_race(sweep)
    datasets = {info.name: info for info in describe_datasets(sweep)}
    check_augmentation(sweep, datasets.values())
    check_time(sweep, datasets)
    with collector_paused():
        return _plan(sweep, study, datasets, only_same_versions, probe, others)


def _plan(
    sweep: SweepSpec,
    study: StudyFolder,
    datasets: Mapping[str, DatasetInfo],
    only_same_versions: bool,
    probe: Probe | None,
    others: Sequence[KeptSignals],
) -> Plan:
    points = sweep.expand(
        {name: info.network for name, info in datasets.items()},
        augmented=[name for name, info in datasets.items() if info.augments],
        unsplit=[name for name, info in datasets.items() if not info.has_own_test_split],
        steps={name: info.num_steps for name, info in datasets.items()},
    )
    check_directory(sweep, study)
    results, log = study.record().results, study.proposals()
    kept = KeptSignals.of(study.signals_of(sweep), results, others)
    pace = recorded_pace(results.values(), datasets)
    recorded = Recorded(results, kept, only_same_versions, pace)
    for item in points:
        check_trial(item, sweep, datasets[item.spec.dataset_name])
    points = distinct_trainings(points, datasets, results)
    trials = [recorded.planned(item, datasets[item.spec.dataset_name]) for item in points]
    if probe and pace.source == "nothing":
        untrained = [(t.spec, datasets[t.spec.dataset_name]) for t in trials if not t.trained]
        recorded = replace(recorded, pace=probe(untrained))
        trials = [trial.slowed(recorded.pace.factor(trial.spec)) for trial in trials]
    searches = tuple(plan_searches(sweep, datasets, recorded, log, trials))
    races = tuple(plan_races(sweep, datasets, recorded, trials, searches))
    trial_ids = {trial.trial_id for trial in trials} | {i for search in searches for i in search.trial_ids}
    trial_ids |= {i for race in races for i in race.trial_ids()}
    elsewhere = [result for trial_id, result in results.items() if trial_id not in trial_ids]
    changed = superseded(elsewhere, datasets, trial_ids)
    proposed = {proposal.trial_id for proposal in log.proposals}
    asked = {network for trial in trials for network in trial.networks}
    num_foreign = sum(r.trial_id not in proposed and not _shares(r, asked, datasets) for r in elsewhere) - changed.total
    check_ownership(sweep, study, num_recorded=len(results), num_foreign=num_foreign)
    return Plan(
        sweep=sweep,
        infos=datasets,
        trials=tuple(trials),
        num_recorded_elsewhere=len(elsewhere),
        attacks_elsewhere=_attacks_elsewhere(trials, results),
        superseded=changed,
        searches=searches,
        races=races,
        only_same_versions=only_same_versions,
        without_networks=_without_networks(trials, sweep, study, results),
        kept_signals=kept.names,
        pace=recorded.pace,
    )


def _shares(result: TrialResult, asked: Collection[str], datasets: Mapping[str, DatasetInfo]) -> bool:
    """Tell whether a result has one of these networks: then the sweep asks for it with more or fewer networks."""
    if isinstance(result, Completed):
        return any(network in asked for network in result.networks)
    info = datasets.get(result.spec.dataset_name)
    return info is not None and any(network in asked for network in result.spec.network_ids(info.fingerprint))


def _without_networks(
    trials: Iterable[PlannedTrial], sweep: SweepSpec, study: StudyFolder, results: Mapping[str, TrialResult]
) -> int:
    trained = [trial for trial in trials if trial.trained] if sweep.keep_networks else []
    if not trained:
        return 0
    kept = KeptFiles(frozenset(study.networks_of(sweep).trial_ids()), results)
    return sum(not kept.has(trial.trial_id, trial.networks) for trial in trained)


def _attacks_elsewhere(trials: Iterable[PlannedTrial], recorded: Mapping[str, TrialResult]) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(
            attack.name
            for trial in trials
            if isinstance(result := recorded.get(trial.trial_id), Completed)
            for attack in result.spec.attacks
            if attack not in trial.spec.attacks
        )
    )


def _networks(trials: Iterable[PlannedTrial]) -> int:
    return sum(len(trial.to_train) for trial in trials)
