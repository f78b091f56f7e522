"""The energies of a front's configurations as a table for the terminal, by every table of costs."""

from collections.abc import Mapping
from typing import Any

from rich.table import Column as TableColumn
from rich.table import Table

from privsearch.analysis.frames import records
from privsearch.analysis.labels import configuration, written
from privsearch.analysis.tasks import Task
from privsearch.report.wording.energy import asks_for_energy
from privsearch.report.wording.formats import MISSING, console_table
from privsearch.spec.columns import ENERGIES, FIRING_RATE


def energy_table(task: Task) -> Table | None:
    """Return the energies of the configurations on a front, best in the first objective first.

    Args:
        task: the task.

    Returns:
        None where no objective and no constraint is a cost of examples, or nothing on the front has a known one.
    """
    rows = [row for row in records(task.front) if row.get(ENERGIES[0]) is not None]
    if not rows or not asks_for_energy(task):
        return None
    titles = {energy: energy.removeprefix("energy.").replace("_", "\n") for energy in ENERGIES}
    table = console_table(
        TableColumn("configuration", overflow="fold"),
        TableColumn("firing\nrate", no_wrap=True),
        *(TableColumn(title, no_wrap=True, justify="right") for title in titles.values()),
        title=f"{task.title}: energy of an example (nJ)",
        gap=1,
    )
    for row in rows:
        energies = [written(energy, row[energy]) for energy in ENERGIES]
        table.add_row(configuration(row, task.varying), _rate(row), *energies)
    return table


def _rate(row: Mapping[str, Any]) -> str:
    return MISSING if row.get(FIRING_RATE) is None else f"{row[FIRING_RATE]:.3f}"
