"""The margins within which differences count as none, for tests of equivalence."""

from dataclasses import dataclass
from math import isfinite
from typing import Final

from privsearch.errors import StudyError
from privsearch.spec.columns import ACCURACY, Column


@dataclass(frozen=True)
class Margins:
    """The differences that are too small to matter, above 0, in the units of their columns; None if nothing is asked.

    Attributes:
        compared: that of the compared column, and of the single attacks.
        accuracy: that of accuracy; if None, the same.
    """

    compared: float | None = None
    accuracy: float | None = None

    def of(self, role: str) -> float | None:
        """Return the margin of a row."""
        return self.accuracy if role == "accuracy" and self.accuracy is not None else self.compared

    def check(self, column: str) -> None:
        """Check that the margins are above 0, and less than what their columns can differ by.

        Raises:
            StudyError: one is not.
        """
        for margin, header in ((self.compared, column), (self.accuracy, ACCURACY)):
            low, high = Column.parse(header).bounds
            if margin is not None and not (isfinite(margin) and 0 < margin < high - low):
                most = f" and below {high - low:g}, the most that {header} can differ by" if isfinite(high) else ""
                raise StudyError(
                    f"the margin within which {header} counts as equivalent must be a number above 0{most}, but got "
                    f"{margin:g}; margins are in the column's units, such as 0.02 for two points of AUC"
                )


NO_MARGINS: Final = Margins()
