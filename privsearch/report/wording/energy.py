"""What an example costs, in words, alike in the terminal and on the page: never by one table of costs alone."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from privsearch.analysis.energy import equal_bits
from privsearch.analysis.frames import records
from privsearch.analysis.labels import configuration, written
from privsearch.analysis.tasks import Task
from privsearch.spec.columns import ENERGIES, Column
from privsearch.spec.energy import COST_TABLES, EnergyCosts

_MOST_NAMED: Final = 4
"""The most conventional networks that the line on equal bits names."""

ENERGY_MEANING: Final = (
    "Energy: nanojoules for an example of the test split, by each table of costs. Once: with the layers before the "
    "first spiking neurons computed once for a static input, and not at every step."
)


def asks_for_energy(task: Task) -> bool:
    """Tell whether a cost of examples, such as energy, is an objective of a task or is constrained."""
    return any(Column.parse(column).is_cost for column in (*task.objectives, *task.constraints))


def energy_words(row: Mapping[str, Any]) -> str | None:
    """Return all energies of a configuration, as in `flat 188.2 (91.0 once), bits 170.1 (73.2 once)`; None without any.

    Args:
        row: a row of the results table, as plain values.
    """
    words = []
    for table in COST_TABLES:
        energy, once = f"energy.{table}", f"energy.{table}_once"
        if row.get(energy) is None:
            return None
        words.append(f"{table} {written(energy, row[energy])}")
        if row[once] != row[energy]:
            words[-1] += f" ({written(once, row[once])} once)"
    return ", ".join(words)


def energy_key(tasks: Iterable[Task]) -> Iterator[str]:
    """Yield what energies are and where their costs are from, once for all tasks; nothing if none asks for them."""
    asking = [task for task in tasks if asks_for_energy(task) and any(column in task.rows for column in ENERGIES)]
    if asking:
        yield ENERGY_MEANING
        yield f"Costs: {source_words(asking[0].completed[0].costs)}."


def source_words(costs: EnergyCosts) -> str:
    """Return the numbers of the tables of costs, with their sources."""
    flat, bits, memory = costs.flat, costs.bits, costs.memory
    parts = {
        f"flat {flat.mac:g} pJ a MAC, {flat.ac:g} an AC, {flat.update:g} a membrane update": flat.source,
        f"bits {bits.float_multiply:g} and {bits.float_add:g} pJ in floating point, {bits.int8_multiply:g} for 8 by 8 "
        f"bits and {bits.int32_add:g} for a sum of integers": bits.source,
        f"memory {memory.multiply:g} and {memory.add:g} pJ, {memory.access:g} an access and {memory.access_per_bit:g} "
        "more for each bit of the memory": memory.source,
    }
    return "; ".join(f"{numbers} ({source})" for numbers, source in parts.items())


def equal_bits_words(task: Task) -> Iterator[str]:
    """Yield which conventional networks are the like of spiking ones, for each number of time steps.

    Nothing of a task that asks for no cost.
    """
    if not asks_for_energy(task):
        return
    rows = records(task.candidates)
    for steps in sorted({row["num_steps"] for row in rows if row["model"] == "snn" and row["num_steps"]}):
        bits = equal_bits(steps)
        alike = [row for row in rows if row["model"] == "ann" and row["act_bit_width"] == bits]
        yield (
            f"Equal bits: the spikes of {steps} steps say as much as activations of {bits} bits (Yan et al. 2024; Shen "
            f"et al. 2023 have steps and bits from one budget). Of as many bits {_named(task, alike)}."
        )


def _named(task: Task, rows: Iterable[Mapping[str, Any]]) -> str:
    names = [configuration(row, task.varying) for row in rows]
    if not names:
        return "there is no ANN here: one with wider activations is no equal"
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{'is' if len(names) == 1 else 'are'} {', '.join(names[:_MOST_NAMED])}{more}"
