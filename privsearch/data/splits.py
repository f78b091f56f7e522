"""Who is in which split, and who is a member of what.

Data that bring a test split keep it; others are split 80-20, stratified. In the paper protocol the target trains on the
whole training split, the shadow on the part of it that `shadow_members` draws, and the test split holds the non-members
of both.
"""

from collections.abc import Iterator
from dataclasses import dataclass
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

_Examples = tuple[Float32[np.ndarray, "_ *shape"] | UInt8[np.ndarray, "_ *shape"], Int64[np.ndarray, " _"]]


@dataclass(frozen=True, eq=False)
class Splits:
    """A dataset as a trial uses it. The tensors are shared between trials: never change them in place.

    Attributes:
        info: the description of the whole dataset, before subsampling.
        x_train: `(train, *input_shape)`; a table is standardised, images are as they were read: in 32-bit floats, or
            in 8 bits, mapped from a file that all processes share, if they are still to be preprocessed.
        y_train: `(train,)`, classes from 0.
        x_test: `(test, *input_shape)`, prepared like `x_train`.
        y_test: `(test,)`, classes from 0.
        preprocessing: what `inputs` does to `x_train` and `x_test`, or None for nothing.
    """

    info: DatasetInfo
    x_train: Float32[Tensor, "train *input_shape"] | UInt8[Tensor, "train *input_shape"]
    y_train: Int64[Tensor, " train"]
    x_test: Float32[Tensor, "test *input_shape"] | UInt8[Tensor, "test *input_shape"]
    y_test: Int64[Tensor, " test"]
    preprocessing: Preprocessing | None = None

    def inputs(
        self,
        x: Float32[Tensor, "batch *input_shape"] | UInt8[Tensor, "batch *input_shape"],
        generator: torch.Generator | None = None,
    ) -> Float32[Tensor, "batch *input_shape"]:
        """What a network is shown for a batch of `x_train` or `x_test`.

        Args:
            x: the batch.
            generator: where random crops and flips are drawn from, for a network in training; None for none.
        """
        return x if self.preprocessing is None else preprocess(x, self.preprocessing, generator)

    def batches(self, size: int) -> Iterator[Float32[Tensor, "batch *input_shape"]]:
        """What a network is shown when it is queried: the training split and then the test split, `size` at a time."""
        num_train = len(self.y_train)
        for start in range(0, num_train + len(self.y_test), size):
            test = slice(max(start - num_train, 0), max(start + size - num_train, 0))
            yield self.inputs(torch.cat([self.x_train[start : start + size], self.x_test[test]]))


def load_splits(dataset: Dataset, *, seed: int, train_size: int | None, test_size: int | None) -> Splits:
    """Split, subsample and scale a dataset, all from one seed.

    Data without a test split of their own are split 80-20, stratified. Each split is then cut to its size, stratified
    again; the examples of a smaller size are among those of a larger one wherever the class counts allow it. Neither
    size has a say in the other split. Tables are standardised with the mean and standard deviation of the training
    split that is left.

    Args:
        dataset: as in the spec.
        seed: at least 0.
        train_size: examples kept of the training split; None keeps all.
        test_size: examples kept of the test split; None keeps all.

    Raises:
        DataError: the dataset is unfit, or a size exceeds its split or leaves no room for every class.
    """
    return _load_splits(dataset, modified_ns(dataset), seed, train_size, test_size)


@lru_cache(maxsize=4)
def _load_splits(
    dataset: Dataset, _modified_ns: int | None, seed: int, train_size: int | None, test_size: int | None
) -> Splits:
    raw = load_dataset(dataset)
    split_rng, train_rng, test_rng = np.random.default_rng(seed).spawn(3)
    train, test = _split(raw, split_rng)
    x_train, y_train = _subsample(train, train_size, train_rng, f"{raw.name}: train_size")
    x_test, y_test = _subsample(test, test_size, test_rng, f"{raw.name}: test_size")
    if raw.x.ndim == 2:
        # In 64 bits, so that large values neither overflow nor lose their differences.
        scaler = StandardScaler().fit(x_train.astype(np.float64))
        x_train, x_test = (scaler.transform(x.astype(np.float64)).astype(np.float32) for x in (x_train, x_test))
    return Splits(
        describe_dataset(dataset),
        torch.from_numpy(x_train),
        torch.from_numpy(y_train),
        torch.from_numpy(x_test),
        torch.from_numpy(y_test),
        raw.preprocessing,
    )


def shadow_members(num_train: int, fraction: float, rng: np.random.Generator) -> Bool[np.ndarray, " num_train"]:
    """Draw the part of the training split that a shadow trains on.

    Args:
        num_train: examples in the training split.
        fraction: the share to draw, above 0 and at most 1; the number drawn is the integer nearest to
            `fraction * num_train` (a half goes to the even one).
        rng: where the draw comes from.

    Returns:
        `(num_train,)`, True for the members.

    Raises:
        DataError: the number drawn would be none, or more than there are.

    Source: Moshruba et al. 2025, where `fraction` is 0.8.
    """
    num_members = round(fraction * num_train)
    if not 1 <= num_members <= num_train:
        raise DataError(
            f"A shadow must train on 1 to {num_train} examples of the training split, but a fraction of {fraction} of "
            f"{num_train} examples gives {num_members}. Change the fraction, or keep more examples."
        )
    is_member = np.zeros(num_train, dtype=np.bool_)
    is_member[rng.permutation(num_train)[:num_members]] = True
    return is_member


def _split(raw: RawDataset, rng: np.random.Generator) -> tuple[_Examples, _Examples]:
    if raw.test_x is not None and raw.test_y is not None:
        return (raw.x, raw.y), (raw.test_x, raw.test_y)
    is_test = _draw_stratified(raw.y, raw.num_test, rng)
    return (raw.x[~is_test], raw.y[~is_test]), (raw.x[is_test], raw.y[is_test])


def _subsample(examples: _Examples, size: int | None, rng: np.random.Generator, what: str) -> _Examples:
    if size is None:
        return examples
    x, y = examples
    num_classes = len(np.unique(y))
    if not num_classes <= size <= len(y):
        raise DataError(
            f"{what} must be from {num_classes} (the classes in this split) to {len(y)} (its examples), but got "
            f"{size}. Choose a size in this range, or null for all examples."
        )
    chosen = _draw_stratified(y, size, rng)
    return x[chosen], y[chosen]


def _draw_stratified(y: Int64[np.ndarray, " n"], size: int, rng: np.random.Generator) -> Bool[np.ndarray, " n"]:
    """Draw `size` examples, at least one of every class; scikit-learn's split may leave a rare class out."""
    chosen = np.zeros(len(y), dtype=np.bool_)
    classes, counts = np.unique(y, return_counts=True)
    for label, class_size in zip(classes, _class_sizes(counts, size), strict=True):
        chosen[rng.permutation(np.flatnonzero(y == label))[:class_size]] = True
    return chosen


def _class_sizes(counts: Int64[np.ndarray, " classes"], size: int) -> Int64[np.ndarray, " classes"]:
    """Shares of `size` in proportion to `counts`: the largest remainders are rounded up, none below 1."""
    total = counts.sum()
    sizes: Int64[np.ndarray, " classes"] = np.maximum(counts * size // total, 1)
    while sizes.sum() != size:
        shortfall = counts * size - sizes * total
        if sizes.sum() < size:
            sizes[np.argmax(shortfall)] += 1
        else:
            sizes[np.argmin(np.where(sizes > 1, shortfall, total * size))] -= 1
    return sizes
