"""The splits of a dataset: data that have a test split keep it, others are split 80-20, stratified."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int64, UInt8
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from privsearch.data.dataset import DatasetInfo, describe_dataset, load_dataset, modified_ns
from privsearch.data.preprocessing import preprocess
from privsearch.data.raw import Preprocessing, RawDataset
from privsearch.errors import DataError
from privsearch.spec import Dataset


@dataclass(frozen=True)
class _Examples:
    """A set of examples, their classes, and their rows in the data that they were read from."""

    x: Float32[np.ndarray, "n *shape"] | UInt8[np.ndarray, "n *shape"]
    y: Int64[np.ndarray, " n"]
    rows: Int64[np.ndarray, " n"]

    def __getitem__(self, chosen: Bool[np.ndarray, " n"]) -> "_Examples":
        return _Examples(self.x[chosen], self.y[chosen], self.rows[chosen])


@dataclass(frozen=True, eq=False)
class Splits:
    """A dataset as a trial uses it. Trials share the tensors, so never change them in place.

    Attributes:
        info: the description of the whole dataset, before subsampling.
        x_train: `(train, *input_shape)`. A table is standardised. Images are as they were read: in 32-bit floats, or
            in 8 bits if they are still to be preprocessed, mapped from a file that all processes share.
        y_train: `(train,)`, classes from 0.
        x_test: `(test, *input_shape)`, prepared like `x_train`.
        y_test: `(test,)`, classes from 0.
        rows: `(train + test,)`: the rows of both splits' examples in the data as they were read, from 0. If the data
            have a test split of their own, its rows are counted from 0 again.
        preprocessing: the preprocessing that `inputs` applies to `x_train` and `x_test`, or None for none.
    """

    info: DatasetInfo
    x_train: Float32[Tensor, "train *input_shape"] | UInt8[Tensor, "train *input_shape"]
    y_train: Int64[Tensor, " train"]
    x_test: Float32[Tensor, "test *input_shape"] | UInt8[Tensor, "test *input_shape"]
    y_test: Int64[Tensor, " test"]
    rows: Int64[np.ndarray, " examples"]
    preprocessing: Preprocessing | None = None

    @property
    def device(self) -> torch.device:
        """The device that holds the tensors."""
        return self.x_train.device

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

    Data without a test split of their own are split 80-20, stratified. Each split is then cut to its size, stratified
    again. The examples of a smaller size are among those of a larger size if the class counts allow it. The size of one
    split does not affect the other. Tables are standardised with the mean and standard deviation of the training split
    that is left.

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
    x_train, x_test = train.x, test.x
    if raw.x.ndim == 2:
        # In 64 bits, so that large values neither overflow nor lose their differences.
        scaler = StandardScaler().fit(x_train.astype(np.float64))
        x_train, x_test = (scaler.transform(x.astype(np.float64)).astype(np.float32) for x in (x_train, x_test))
    return Splits(
        describe_dataset(dataset),
        torch.from_numpy(x_train),
        torch.from_numpy(train.y),
        torch.from_numpy(x_test),
        torch.from_numpy(test.y),
        np.concatenate([train.rows, test.rows]),
        raw.preprocessing,
    )


def _split(raw: RawDataset, rng: np.random.Generator) -> tuple[_Examples, _Examples]:
    examples = _Examples(raw.x, raw.y, np.arange(len(raw.y)))
    if raw.test_x is not None and raw.test_y is not None:
        return examples, _Examples(raw.test_x, raw.test_y, np.arange(len(raw.test_y)))
    is_test = _draw_stratified(raw.y, raw.num_test, rng)
    return examples[~is_test], examples[is_test]


def _subsample(examples: _Examples, size: int | None, rng: np.random.Generator, what: str) -> _Examples:
    if size is None:
        return examples
    num_classes = len(np.unique(examples.y))
    if not num_classes <= size <= len(examples.y):
        raise DataError(
            f"{what} must be from {num_classes} (the classes in this split) to {len(examples.y)} (its examples), but "
            f"got {size}. Choose a size in this range, or null for all examples."
        )
    return examples[_draw_stratified(examples.y, size, rng)]


def _draw_stratified(y: Int64[np.ndarray, " n"], size: int, rng: np.random.Generator) -> Bool[np.ndarray, " n"]:
    """Draw `size` examples, at least one of every class, unlike scikit-learn's split, which may omit a rare class."""
    chosen = np.zeros(len(y), dtype=np.bool_)
    classes, counts = np.unique(y, return_counts=True)
    for label, class_size in zip(classes, _class_sizes(counts, size), strict=True):
        chosen[rng.permutation(np.flatnonzero(y == label))[:class_size]] = True
    return chosen


def _class_sizes(counts: Int64[np.ndarray, " classes"], size: int) -> Int64[np.ndarray, " classes"]:
    """Divide `size` in proportion to `counts`: the largest remainders are rounded up, and no share is below 1."""
    total = counts.sum()
    sizes: Int64[np.ndarray, " classes"] = np.maximum(counts * size // total, 1)
    while sizes.sum() != size:
        shortfall = counts * size - sizes * total
        if sizes.sum() < size:
            sizes[np.argmax(shortfall)] += 1
        else:
            sizes[np.argmin(np.where(sizes > 1, shortfall, total * size))] -= 1
    return sizes
