"""The splits of a dataset: data that have a test split keep it, others are split 80-20, stratified."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int64, UInt8
from torch import Tensor

from privsearch.data.dataset import DatasetInfo, describe_dataset, load_dataset, modified_ns
from privsearch.data.grouped import Groups
from privsearch.data.preprocessing import preprocess
from privsearch.data.raw import Preprocessing, RawDataset
from privsearch.data.sequences import standardized_over_time
from privsearch.data.stratified import draw_stratified
from privsearch.data.subgroups import Subgroups
from privsearch.data.table_inputs import TableInputs, standardized
from privsearch.errors import DataError
from privsearch.spec import Dataset


@dataclass(frozen=True)
class _Examples:
    """A set of examples, their classes, and their rows in the data that they were read from."""

    x: Float[np.ndarray, "n *shape"] | UInt8[np.ndarray, "n *shape"]
    y: Int64[np.ndarray, " n"]
    rows: Int64[np.ndarray, " n"]
    groups: Groups | None

    def __getitem__(self, chosen: Bool[np.ndarray, " n"]) -> "_Examples":
        groups = None if self.groups is None else self.groups[chosen]
        return _Examples(self.x[chosen], self.y[chosen], self.rows[chosen], groups)


@dataclass(frozen=True, eq=False)
class Splits:
    """A dataset as a trial uses it. Trials share the tensors, so never change them in place.

    Attributes:
        info: the description of the whole dataset, before subsampling.
        x_train: `(train, *input_shape)`. A table is standardised. Over time, padding is NaN. Images are as they were
            read: in 32-bit floats, or in 8 bits if they are still to be preprocessed, mapped from a file that all
            processes share.
        y_train: `(train,)`, classes from 0.
        x_test: `(test, *input_shape)`, prepared like `x_train`.
        y_test: `(test,)`, classes from 0.
        rows: `(train + test,)`: the rows of both splits' examples in the data as they were read, from 0. If the data
            have a test split of their own, its rows are counted from 0 again.
        preprocessing: the preprocessing that `inputs` applies to `x_train` and `x_test`, or None for none.
        unscaled: `(train + test, columns)`, or over time `(train + test, time, columns)`: a table before it was
            standardised, in the order of `rows`; else None, as where it is scaled by public ranges.
        table_inputs: how a table's columns become inputs; None if each is standardised by itself.
        own_training: `(networks, train + test)`: which of the examples, in the order of `rows`, are in each network's
            training split, where networks have other splits than these; else None.
        groups: the groups of all examples, in the order of `rows`; None if each stands for itself.
        subgroups: those of each row of the data as they were read; None if none are asked for.
    """

    info: DatasetInfo
    x_train: Float32[Tensor, "train *input_shape"] | UInt8[Tensor, "train *input_shape"]
    y_train: Int64[Tensor, " train"]
    x_test: Float32[Tensor, "test *input_shape"] | UInt8[Tensor, "test *input_shape"]
    y_test: Int64[Tensor, " test"]
    rows: Int64[np.ndarray, " examples"]
    preprocessing: Preprocessing | None = None
    unscaled: Float[np.ndarray, "examples *columns"] | None = None
    table_inputs: TableInputs | None = None
    own_training: Bool[np.ndarray, "networks examples"] | None = None
    groups: Groups | None = None
    subgroups: Subgroups | None = None

    @property
    def labels(self) -> Int64[np.ndarray, " examples"]:
        """The classes of both splits' examples, in the order of `rows`."""
        return torch.cat([self.y_train, self.y_test]).numpy(force=True)

    @property
    def belonging(self) -> dict[str, Any]:
        """What each example belongs to, in the order of `rows`: these fields of `privsearch.study.signals.Signals`."""
        units = self.groups.numbers if self.groups and self.groups.are_persons else None
        of_rows = self.subgroups[self.rows] if self.subgroups else None
        named = {"groups": of_rows.numbers, "group_names": of_rows.names} if of_rows else {}
        return {"units": units, **named}

    @property
    def device(self) -> torch.device:
        """The device that holds the tensors."""
        return self.x_train.device

    def with_own(self, training: Bool[np.ndarray, "networks examples"] | None) -> "Splits":
        """Return the same examples, with a training split of its own for each network.

        Args:
            training: `(networks, examples)`, in the order of `rows`; None to return the splits as they are.
        """
        if training is None:
            return self
        # One row, one example: now, the rows of a test split that the data bring go on after the training data's.
        in_test_data = self.info.has_own_test_split & (np.arange(len(self.rows)) >= len(self.y_train))
        return replace(self, rows=self.rows + in_test_data * self.info.rows_read, own_training=training)

    def places_of(self, network: int) -> Int64[np.ndarray, " examples"]:
        """Return the places that the examples of one network's splits, `of_network`, have in these here."""
        if self.own_training is None:
            return np.arange(len(self.rows))
        in_training = self.own_training[network]
        return np.concatenate([np.flatnonzero(in_training), np.flatnonzero(~in_training)])

    def num_train_of(self, network: int) -> int:
        """Return the number of examples in one network's training split; where persons are drawn, each has its own."""
        return len(self.y_train) if self.own_training is None else int(self.own_training[network].sum())

    def training_groups(self, networks: int) -> list[Groups] | None:
        """Return the groups of the examples in the training split of each of so many networks; None if there are none.

        A group has the same number in all of them.
        """
        if self.groups is None:
            return None
        return [self.groups[self.places_of(k)[: self.num_train_of(k)]] for k in range(networks)]

    def of_network(self, network: int) -> "Splits":
        """Return one network's splits.

        In both splits of its own, examples keep their order. A table is standardised anew, with the mean and standard
        deviation of the network's training split; images are copied.

        Args:
            network: its index in the order of training.
        """
        if self.own_training is None:
            return self
        places = self.places_of(network)
        parts = np.split(places, [self.num_train_of(network)])
        x, y = torch.cat([self.x_train, self.x_test]), torch.cat([self.y_train, self.y_test])
        (x_train, x_test), (y_train, y_test) = (
            [whole[torch.from_numpy(part).to(whole.device)] for part in parts] for whole in (x, y)
        )
        if self.unscaled is not None:
            scaled = _fitted(self.unscaled[parts[0]], self.unscaled[parts[1]], self.table_inputs)
            x_train, x_test = (torch.from_numpy(part).to(self.device) for part in scaled)
        return replace(
            self,
            x_train=x_train,
            y_train=y_train,
            x_test=x_test,
            y_test=y_test,
            rows=self.rows[places],
            unscaled=None if self.unscaled is None else self.unscaled[places],
            own_training=None,
            groups=None if self.groups is None else self.groups[places],
        )

    def with_all_in_training(self) -> "Splits":
        """Return the same examples, all of them in the training split; those of the test split are there as well.

        A table is standardised anew, with the mean and standard deviation of all.
        """
        test = slice(len(self.y_train), None)
        x_train, x_test = torch.cat([self.x_train, self.x_test]), self.x_test
        if self.unscaled is not None:
            scaled = _fitted(self.unscaled, self.unscaled[test], self.table_inputs)
            x_train, x_test = (torch.from_numpy(part).to(self.device) for part in scaled)
        return replace(
            self,
            x_train=x_train,
            y_train=torch.cat([self.y_train, self.y_test]),
            x_test=x_test,
            rows=np.concatenate([self.rows, self.rows[test]]),
            unscaled=None if self.unscaled is None else np.concatenate([self.unscaled, self.unscaled[test]]),
            own_training=None,
            groups=_joined(self.groups, None if self.groups is None else self.groups[test]),
        )

    def to(self, device: str) -> "Splits":
        """Return the same splits with their tensors on `device`, by torch's name."""
        moved = {name: getattr(self, name).to(device) for name in ("x_train", "y_train", "x_test", "y_test")}
        return replace(self, **moved)

    def with_training_labels(self, labels: Int64[np.ndarray, " train"]) -> "Splits":
        """Return the same splits with these classes for the training split, `(train,)`; this object if none differs."""
        y_train = torch.from_numpy(labels).to(self.device)
        # The same object, as what is computed from splits once is found again by it.
        return self if torch.equal(y_train, self.y_train) else replace(self, y_train=y_train)

    def inputs(
        self,
        x: Float32[Tensor, "batch *input_shape"] | UInt8[Tensor, "batch *input_shape"],
        generator: torch.Generator | None = None,
    ) -> Float32[Tensor, "batch *input_shape"]:
        """Return the inputs of a network for a batch of `x_train` or `x_test`.

        Args:
            x: the batch.
            generator: the source of random crops and flips, for a network in training; None for neither.
        """
        return x if self.preprocessing is None else preprocess(x, self.preprocessing, generator)

    def batches(
        self, size: int, generator: torch.Generator | None = None
    ) -> Iterator[Float32[Tensor, "batch *input_shape"]]:
        """Yield the inputs of a network that is queried: the training split and then the test split, in batches.

        Args:
            size: the number of examples in a batch.
            generator: as for `inputs`; None for the examples as they are.
        """
        num_train = len(self.y_train)
        for start in range(0, num_train + len(self.y_test), size):
            test = slice(max(start - num_train, 0), max(start + size - num_train, 0))
            yield self.inputs(torch.cat([self.x_train[start : start + size], self.x_test[test]]), generator)


def load_splits(dataset: Dataset, *, seed: int, train_size: int | None, test_size: int | None) -> Splits:
    """Split, subsample and scale a dataset, all from one seed.

    Data without a test split of their own are split 80-20, stratified, groups as a whole. Each split is then cut to its
    size, stratified again, of persons to about that size. The examples of a smaller size are among those of a larger
    size if the class counts allow it. The size of one split does not affect the other. Tables are standardised with the
    mean and standard deviation of the training split that is left.

    Args:
        dataset: a dataset of the spec.
        seed: at least 0.
        train_size: examples kept of the training split; None keeps all.
        test_size: examples kept of the test split; None keeps all.

    Raises:
        DataError: the dataset is unfit, or a size exceeds its split or is less than the number of classes.
    """
    return _load_splits(dataset, modified_ns(dataset), seed, train_size, test_size)


@lru_cache(maxsize=4)
def _load_splits(
    dataset: Dataset, _modified_ns: int | None, seed: int, train_size: int | None, test_size: int | None
) -> Splits:
    raw = load_dataset(dataset)
    split_rng, train_rng, test_rng = np.random.default_rng(seed).spawn(3)
    train, test = _split(raw, split_rng)
    train = _subsample(train, train_size, train_rng, f"{raw.name}: train_size")
    test = _subsample(test, test_size, test_rng, f"{raw.name}: test_size")
    is_table = raw.x.ndim in {2, 3} and not raw.is_scaled
    x_train, x_test = _fitted(train.x, test.x, raw.table_inputs) if is_table else (train.x, test.x)
    return Splits(
        describe_dataset(dataset),
        torch.from_numpy(x_train),
        torch.from_numpy(train.y),
        torch.from_numpy(x_test),
        torch.from_numpy(test.y),
        np.concatenate([train.rows, test.rows]),
        raw.preprocessing,
        np.concatenate([train.x, test.x]) if is_table else None,
        raw.table_inputs,
        groups=_joined(train.groups, test.groups),
        subgroups=raw.subgroups,
    )


def _joined(train: Groups | None, test: Groups | None) -> Groups | None:
    if train is None or test is None:
        return None
    return Groups(np.concatenate([train.numbers, test.numbers]), train.are_persons)


def _fitted(
    x_train: Float[np.ndarray, "train *columns"], x_test: Float[np.ndarray, "test *columns"], inputs: TableInputs | None
) -> list[Float32[np.ndarray, "_ *inputs"]]:
    """Return a network's inputs from both splits of a table, all that is fitted taken from the training split."""
    if x_train.ndim == 3:
        return standardized_over_time(x_train, x_test)
    return standardized(x_train, x_test) if inputs is None else inputs.fitted(x_train, x_test)


def _split(raw: RawDataset, rng: np.random.Generator) -> tuple[_Examples, _Examples]:
    groups = None if raw.groups is None else Groups(raw.groups, bool(raw.unit))
    examples = _Examples(raw.x, raw.y, np.arange(len(raw.y)) if raw.rows is None else raw.rows, groups)
    if raw.test_x is not None and raw.test_y is not None:
        test_rows = np.arange(len(raw.test_y)) if raw.test_rows is None else raw.test_rows
        test_groups = None if raw.test_groups is None else Groups(raw.test_groups, bool(raw.unit))
        return examples, _Examples(raw.test_x, raw.test_y, test_rows, test_groups)
    if groups is None:
        is_test = draw_stratified(raw.y, raw.num_test, rng)
    else:
        is_test = groups.draw(raw.num_test, rng, labels=raw.y)
    return examples[~is_test], examples[is_test]


def _subsample(examples: _Examples, size: int | None, rng: np.random.Generator, what: str) -> _Examples:
    if size is None:
        return examples
    if examples.groups is not None and examples.groups.are_persons:
        return examples[examples.groups.first(examples.y, size, rng)]
    num_classes = len(np.unique(examples.y))
    if not num_classes <= size <= len(examples.y):
        raise DataError(
            f"{what} must be from {num_classes} (the classes in this split) to {len(examples.y)} (its examples), but "
            f"got {size}. Choose a size in this range, or null for all examples."
        )
    return examples[draw_stratified(examples.y, size, rng)]
