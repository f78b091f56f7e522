"""Identical rows: examples with the same inputs and the same class, counted, dropped, or kept together."""

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from jaxtyping import Float, Int64, UInt8

from privsearch.data.persons import connected
from privsearch.data.raw import RawDataset, default_test_size, listed
from privsearch.errors import DataError
from privsearch.spec.dataset_fields import Duplicates

WORTH_A_WARNING: Final = 0.01
"""The share of the examples that may repeat others before it is told."""


@dataclass(frozen=True)
class Repeats:
    """The numbers of examples that repeat an earlier one.

    Attributes:
        within: those that repeat one of the same data, be it all, the training or the test split.
        across: the examples of a given test split that are in its training split.
    """

    within: int
    across: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.within + self.across


def identical_rows(raw: RawDataset) -> tuple[Int64[np.ndarray, " n"], Int64[np.ndarray, " test_n"]]:
    """Return a number for each example, alike for identical ones: for those of `raw.x`, then of `raw.test_x`."""
    numbers: dict[bytes, int] = {}
    found = []
    for x, y in ((raw.x, raw.y), (raw.test_x, raw.test_y)):
        if x is None or y is None:
            found.append(np.empty(0, dtype=np.int64))
            continue
        keys = (_digest(row, label) for row, label in zip(x, y, strict=True))
        found.append(np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64))
    return found[0], found[1]


def count_repeats(raw: RawDataset) -> Repeats:
    """Count the examples that repeat an earlier one."""
    own, test = identical_rows(raw)
    is_across = np.isin(test, own)
    within = len(own) - len(np.unique(own)) + int((~is_across).sum()) - len(np.unique(test[~is_across]))
    return Repeats(within, int(is_across.sum()))


def with_repeats(raw: RawDataset, rule: Duplicates) -> RawDataset:
    """Return a dataset without its repeated examples, or with the numbers by which identical ones are kept together.

    Args:
        raw: the dataset as it was read.
        rule: `drop` keeps the first of identical examples, and none in a given test split that is in the training
            split; `group` keeps all, on one side of every split; None leaves the data as they are.

    Raises:
        DataError: too little is left, or a given split cannot keep identical examples together.
    """
    if rule is None:
        return raw
    own, test = identical_rows(raw)
    if len(np.unique(np.concatenate([own, test]))) == len(own) + len(test):
        return raw
    return _dropped(raw, own, test) if rule == "drop" else _grouped(raw, own, test)


def _dropped(raw: RawDataset, own: Int64[np.ndarray, " n"], test: Int64[np.ndarray, " test_n"]) -> RawDataset:
    kept = np.sort(np.unique(own, return_index=True)[1])
    x, y = raw.x[kept], raw.y[kept]
    rows, rows_read = kept if raw.rows is None else raw.rows[kept], raw.rows_read or len(raw.y)
    counts = np.bincount(y, minlength=len(raw.class_names))
    rare = [name for name, count in zip(raw.class_names, counts, strict=True) if count < 2]
    if rare or (raw.test_y is None and default_test_size(len(y)) < len(counts)):
        what = f"the classes {listed(rare)} have one" if rare else f"{len(y)} examples are"
        raise DataError(
            f"{raw.name}: every class must have two different examples, and the test split room for every class, but "
            f"with duplicates: drop {what} left. Remove these classes, or leave duplicates out."
        )
    if raw.test_x is None or raw.test_y is None:
        groups = None if raw.groups is None else raw.groups[kept]
        return replace(raw, x=x, y=y, rows=rows, rows_read=rows_read, groups=groups)
    first = np.unique(test, return_index=True)[1]
    kept_test = np.sort(first[~np.isin(test[first], own)])
    if not len(kept_test):
        raise DataError(
            f"{raw.name}: the test split must have examples that are not in the training split, but with duplicates: "
            "drop none is left. Give it others, or leave the test split out."
        )
    return replace(
        raw,
        x=x,
        y=y,
        rows=rows,
        test_x=raw.test_x[kept_test],
        test_y=raw.test_y[kept_test],
        test_rows=kept_test,
        rows_read=rows_read,
    )


def _grouped(raw: RawDataset, own: Int64[np.ndarray, " n"], test: Int64[np.ndarray, " test_n"]) -> RawDataset:
    if raw.groups is not None:  # rows of one person, or identical ones, or connected by both
        return replace(raw, groups=connected(raw.groups, own))
    if across := int(np.isin(test, own).sum()):
        raise DataError(
            f"{raw.name}: duplicates: group keeps identical examples on one side of every split, but {across} of the "
            "given test split are in the training split too. Write duplicates: drop, which takes them out of the test "
            "split."
        )
    groups_of = Counter(raw.y[np.unique(own, return_index=True)[1]].tolist())
    alone = [name for number, name in enumerate(raw.class_names) if groups_of[number] < 2]
    if raw.test_y is None and alone:
        raise DataError(
            f"{raw.name}: with duplicates: group every class must have two different examples, one for each side of a "
            f"split, but {listed(alone)} have one only, repeated. Remove these classes, or leave duplicates out."
        )
    return replace(raw, groups=own, test_groups=None if raw.test_y is None else test)


def _digest(row: Float[np.ndarray, "*shape"] | UInt8[np.ndarray, "*shape"], label: np.int64) -> bytes:
    """Return a key of an example: rows may be large, and all keys are held at a time."""
    # The one pair of equal floats with other bytes is that of the zeros.
    same = row if row.dtype == np.uint8 else row + row.dtype.type(0)
    return hashlib.blake2b(same.tobytes() + label.tobytes(), digest_size=16).digest()
