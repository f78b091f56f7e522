"""A plan as tables that a person reads before starting a sweep."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table

from privsearch.plan import Plan
from privsearch.report.labels import describe_trial


def plan_tables(plan: Plan) -> Iterator[RenderableType]:
    """A line about the whole sweep, then its datasets and its grids."""
    summary = plan.summary()
    yield (
        f"{summary['name']}: {summary['trials']} distinct trials, from {summary['points_in_cross_products']} points of "
        f"the cross-products; {summary['cached']} recorded, {summary['to_do']} to do"
    )
    yield (
        f"to do: {summary['networks_to_train']} networks, about {duration(summary['estimated_core_seconds'])} on one "
        "core (an estimate: plan for half to double)"
    )
    if summary["recorded_but_not_asked_for"]:
        yield (
            f"{summary['recorded_but_not_asked_for']} recorded trials are no longer asked for: they stay in the record "
            "and out of the tables"
        )
    per_dataset = Table("dataset", "trials", "cached", "to do", "networks", "core time", title="Datasets")
    for name, row in summary["datasets"].items():
        counts = [row["trials"], row["cached"], row["to_do"], row["networks_to_train"]]
        per_dataset.add_row(name, *map(str, counts), duration(row["estimated_core_seconds"]))
    yield per_dataset
    per_grid = Table("grid", "points", "distinct", title="Grids (per dataset)")
    for name, row in summary["grids"].items():
        per_grid.add_row(name, str(row["points_per_dataset"]), str(row["distinct_per_dataset"]))
    yield per_grid


def trial_table(plan: Plan) -> Table:
    """Every trial of the plan: its id, its configuration, the grids that ask for it, and whether it is recorded."""
    table = Table("trial id", "configuration", "grids", "state")
    for trial in plan.trials:
        state = "recorded" if trial.cached else "to do"
        table.add_row(trial.trial_id, describe_trial(trial.spec), ", ".join(trial.grids), state)
    return table


def duration(seconds: float) -> str:
    """A time as a person says it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
