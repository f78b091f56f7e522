"""A table with categories or missing values as a network's inputs, all that is fitted taken from the training split."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, Int64
from numpy import ndarray as Array

if TYPE_CHECKING:
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import StandardScaler


@dataclass(frozen=True)
class TableInputs:
    """The inputs of a network from the columns of a table, in their order.

    A column of numbers is standardised; where it has missing values, the median stands for them, and a further input
    is 1 for these and 0 for others. A column of categories is an input for each of them, 0 or 1, or for the most
    frequent ones if there are more than `max_categories`, and one for all others and for those that the training split
    lacks. There are as many inputs whatever the training split is.

    Attributes:
        categories: for each column the names of its categories by their numbers in the table; None for numbers.
        with_missing: for each column whether it holds numbers of which some are missing.
        max_categories: the most categories of a column that have an input each.
    """

    categories: tuple[tuple[str, ...] | None, ...]
    with_missing: tuple[bool, ...]
    max_categories: int

    @property
    def widths(self) -> tuple[int, ...]:
        """The number of inputs of each column."""
        return tuple(
            1 + missing if names is None else min(len(names), self.max_categories) + 1
            for names, missing in zip(self.categories, self.with_missing, strict=True)
        )

    @property
    def num_inputs(self) -> int:
        """The number of inputs."""
        return sum(self.widths)

    def fitted(
        self, train: Float64[Array, "train columns"], test: Float64[Array, "test columns"]
    ) -> list[Float32[Array, "_ inputs"]]:
        """Return the inputs of both splits, all that is fitted taken from the training split.

        Args:
            train: numbers, NaN where one is missing, and the numbers of categories.
            test: likewise.
        """
        numbers = [k for k, names in enumerate(self.categories) if names is None]
        scaled = dict(zip(numbers, np.moveaxis(_scaled(train[:, numbers], test[:, numbers]), 1, 0), strict=True))
        both = np.concatenate([train, test])
        parts: list[Float[Array, "both _"]] = []
        for k, names in enumerate(self.categories):
            if names is not None:
                parts.append(self._one_hot(both[:, k].astype(np.int64), len(train), len(names)))
                continue
            parts.append(scaled[k][:, np.newaxis])
            if self.with_missing[k]:
                parts.append(np.isnan(both[:, [k]]))
        return np.split(np.concatenate(parts, axis=1).astype(np.float32), [len(train)])

    def rules(self, train: Float64[Array, "train columns"]) -> "list[NumberRule | CategoryRule]":
        """Return what `fitted` does to each column, all that is fitted taken from the training split.

        Args:
            train: as for `fitted`.
        """
        numbers = [k for k, names in enumerate(self.categories) if names is None]
        of_numbers = dict(zip(numbers, _number_rules(train[:, numbers], self.with_missing, numbers), strict=True))
        return [
            of_numbers[k]
            if names is None
            else CategoryRule(names, tuple(self._places(train[:, k].astype(np.int64), len(names)).tolist()), width - 1)
            for k, (names, width) in enumerate(zip(self.categories, self.widths, strict=True))
        ]

    def _one_hot(self, codes: Array, num_train: int, num_categories: int) -> Bool[Array, "both _"]:
        places = self._places(codes[:num_train], num_categories)
        rest = min(num_categories, self.max_categories)
        is_in: Bool[Array, "both _"] = places[codes][:, np.newaxis] == np.arange(rest + 1)
        return is_in

    def _places(self, train: Int64[Array, " train"], num_categories: int) -> Int64[Array, " categories"]:
        """Return, for each category, which of its column's inputs it sets."""
        counts = np.bincount(train, minlength=num_categories)
        # The most frequent first, of equally frequent ones the first by name.
        chosen = np.sort(np.lexsort((np.arange(num_categories), -counts))[: self.max_categories])
        rest = len(chosen)
        place_of = np.full(num_categories, rest)
        place_of[chosen] = np.where(counts[chosen] > 0, np.arange(rest), rest)
        return place_of


@dataclass(frozen=True)
class NumberRule:
    """The step from a column of numbers to its inputs: the number less `mean`, divided by `scale`.

    Attributes:
        mean: of the training split, in the column's unit.
        scale: its standard deviation, or 1 if that is 0.
        median: what stands for a missing number, with a further input that is 1 for it; None if none is missing.
        is_empty: True if the training split has no number at all: then the median stands for every one.
    """

    mean: float
    scale: float
    median: float | None = None
    is_empty: bool = False


@dataclass(frozen=True)
class CategoryRule:
    """The step from a column of categories to its inputs, one of which is 1.

    Attributes:
        names: the categories.
        places: for each of them the input that is 1, counted from 0.
        rest: that of a category that is none of them, which is the last.
    """

    names: tuple[str, ...]
    places: tuple[int, ...]
    rest: int


def scale_rules(train: Float[Array, "train features"]) -> list[NumberRule]:
    """Return what `standardized` does to each column of numbers."""
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(train.astype(np.float64))
    return [NumberRule(float(mean), float(scale)) for mean, scale in zip(scaler.mean_, scaler.scale_, strict=True)]


def standardized(
    train: Float[Array, "train features"], test: Float[Array, "test features"]
) -> list[Float32[Array, "_ features"]]:
    """Standardise both splits with the mean and standard deviation of the training split."""
    from sklearn.preprocessing import StandardScaler  # not needed where a dataset is only described

    # In 64 bits, so that large values neither overflow nor lose their differences.
    scaler = StandardScaler().fit(train.astype(np.float64))
    return [scaler.transform(x.astype(np.float64)).astype(np.float32) for x in (train, test)]


def _scaled(
    train: Float64[Array, "train numbers"], test: Float64[Array, "test numbers"]
) -> Float64[Array, "both numbers"]:
    """Return both splits, one after the other, imputed and standardised."""
    if not train.shape[1]:
        return np.concatenate([train, test])
    # A column of which the training split has no value at all is 0, in both: the test split's has no scale.
    test = np.where(np.isnan(train).all(axis=0), np.nan, test)
    imputer, scaler = _fit(train)
    filled: Sequence[Array] = [scaler.transform(imputer.transform(x)) for x in (train, test)]
    return np.concatenate(filled)


def _fit(train: Float64[Array, "train numbers"]) -> "tuple[SimpleImputer, StandardScaler]":
    """Return what fills in missing numbers, and what standardises the filled columns."""
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import StandardScaler

    imputer = SimpleImputer(strategy="median", keep_empty_features=True).fit(train)
    return imputer, StandardScaler().fit(imputer.transform(train))


def _number_rules(
    train: Float64[Array, "train numbers"], with_missing: Sequence[bool], numbers: Sequence[int]
) -> list[NumberRule]:
    if not numbers:
        return []
    imputer, scaler = _fit(train)
    is_empty = np.isnan(train).all(axis=0)
    return [
        NumberRule(
            float(scaler.mean_[i]),
            float(scaler.scale_[i]),
            float(imputer.statistics_[i]) if with_missing[k] else None,
            bool(is_empty[i]),
        )
        for i, k in enumerate(numbers)
    ]
