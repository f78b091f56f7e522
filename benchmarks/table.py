"""The table of results, as Markdown, with the machine below it."""

from collections.abc import Sequence
from typing import Any

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from benchmarks.result import Result

COLUMNS = ("what", "peer", "target", "measured", "met", "warm-up", "same thing computed")


def print_results(results: Sequence[Result], console: Console) -> None:
    """Print a line for each result, and the machine below them."""
    table = Table(*COLUMNS, box=MARKDOWN)
    for result in results:
        table.add_row(*_cells(result))
    console.print(table)
    console.print(machine_line(results[0].environment), highlight=False)


def _cells(result: Result) -> tuple[str, ...]:
    sign = "at least" if result.unit == "x" else "under"
    target = f"{sign} {in_unit(result.target, result.unit)}"
    if not result.values:
        reason = result.failure.strip().splitlines()[-1]
        return result.what, result.peer, target, f"not measured: {reason}", "no", "", ""
    warm_up = ", ".join(f"{timing.wall:.1f} s" for timing in result.warm_up)
    agreement = "" if result.agrees is None else f"{'yes' if result.agrees else 'NO'}: {result.agreement}"
    return result.what, result.peer, target, measured(result), "yes" if result.is_met else "no", warm_up, agreement


def measured(result: Result) -> str:
    """Write the median with range and number of values: `2.41x (2.33-2.50, n = 9)`."""
    low, high = min(result.values), max(result.values)
    spread = f"{_number(low, result.unit)}-{_number(high, result.unit)}, " if len(result.values) > 1 else ""
    return f"{in_unit(result.median, result.unit)} ({spread}n = {len(result.values)})"


def in_unit(value: float, unit: str) -> str:
    """Write a value with its unit: `2.2x`, `0.3 s`, `0.05`."""
    return _number(value, unit) + {"x": "x", "s": " s", "share": ""}[unit]


def _number(value: float, unit: str) -> str:
    return f"{value:.3f}" if unit == "share" else f"{value:.3g}"


def machine_line(environment: dict[str, Any]) -> str:
    """Write processor, cores, versions, threads and commit in one line."""
    machine, packages = environment["machine"], environment["packages"]
    return (
        f"{machine['processor']}, {machine['cores']} cores, one thread a side; Python {environment['python']}, "
        f"torch {packages['torch']}; commit {environment['privsearch']['commit']}, {environment['written_at']}"
    )
