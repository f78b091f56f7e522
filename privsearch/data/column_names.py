"""The names of a table's columns, checked alike whatever its format."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from privsearch.data.raw import listed
from privsearch.errors import DataError

_MOST: Final = 100_000
"""The most columns of a table."""


def check_column_names(columns: Sequence[str], path: Path, told: Iterable[str] = ()) -> None:
    """Make sure that the columns of a table are not too many, and that each has a name of its own.

    Args:
        columns: the names.
        path: the file, for messages.
        told: sentences on what else may be the matter where names are repeated.

    Raises:
        DataError: they break a rule.
    """
    if len(columns) > _MOST:
        raise DataError(
            f"{path}: there must be at most {_MOST:,} columns, but got {len(columns):,}. Write an NPZ archive."
        )
    repeated = sorted(column for column, count in Counter(columns).items() if count > 1 and column)
    if repeated:
        raise DataError(
            f"{path}: every column must have a name of its own, but these occur more than once: {listed(repeated)}. "
            f"Rename or remove the repeated columns.{''.join(f' {sentence}' for sentence in told)}"
        )
    if "" in columns:
        raise DataError(
            f"{path}: every column must have a name, but column {columns.index('') + 1} of {len(columns)} has none. "
            "Name it; or if it holds row numbers, remove it (in pandas: to_csv(..., index=False)), because a network "
            "could tell the examples apart by them."
        )
