"""A plan as tables, to be read before a sweep starts."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.table import Column, Table

from privsearch._util.npz import MAX_BYTES
from privsearch.analysis.labels import configuration
from privsearch.report.terminal.data import data_lines
from privsearch.report.wording.blind import given_splits_words
from privsearch.report.wording.formats import console_table
from privsearch.report.wording.promises import fitted_words
from privsearch.report.wording.search import budget_words, constraint_words, value_words
from privsearch.spec import AXES, TrialSpec
from privsearch.spec.axes import CONDITIONAL_DEFAULTS
from privsearch.spec.datasets import task_name
from privsearch.sweep.checks import with_given_splits
from privsearch.sweep.equal import ONE_STEP_AXES
from privsearch.sweep.plan import Plan
from privsearch.sweep.planned import from_other_studies
from privsearch.sweep.private import fitted_before
from privsearch.sweep.search.equal_choices import equal_choices
from privsearch.sweep.search.space import EqualValues


def plan_tables(plan: Plan) -> Iterator[RenderableType]:
    """Yield a line about the whole sweep, then tables of its datasets and its grids."""
    summary = plan.summary()
    if plan.sweep.grids:
        yield from _grid_lines(summary)
    else:
        yield f"{summary['name']}: a search"
    yield from data_lines(plan)
    if plan.sweep.keep_signals:
        if plan.sweep.grids:
            yield f"signals to keep: up to {size(summary['signal_bytes'])}, for attacks to come (keep_signals)"
        if unkept := summary["signals_too_large_to_keep"]:
            yield f"signals too large to keep, above {size(MAX_BYTES)} a trial: those of {unkept} trials"
    else:
        yield "signals are not kept: an attack to come will train everything again (keep_signals: false)"
    yield from _network_lines(plan)
    yield from given_splits_lines(plan)
    yield from reuse_lines(plan)
    if unasked := summary["recorded_but_not_asked_for"] - plan.superseded.total:
        yield f"kept, but no longer asked for: {unasked} recorded trials"
    if plan.sweep.grids:
        yield from _grid_tables(summary)
    yield from _equal_lines(plan)
    yield from _search_lines(plan)
    yield from _race_lines(plan)


def _grid_lines(summary: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"{summary['name']}: {summary['trials']} distinct trials, from {summary['points_in_cross_products']} points of "
        "the grids"
    )
    only_attacks = summary["to_attack_only"]
    yield f"to do: {summary['to_do']}, cached: {summary['cached']}" + (
        f"; {only_attacks} of those to do are trained already and only attacked" if only_attacks else ""
    )
    estimate = duration(summary["estimated_core_seconds"])
    yield f"to train: {summary['networks_to_train']} networks, about {estimate} on one core, give or take half"
    if kept := summary["networks_kept_already"]:
        yield f"trained already, and taken as they are kept: {kept} more networks of these trials"
    if summary["to_do"]:
        around = duration(summary["start_up_seconds"])
        yield f"estimated {_source_words(summary)}; start and end take about {around} more"


def _source_words(summary: Mapping[str, Any]) -> str:
    """Return what an estimate rests on."""
    source, count = summary["estimated_from"]["source"], summary["estimated_from"]["count"]
    if source == "recorded":
        return f"from {_counted(count, 'recorded trial')}"
    if source == "probe":
        return f"from {_counted(count, 'short training')} here"
    return "for a server of 2025, as this machine was not measured"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" + ("s" if count != 1 else "")


def _grid_tables(summary: Mapping[str, Any]) -> Iterator[RenderableType]:
    per_dataset = console_table("dataset", "trials", "cached", "to do", "networks", "core time", show_edge=True)
    for name, row in summary["datasets"].items():
        counts = [row["trials"], row["cached"], row["to_do"], row["networks_to_train"]]
        per_dataset.add_row(name, *map(str, counts), duration(row["estimated_core_seconds"]))
    yield per_dataset
    per_grid = console_table("grid", "points per dataset", "distinct", show_edge=True)
    for name, row in summary["grids"].items():
        per_grid.add_row(name, str(row["points_per_dataset"]), str(row["distinct_per_dataset"]))
    yield per_grid


def _network_lines(plan: Plan) -> Iterator[str]:
    """Yield the size of the networks to keep, and a note on trials already trained without keeping them."""
    if not plan.sweep.keep_networks:
        return
    yield f"networks to keep: {size(plan.network_bytes)} (keep_networks)"
    if unkept := plan.num_unkept_networks:
        yield f"networks too large to keep, above {size(MAX_BYTES)} a trial: those of {unkept} trials"
    if plan.without_networks:
        yield (
            f"trained already, without keeping their networks: {plan.without_networks} trials; they are not trained "
            "again for it: privsearch export STUDY TRIAL --train does that for one"
        )


def given_splits_lines(plan: Plan) -> Iterator[str]:
    """Yield notes on datasets whose own test split is taken as given, or whose scaling `dp` does not cover."""
    if datasets := with_given_splits(plan.sweep, plan.infos):
        yield given_splits_words(datasets)
    if datasets := fitted_before(plan.sweep, plan.infos):
        yield fitted_words(datasets)


def _equal_lines(plan: Plan) -> Iterator[str]:
    """Yield a line for each dataset on which values that the sweep offers are the same training."""
    by_dataset: dict[str, list[EqualValues]] = {}
    for name, equal in equal_choices(plan.sweep, plan.infos):
        by_dataset.setdefault(name, []).append(equal)
    for name, found in by_dataset.items():
        yield f"{name}: the same training, run once: {'; '.join(map(_equal_words, found))}"


def _equal_words(equal: EqualValues) -> str:
    *others, last = map(value_words, equal.values)
    values = f"from {others[0]} to {last}" if equal.is_range else f"{', '.join(others)} and {last}"
    return f"{equal.axis} {values}" + (" at num_steps 1" if equal.axis in ONE_STEP_AXES else "")


def _search_lines(plan: Plan) -> Iterator[RenderableType]:
    """Yield a table of the searches, one a row, and their limits."""
    searches = [search.summary() | {"name": search.task.name} for search in plan.searches]
    if not searches:
        return
    search = plan.searches[0].task.search
    yield f"search by {search.sampler.kind}, for each dataset under each protocol: {budget_words(search)}"
    if search.constraints:
        yield f"asked for: {', '.join(constraint_words(search))}"
    names = (Column(name, no_wrap=True) for name in ("search", "points", "proposed", "repeats", "known"))
    table = console_table(*names, "to run again", "left", "core time", gap=1, show_edge=True)
    for row in searches:
        points = "continuous" if row["points"] is None else f"{row['points']:,}"
        seconds = row["estimated_core_seconds"]
        counts = [
            row["proposed"],
            row["repeats"],
            row["known"],
            row["unfinished"],
            "?" if row["left"] is None else row["left"],
        ]
        table.add_row(row["name"], points, *map(str, counts), "?" if seconds is None else duration(seconds))
    yield table


def _race_lines(plan: Plan) -> Iterator[RenderableType]:
    """Yield what the races for networks do, and a table of them, one a row: what each takes at least and at most."""
    races = [race.summary() | {"name": race.name} for race in plan.races]
    if not races:
        return
    yield (
        "race for networks: what is to do above is its first round; more go, round by round, to configurations about "
        "which something is open"
    )
    names = (Column(name, no_wrap=True) for name in ("race", "configurations", "each", "networks", "core time"))
    table = console_table(*names, "minutes", gap=1, show_edge=True)
    for row in races:
        networks = f"{row['networks_at_least']} to {row['networks_at_most']}"
        each, at_most = f"{row['from']} to {row['to']}", f"up to {duration(row['core_seconds_at_most'])}"
        minutes = "no limit" if row["minutes"] is None else f"{row['minutes']:g}"
        table.add_row(row["name"], str(row["configurations"]), each, networks, at_most, minutes)
    yield table


def reuse_lines(plan: Plan) -> Iterator[str]:
    """Yield notes on results of other sweeps, data or versions, and their fate; nothing if nothing has changed."""
    for name, count in plan.superseded.by_data.items():
        changed = "its data have changed, or a later privsearch was here"
        yield f"{name}: {changed}; kept, but not used: {count} recorded trials"
    for name, count in plan.superseded.by_meaning.items():
        yield f"{name}: kept, but not used: {count} recorded by a privsearch in which they meant other numbers"
    if plan.recorded_differently:
        counts = "; ".join(f"{count} ({changes})" for changes, count in plan.recorded_differently.items())
        fate = "are run again" if plan.only_same_versions else "are reused; run them again with --reuse same-versions"
        yield f"recorded in another environment: {counts}; those of other versions {fate}"
    again, left = plan.audited_earlier
    if again:
        yield f"audited by an earlier version, and evaluated again on the kept signals: {again}; nothing is trained"
    if left:
        yield f"audited by an earlier version, whose signals are not kept: {left}; their numbers are as they were"
    if taken := from_other_studies(plan.todo):
        yield f"networks taken from other studies, and not trained again: {taken}"
    if unrecorded := sum(trial.trained and not trial.recorded_under for trial in plan.trials):
        fate = "trained again" if plan.only_same_versions else "used; train them again with --reuse same-versions"
        yield f"not recorded, but trained, as their signals are kept: {unrecorded}; those of other versions are {fate}"


def unfit_lines(plan: Plan) -> Iterator[str]:
    """Yield which trials cannot take the attacks of a plan, and why, each reason as a line."""
    for (attack, reason), count in plan.unfit.items():
        yield f"{_counted(count, 'trial')} cannot take {attack}: {reason}"


def planned_trials_table(plan: Plan) -> Table:
    """Return a table of every trial: its id, its configuration, the grids that ask for it, and its state."""
    table = console_table(Column("trial id", no_wrap=True), "state", "configuration", "from", show_edge=True)
    names = trial_names(plan)
    numbers = {p.trial_id: p.number for search in plan.searches for p in reversed(search.logged)}
    for trial in plan.all_trials:
        state = "cached" if trial.cached else "to do"
        proposal = [f"proposal {numbers[trial.trial_id]}"] if trial.trial_id in numbers else []
        table.add_row(trial.trial_id, state, names[trial.trial_id], ", ".join([*trial.grids, *proposal]) or "search")
    return table


def trial_names(plan: Plan) -> dict[str, str]:
    """Return each trial in words by trial_id: its dataset, and the axes that distinguish it there."""
    by_dataset: dict[str, dict[str, TrialSpec]] = {}
    for trial in plan.all_trials:
        by_dataset.setdefault(trial.spec.dataset_name, {})[trial.trial_id] = trial.spec
    several = len({trial.spec.protocol.kind for trial in plan.all_trials}) > 1
    names: dict[str, str] = {}
    for dataset, specs in by_dataset.items():
        varying = _varying_axes(specs.values())
        for trial_id, spec in specs.items():
            task = task_name(dataset, spec.protocol.kind, several=several, separator=" ")
            names[trial_id] = f"{task} {configuration(spec.axes(), varying)}"
    return names


def _varying_axes(specs: Collection[TrialSpec]) -> list[str]:
    """Return the axes on which the trials of one dataset differ where they have an effect."""
    values = {axis: {getattr(spec, axis) for spec in specs} for axis in AXES}
    for axis in CONDITIONAL_DEFAULTS:
        values[axis].discard(None)  # None: the axis has no effect
    return [axis for axis, choices in values.items() if len(choices) > 1]


def size(num_bytes: int) -> str:
    """Return a size in kB, MB or GB."""
    if num_bytes < 1e6:
        return f"{num_bytes / 1e3:.0f} kB"
    return f"{num_bytes / 1e6:.0f} MB" if num_bytes < 1e9 else f"{num_bytes / 1e9:.1f} GB"


def duration(seconds: float) -> str:
    """Return a duration in seconds, minutes or hours."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
