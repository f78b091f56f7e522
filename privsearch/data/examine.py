"""What a user should know of a dataset before anything is trained on it: class sizes, identical rows, odd values."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from typing import Any, Final

import numpy as np
from jaxtyping import Float

from privsearch._util.odd_values import FAR, odd_values
from privsearch.data.dataset import load_dataset, missing_data, modified_ns
from privsearch.data.embedded import EMBEDDED
from privsearch.data.image_sources import IMAGES
from privsearch.data.labels import label_warnings
from privsearch.data.raw import RawDataset, listed
from privsearch.data.repeats import WORTH_A_WARNING, Repeats, count_repeats, identical_rows
from privsearch.data.suspects import Fault, column_names, find_suspects
from privsearch.spec import Dataset, dataset_name

_UNEVEN: Final = 3.0
"""The size of the largest class, over the mean of the others, from which on classes are uneven."""

_LARGE: Final = 0.1
"""The share of all rows from which on one person has many."""

_SHOWN: Final = 5
"""The columns that a sentence names."""

_BLOCK: Final = 2**22
"""The values that are examined at a time."""


@dataclass(frozen=True)
class Persons:
    """The persons whose rows a table has, each a unit of membership.

    Attributes:
        unit: the column that names them.
        count: their number.
        fewest: the rows of the one that has the fewest.
        most: the rows of the one that has the most.
    """

    unit: str
    count: int
    fewest: int
    most: int


@dataclass(frozen=True)
class Findings:
    """What was found in a dataset.

    Attributes:
        input_shape: the shape of an example.
        class_sizes: the number of examples of each class by its name, the most frequent first; of the training split
            if a test split was given, else of all data. Empty if nobody has counted them and there are no files yet.
        repeats: the numbers of examples that repeat an earlier one; None likewise.
        warnings: sentences on what may not be meant, each with its remedy.
        persons: the persons whose rows these are; None if each row stands for itself.
    """

    input_shape: tuple[int, ...]
    class_sizes: Mapping[str, int] = field(default_factory=dict)
    repeats: Repeats | None = None
    warnings: tuple[str, ...] = ()
    persons: Persons | None = None

    @property
    def are_uneven(self) -> bool:
        """True if the largest class is three times as large as the others on average."""
        largest, *others = self.class_sizes.values() or (0, 1)
        return largest * len(others) >= _UNEVEN * sum(others)

    def summary(self) -> dict[str, Any]:
        """Return what was found as plain JSON values."""
        return {
            "input_shape": list(self.input_shape),
            "classes": dict(self.class_sizes),
            "repeated_examples": self.repeats and self.repeats.total,
            "in_both_given_splits": self.repeats and self.repeats.across,
            **({"persons": asdict(self.persons)} if self.persons else {}),
            "warnings": list(self.warnings),
        }


def examine_datasets(datasets: Iterable[Dataset]) -> dict[str, Findings]:
    """Examine datasets, and return what was found by their names, in their order.

    Raises:
        DataError: a dataset is missing, unreadable, or unfit for classification.
    """
    return {dataset_name(dataset): examine_dataset(dataset) for dataset in datasets}


def examine_dataset(dataset: Dataset) -> Findings:
    """Examine a dataset, once per process unless its file changes.

    What is known beforehand is not read, and what must still be downloaded is not counted.

    Raises:
        DataError: the dataset is missing, unreadable, or unfit for classification.
    """
    if isinstance(dataset, str):
        known = IMAGES[dataset] if dataset in IMAGES else EMBEDDED[dataset]
        if known.class_sizes is not None and known.repeats is not None:
            return Findings(known.input_shape, _by_size(known.class_sizes), Repeats(*known.repeats))
        if missing_data([dataset]):
            return Findings(known.input_shape)
    return _examined(dataset, modified_ns(dataset))


@lru_cache(maxsize=64)
def _examined(dataset: Dataset, _modified_ns: int | None) -> Findings:
    return examine_raw(load_dataset(dataset))


def examine_raw(raw: RawDataset) -> Findings:
    """Examine a dataset that has been read."""
    counts = np.bincount(raw.y, minlength=len(raw.class_names)).tolist()
    sizes = _by_size(dict(zip(raw.class_names, counts, strict=True)))
    repeats = count_repeats(raw)
    findings = Findings(raw.input_shape, sizes, repeats, persons=_persons(raw))
    found = [
        *raw.warnings,
        *(label_warnings(raw.class_names) if raw.name not in IMAGES else ()),
        *_about_classes(raw, findings),
        *_about_persons(raw, findings.persons),
        *_about_repeats(raw, repeats),
        *_about_odd_values(raw),
        *_about_suspects(raw),
    ]
    return replace(findings, warnings=tuple(found))


def _by_size(sizes: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(sizes.items(), key=lambda item: -item[1]))


def _about_classes(raw: RawDataset, findings: Findings) -> Iterator[str]:
    if raw.test_y is not None:
        in_test = set(raw.test_y.tolist())
        if lacking := [name for number, name in enumerate(raw.class_names) if number not in in_test]:
            yield (
                f"The given test split has no example of {listed(lacking)}: under the protocol paper no attack "
                "can be run then, as it could tell members by their class. Add examples to it, take the class out, or "
                "write resplit: true or the protocol halves."
            )
    if findings.are_uneven:
        name, largest = next(iter(findings.class_sizes.items()))
        share = largest / sum(findings.class_sizes.values())
        yield (
            f"The classes are uneven: to name {name!r} every time has an accuracy of {share:.3f}. balanced_accuracy, "
            "the mean over the classes, can stand in objectives instead of test_accuracy."
        )


def _persons(raw: RawDataset) -> Persons | None:
    if not raw.unit or raw.groups is None:
        return None
    sizes = np.bincount(raw.groups)
    return Persons(raw.unit, len(sizes), int(sizes.min()), int(sizes.max()))


def _about_persons(raw: RawDataset, persons: Persons | None) -> Iterator[str]:
    if persons and persons.most >= _LARGE * len(raw.y):
        yield (
            f"One {persons.unit} has {persons.most} of {len(raw.y)} rows, all of which are on one side of every split: "
            "the sizes of splits, and what a network learns, depend on that side. Take some of these rows out."
        )


def _about_repeats(raw: RawDataset, repeats: Repeats) -> Iterator[str]:
    num_examples = len(raw.y) + (0 if raw.test_y is None else len(raw.test_y))
    if repeats.total < WORTH_A_WARNING * num_examples or _stay_together(raw):
        return
    across = f" ({repeats.across} of the test split are in the training split)" if repeats.across else ""
    yield (
        f"{repeats.total} of {num_examples} examples repeat an earlier one, inputs and class{across}. Where a network "
        "is trained on one and tested on the other, its accuracy is too high and what it leaks too low: write "
        "duplicates: drop in this dataset's entry, or duplicates: group to keep them on one side of every split."
    )


def _about_suspects(raw: RawDataset) -> Iterator[str]:
    remedies: dict[Fault, str] = {
        "id": "A network can tell the examples apart by it, which is a leak of its own",
        "leak": "If it is known only once the class is, a network learns nothing else",
        "constant": "No network learns from it",
        "person": "If it names persons, they are what is a member or not: write group instead of categorical, or",
    }
    suspects = find_suspects(raw)
    for fault, remedy in remedies.items():
        found = [suspect for suspect in suspects if suspect.fault == fault]
        if found:
            more = f" So do {len(found) - _SHOWN} more." if len(found) > _SHOWN else ""
            shown = "; ".join(f"{suspect.column!r} {suspect.evidence}" for suspect in found[:_SHOWN])
            where = "with drop in this dataset's entry" if raw.column_names else "of the array"
            leave = f"{remedy} leave it out" if fault == "person" else f"{remedy}: leave it out"
            yield f"The column {shown}.{more} {leave} {where}."


def _stay_together(raw: RawDataset) -> bool:
    """Tell whether identical rows are on one side of every split."""
    if raw.groups is None or not raw.unit:
        return raw.groups is not None
    rows = identical_rows(raw)[0]
    return len(np.unique(np.stack([rows, raw.groups]), axis=1).T) == len(np.unique(rows))


def _about_odd_values(raw: RawDataset) -> Iterator[str]:
    if raw.x.ndim != 2 or raw.preprocessing is not None:
        return
    parts = [raw.x] if raw.test_x is None else [raw.x, raw.test_x]
    names = column_names(raw)
    if raw.table_inputs is not None:
        of_numbers = [k for k, of in enumerate(raw.table_inputs.categories) if of is None]
        parts, names = [part[:, of_numbers] for part in parts], tuple(names[k] for k in of_numbers)
    width = max(1, _BLOCK // sum(map(len, parts)))
    odd = [
        (start + column, count, value)
        for start in range(0, len(names), width)
        for column, count, value in _odd_values(np.concatenate([part[:, start : start + width] for part in parts]))
    ]
    if odd:
        shown = ", ".join(f"{names[column]} ({count}, such as {value:g})" for column, count, value in odd[:_SHOWN])
        shown += f" and {len(odd) - _SHOWN} more" if len(odd) > _SHOWN else ""
        yield (
            f"A few values lie more than {FAR} standard deviations of the middle 95 % of their column away from its "
            f"median: {shown}. One such example can set the width of the SVM attack's kernel (width: robust is its "
            "remedy), and the scale of its column. If the values stand for missing ones, take these examples out."
        )


def _odd_values(block: Float[np.ndarray, "n columns"]) -> Iterator[tuple[int, int, float]]:
    """Yield the columns with odd values: the column, how many of its values are odd, and the farthest of them."""
    is_odd, distance = odd_values(block)
    for column in np.flatnonzero(is_odd.any(axis=0)):
        yield int(column), int(is_odd[:, column].sum()), float(block[distance[:, column].argmax(), column])
