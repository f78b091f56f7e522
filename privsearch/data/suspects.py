"""Columns of a table that a network should hardly see: those that count the rows, are constant, or tell the class."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from jaxtyping import Float

from privsearch.data.raw import RawDataset

_FEWEST_ROWS: Final = 20
"""The rows from which on it is no accident that all values of a column ascend or descend."""

_FEWEST_NUMBERS: Final = 100
"""The rows from which on it is seldom an accident that whole numbers all differ."""

_TELLS: Final = 0.99
"""The balanced accuracy from which on a column by itself tells the class."""

_SAMPLE: Final = 2_000
_MOST_COLUMNS: Final = 200
"""The rows and the columns that are looked at for what tells the class."""

_MOST_ROWS_OF_A_PERSON: Final = 50
_FEWEST_PERSONS: Final = 20
"""The rows of a person on average, and the persons, from which on a column of text rather has categories."""

Fault = Literal["id", "constant", "leak", "person"]


@dataclass(frozen=True)
class Suspect:
    """A column that may not be meant as a feature.

    Attributes:
        column: its name, or its number if it has none.
        fault: `id` if its values all differ as ids do, `constant` if all are one, `leak` if it tells the class,
            `person` if there are as many texts, with as many rows each, as of persons.
        evidence: what was seen, as the end of a sentence that begins with the column.
    """

    column: str
    fault: Fault
    evidence: str


def find_suspects(raw: RawDataset) -> list[Suspect]:
    """Return the columns of a table that may not be meant as features; none of images."""
    if raw.x.ndim != 2:
        return []
    return [*_ids_and_constants(raw), *_persons(raw), *_leaks(raw)]


def column_names(raw: RawDataset) -> tuple[str, ...]:
    """Return the names of a table's columns, or their numbers if they have none."""
    return raw.column_names or tuple(map(str, range(raw.x.shape[1])))


def _ids_and_constants(raw: RawDataset) -> Iterator[Suspect]:
    for k, name in enumerate(column_names(raw)):
        values = raw.x[:, k].astype(np.float64)
        there = values[~np.isnan(values)]
        if not len(there) or there.min() == there.max():
            if len(there) == len(values) or not len(there):
                yield Suspect(name, "constant", "has the same value in every row" if len(there) else "has no value")
            continue
        if len(there) < len(values) or len(values) < _FEWEST_ROWS or len(np.unique(values)) < len(values):
            continue
        steps = np.diff(values)
        if _categories(raw, k) is not None:
            yield Suspect(name, "id", "holds another text in every row")
        elif (steps > 0).all() or (steps < 0).all():
            yield Suspect(name, "id", f"{'ascends' if steps[0] > 0 else 'descends'} from row to row, as row numbers do")
        elif len(values) >= _FEWEST_NUMBERS and (values == np.round(values)).all():
            yield Suspect(name, "id", "holds another whole number in every row")


def _persons(raw: RawDataset) -> Iterator[Suspect]:
    for k, name in enumerate(column_names(raw)):
        if _categories(raw, k) is None:
            continue
        counts = np.unique(raw.x[:, k], return_counts=True)[1]
        rows = float(np.mean(counts))
        several = float(np.mean(counts > 1))
        if len(counts) >= _FEWEST_PERSONS and several > 0.5 and rows <= _MOST_ROWS_OF_A_PERSON:
            yield Suspect(name, "person", f"has {len(counts)} different texts, with {rows:.3g} rows each on average")


def _leaks(raw: RawDataset) -> Iterator[Suspect]:
    rows = np.random.default_rng(0).permutation(len(raw.y))[:_SAMPLE]
    y = raw.y[rows]
    if len(np.unique(y)) < 2:
        return
    for k, name in enumerate(column_names(raw)[:_MOST_COLUMNS]):
        names = _categories(raw, k)
        # With many categories of few rows each, the majority in each says little.
        if names is not None and 10 * len(names) > len(rows):
            continue
        score = _accuracy_alone(raw.x[rows, k].astype(np.float64), y, leaves=None if names else 2 * len(np.unique(y)))
        if score >= _TELLS:
            yield Suspect(name, "leak", f"tells the class by itself, with a balanced accuracy of {score:.3f}")


def _accuracy_alone(values: Float[np.ndarray, " n"], y: np.ndarray, *, leaves: int | None) -> float:
    """Return the balanced accuracy, on the rows themselves, of a decision tree that sees one column."""
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.tree import DecisionTreeClassifier

    tree = DecisionTreeClassifier(max_leaf_nodes=leaves, class_weight="balanced", random_state=0)
    return float(balanced_accuracy_score(y, tree.fit(values[:, np.newaxis], y).predict(values[:, np.newaxis])))


def _categories(raw: RawDataset, column: int) -> tuple[str, ...] | None:
    return None if raw.table_inputs is None else raw.table_inputs.categories[column]
