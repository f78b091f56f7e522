"""The rows, in the order of the table."""

from typing import Final

from benchmarks.row import Row
from benchmarks.rows import (
    checkpoints,
    epochs,
    membranes,
    orchestration,
    reading,
    splitting,
    svm,
    training_steps,
    trials,
)

ROWS: Final[tuple[Row, ...]] = (
    *training_steps.ROWS,
    *membranes.ROWS,
    *epochs.ROWS,
    *checkpoints.ROWS,
    *svm.ROWS,
    *trials.ROWS,
    *splitting.ROWS,
    *orchestration.ROWS,
    *reading.ROWS,
)


def chosen_rows(names: str | None) -> tuple[Row, ...]:
    """Return the rows of these names, separated by commas, or all rows for None.

    Raises:
        SystemExit: there is no row of that name.
    """
    if names is None:
        return ROWS
    rows = {row.name: row for row in ROWS}
    if unknown := [name for name in names.split(",") if name not in rows]:
        raise SystemExit(f"a row must be one of {', '.join(rows)}, but got {', '.join(unknown)}")
    return tuple(rows[name] for name in names.split(","))
