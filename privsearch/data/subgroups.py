"""The subgroups that data name: which one each example is in, by a column of a table or by an array."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Int64

from privsearch._util.text import printable

MOST_SUBGROUPS: Final = 100
"""The most subgroups: the leakage of more could not be told apart."""


@dataclass(frozen=True, eq=False)
class Subgroups:
    """The subgroups of some examples, of which what leaks is told as well; nothing is trained by them.

    Attributes:
        numbers: `(n,)`, for each example the index of its subgroup in `names`, -1 for none.
        names: their names, in order.
    """

    numbers: Int64[np.ndarray, " n"]
    names: tuple[str, ...]

    @property
    def are_few(self) -> bool:
        """True if there are subgroups, and no more than can be told apart."""
        return 1 <= len(self.names) <= MOST_SUBGROUPS

    def __getitem__(self, places: Int64[np.ndarray, " chosen"]) -> "Subgroups":
        """Return the subgroups of the examples at these places."""
        return Subgroups(self.numbers[places], self.names)


def named_subgroups(values: Iterable[object]) -> Subgroups:
    """Return the subgroups that values name, with a number each; a missing or an empty value names none."""
    texts = [_name(value) for value in values]
    names = sorted({*texts} - {""})
    numbers = {name: number for number, name in enumerate(names)} | {"": -1}
    return Subgroups(np.array([numbers[text] for text in texts], dtype=np.int64), tuple(names))


def _name(value: object) -> str:
    if value is None or value != value:  # NaN alone is not equal to itself  # noqa: PLR0124
        return ""
    return f"{value:g}" if isinstance(value, float) else printable(str(value))
