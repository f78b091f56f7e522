"""What every dataset is turned into before it is split, and the rules that its labels keep."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64, Shaped, UInt8

from privsearch._util.text import cut, nearest
from privsearch.errors import DataError


@dataclass(frozen=True)
class Preprocessing:
    """What is done to stored images, batch by batch, before a network is shown them.

    Attributes:
        mean: taken from every pixel, after 0-255 was scaled to [0, 1].
        std: what the difference is divided by.
        crop_padding: black pixels put around an image before its own size is cut out at random, while training.
        flip_probability: how often it is then mirrored, left to right, while training.
    """

    mean: float
    std: float
    crop_padding: int = 0
    flip_probability: float = 0.0

    @property
    def augments(self) -> bool:
        """Whether a network is trained on other images than it is queried with."""
        return self.crop_padding > 0 or self.flip_probability > 0


@dataclass(frozen=True, eq=False)
class RawDataset:
    """A dataset before it is split, subsampled and scaled.

    Attributes:
        name: what the dataset is called in tables and plots.
        source: where it comes from: a path, or the library that holds it.
        x: `(n, features)` for a table, `(n, channels, height, width)` for images; the training split only where the
            data bring a test split of their own, everything otherwise; 8-bit integers only with `preprocessing`.
        y: `(n,)`, classes from 0; every class occurs at least twice.
        class_names: the name of each class, in the order of the numbers in `y`.
        test_x: the data's own test split, shaped like `x`, or None.
        test_y: its classes, or None.
        preprocessing: what turns `x` and `test_x` into a network's inputs; None if they are that already.
    """

    name: str
    source: str
    x: Float32[np.ndarray, "n *shape"] | UInt8[np.ndarray, "n *shape"]
    y: Int64[np.ndarray, " n"]
    class_names: tuple[str, ...]
    test_x: Float32[np.ndarray, "test_n *shape"] | UInt8[np.ndarray, "test_n *shape"] | None = None
    test_y: Int64[np.ndarray, " test_n"] | None = None
    preprocessing: Preprocessing | None = None

    @property
    def num_train(self) -> int:
        """Examples in the whole training split."""
        return len(self.y) - (default_test_size(len(self.y)) if self.test_y is None else 0)

    @property
    def num_test(self) -> int:
        """Examples in the whole test split."""
        return default_test_size(len(self.y)) if self.test_y is None else len(self.test_y)


def default_test_size(num_examples: int) -> int:
    """A fifth of the examples, rounded up: the test split of data that bring none."""
    return -(-num_examples // 5)


def encode_labels(
    labels: Shaped[np.ndarray, " n"], where: str, *, has_test_split: bool
) -> tuple[Int64[np.ndarray, " n"], dict[object, int]]:
    """Number the classes from 0 in sorted order.

    Args:
        labels: `(n,)`, of one sortable type, none missing.
        where: the file and the column or array, for the error message.
        has_test_split: False if `labels` are still to be split 80-20.

    Returns:
        The number of each example's class, and the number of each class.

    Raises:
        DataError: there is one class only, a class occurs once, or there are too few examples for a stratified split.
    """
    classes, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    numbers = {label: number for number, label in enumerate(classes.tolist())}
    if len(classes) < 2:
        raise DataError(f"{where}: at least 2 classes must occur, but all labels are {listed(numbers)}.")
    if counts.min() < 2:
        rare = [label for label, count in zip(numbers, counts, strict=True) if count < 2]
        raise DataError(
            f"{where}: every class must have at least 2 examples, but {len(rare)} of {len(classes)} have one only: "
            f"{listed(rare)}. Remove them or add examples; if the labels are measurements, put them into classes first."
        )
    if not has_test_split and default_test_size(len(labels)) < len(classes):
        raise DataError(
            f"{where}: the test split (a fifth of the examples) must have room for every class, but {len(labels)} "
            f"examples give {default_test_size(len(labels))} for {len(classes)} classes. Add examples or merge classes."
        )
    return codes.astype(np.int64), numbers


def listed(items: Iterable[object], limit: int = 10) -> str:
    """`'a', 'b', 'c' and 7 more`."""
    shown = [cut(item) for item in items]
    rest = f" and {len(shown) - limit} more" if len(shown) > limit else ""
    return ", ".join(shown[:limit]) + rest


def did_you_mean(name: str, valid_names: Sequence[str]) -> str:
    """` Did you mean 'species'?`, or nothing where no valid name is near."""
    near = nearest(name, valid_names)
    return f" Did you mean {near!r}?" if near else ""
