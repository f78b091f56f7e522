"""The rows of a study that fill the cells of the paper's tables and figures."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import astuple, dataclass, fields
from typing import Any, Final

import pandas as pd

from privsearch.analysis.frames import records
from privsearch.analysis.labels import plain
from privsearch.errors import StudyError
from privsearch.spec import AXES
from privsearch.spec.axes import SNN_DEFAULTS
from privsearch.spec.columns import Column

_TITLES: Final = {
    "mnist": "MNIST",
    "fashion_mnist": "Fashion-MNIST",
    "cifar10": "CIFAR-10",
    "iris": "Iris",
    "breast_cancer": "Breast Cancer",
    "digits": "Digits",
    "fast_sigmoid": "Fast Sigmoid",
    "atan": "Arctangent",
    "spike_rate_escape": "Spike Rate Escape",
    "triangular": "Triangular",
    "straight_through": "Straight Through Estimator",
}


def title(name: str) -> str:
    """Return the printed name of a dataset or a surrogate gradient; one that the paper lacks stays as it is."""
    return _TITLES.get(name, name)


@dataclass(frozen=True)
class Cell:
    """A cell of the paper's tables and figures, by the values that tell it from the others.

    A spiking network without a surrogate gradient is one with fast sigmoid, as in the paper's quantisation studies.
    """

    dataset: str
    model: str
    weight_bit_width: int | None = None
    act_bit_width: int | None = None
    threshold: float | None = None
    surrogate_gradient: str | None = None

    def key(self) -> tuple[Any, ...]:
        """Return the values that a row of the results table must have to fill this cell."""
        default = SNN_DEFAULTS["surrogate_gradient"] if self.model == "snn" else None
        return (*astuple(self)[:-1], self.surrogate_gradient or default)


class StudyCells:
    """The rows of a results table, by the cell of the paper that each of them fills."""

    def __init__(self, frame: pd.DataFrame) -> None:
        """Sort the rows of `frame`, those of one study under the paper's protocol (`paper_rows`)."""
        self._rows: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
        for row in records(frame):
            self._rows[tuple(row[field.name] for field in fields(Cell))].append(row)
        self.datasets = tuple(frame["dataset"].unique().tolist())

    def find(self, cell: Cell) -> dict[str, Any] | None:
        """Return the row of the results table that fills `cell`, or None if the study has none.

        Raises:
            StudyError: several rows fill it, as an axis that the paper holds constant has several values.
        """
        rows = self._rows.get(cell.key(), [])
        if len(rows) > 1:
            raise StudyError(_ambiguity(cell, rows))
        return rows[0] if rows else None

    def axis_values(self, axis: str, **fixed: Any) -> list[Any]:
        """Return the distinct values of `axis` over the rows with the `fixed` values, None first."""
        values = {
            row[axis] for rows in self._rows.values() for row in rows if all(row[a] == v for a, v in fixed.items())
        }
        return sorted(values, key=lambda value: (value is not None, value))


def paper_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a results table whose trials followed the paper's protocol.

    Raises:
        StudyError: there are none.
    """
    rows = frame[frame["protocol"] == "paper"]
    if rows.empty:
        protocols = ", ".join(frame["protocol"].unique()) or "none yet"
        raise StudyError(
            "only trials under the protocol 'paper' can be set beside the paper, but this study has none (its "
            f"protocols: {protocols}); add {{kind: paper}} to the protocol of its sweep and run it"
        )
    return rows


def measured_attacks(frame: pd.DataFrame) -> list[str]:
    """Return the names of the attacks that have an AUC in some row of a results table, in the table's order."""
    columns = [Column.parse(str(header)) for header in frame.columns]
    aucs = [column for column in columns if column.is_auc and frame[str(column)].notna().any()]
    return [column.attack for column in aucs if column.attack is not None]


def check_attack(frame: pd.DataFrame, attack: str) -> None:
    """Refuse an attack that has no numbers in a results table.

    Raises:
        StudyError: there are none.
    """
    attacks = measured_attacks(frame)
    if attack not in attacks:
        have = f"its attacks are {', '.join(attacks)}" if attacks else "no attack has a number in any of its trials"
        raise StudyError(f"the attack must be one that the study has numbers of, but got {attack!r} and {have}")


def _ambiguity(cell: Cell, rows: Collection[dict[str, Any]]) -> str:
    cell_fields = {field.name for field in fields(Cell)}
    values = {a: dict.fromkeys(row[a] for row in rows) for a in (*AXES, "replicates", "seed")}
    several = [
        f"{axis} ({', '.join('null' if v is None else plain(v) for v in distinct)})"
        for axis, distinct in values.items()
        if len(distinct) > 1 and axis not in cell_fields
    ]
    where = ", ".join(f"{field.name} {plain(v)}" for field in fields(Cell) if (v := getattr(cell, field.name)))
    return (
        f"one configuration at most must fill a cell of the paper's tables, but {len(rows)} fill that of {where}; "
        f"they differ in {', '.join(several)}: give each of these one value in a study of its own"
    )
