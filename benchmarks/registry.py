"""Every row, in the order of the table."""

from typing import Final

from benchmarks.row import Row
from benchmarks.rows import epochs, orchestration, svm, training_steps, trials

ROWS: Final[tuple[Row, ...]] = (*training_steps.ROWS, *epochs.ROWS, *svm.ROWS, *trials.ROWS, *orchestration.ROWS)


def chosen_rows(names: str | None) -> tuple[Row, ...]:
    """The rows of these names, separated by commas; None for all.

    Raises:
        SystemExit: there is no row of that name.
    """
    if names is None:
        return ROWS
    known = {row.name: row for row in ROWS}
    if unknown := [name for name in names.split(",") if name not in known]:
        raise SystemExit(f"a row must be one of {', '.join(known)}, but got {', '.join(unknown)}")
    return tuple(known[name] for name in names.split(","))
