"""The common form of all datasets before they are split."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64, UInt8

from privsearch._util.text import cut, nearest
from privsearch.data.subgroups import Subgroups
from privsearch.data.table_inputs import TableInputs


@dataclass(frozen=True)
class Preprocessing:
    """The preprocessing of stored images, batch by batch, into the inputs of a network.

    Attributes:
        mean: the number subtracted from every pixel, after 0-255 was scaled to [0, 1].
        std: the number that the difference is divided by.
        crop_padding: in training, the black pixels put around an image before a random crop of its own size.
        flip_probability: in training, the probability that an image is mirrored, left to right.
    """

    mean: float
    std: float
    crop_padding: int = 0
    flip_probability: float = 0.0

    @property
    def augments(self) -> bool:
        """True if a network is trained on other images than it is queried with."""
        return self.crop_padding > 0 or self.flip_probability > 0


@dataclass(frozen=True, eq=False)
class RawDataset:
    """A dataset before it is split, subsampled and scaled.

    Attributes:
        name: the dataset's name in tables and plots.
        source: a path, or the library that holds the data.
        x: `(n, features)` for a table, `(n, channels, height, width)` for images; over time `(n, time, features)` or
            `(n, time, channels, height, width)`, NaN from the step on at which an example ends. It is the training
            split if the data have a test split of their own, else all of the data. It holds 8-bit integers only with
            `preprocessing`.
        y: `(n,)`, classes from 0; every class occurs at least twice.
        class_names: the name of each class, in the order of the numbers in `y`.
        test_x: the data's own test split, shaped like `x`, or None.
        test_y: the classes of `test_x`, or None.
        preprocessing: the step from `x` and `test_x` to a network's inputs; None if they are the inputs.
        rows: `(n,)`, the place of each example of `x` in the data as they were read, from 0; None if none was dropped.
        test_rows: the same for `test_x`.
        rows_read: the number of rows that `x` was read from, those that were dropped included; 0 if none was dropped.
        groups: `(n,)`, a number for each example of `x`, alike for those that must stay on one side of every split;
            None if each stands for itself.
        test_groups: the same for `test_x`, with numbers of its own.
        unit: the name of what a group is, if it is the unit of membership, such as `patient`; empty if each example is.
        subgroups: of each row that `x` was read from, those that were dropped included; None if none are asked for.
        table_inputs: how the columns of `x` become a network's inputs, where some are of categories or have missing
            values; None if they are standardised, each by itself. `x` is then of 64 bits, NaN for a missing number.
        is_scaled: True if a table is scaled already, by ranges that do not follow from the data.
        column_names: the names of the features of a table, if they have names.
        warnings: sentences on what was read and may not be what is meant.
    """

    name: str
    source: str
    x: Float[np.ndarray, "n *shape"] | UInt8[np.ndarray, "n *shape"]
    y: Int64[np.ndarray, " n"]
    class_names: tuple[str, ...]
    test_x: Float[np.ndarray, "test_n *shape"] | UInt8[np.ndarray, "test_n *shape"] | None = None
    test_y: Int64[np.ndarray, " test_n"] | None = None
    preprocessing: Preprocessing | None = None
    rows: Int64[np.ndarray, " n"] | None = None
    test_rows: Int64[np.ndarray, " test_n"] | None = None
    rows_read: int = 0
    groups: Int64[np.ndarray, " n"] | None = None
    test_groups: Int64[np.ndarray, " test_n"] | None = None
    unit: str = ""
    subgroups: Subgroups | None = None
    table_inputs: TableInputs | None = None
    is_scaled: bool = False
    column_names: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of a network's input."""
        return self.x.shape[1:] if self.table_inputs is None else (self.table_inputs.num_inputs,)

    @property
    def has_padding(self) -> bool:
        """True if examples over time have different numbers of steps."""
        if self.x.ndim not in {3, 5}:
            return False
        # The last step of an example that is as long as any is no padding.
        parts = [self.x] if self.test_x is None else [self.x, self.test_x]
        return any(np.isnan(part[:, -1]).any() for part in parts)

    @property
    def num_train(self) -> int:
        """The number of examples in the whole training split."""
        return len(self.y) - (default_test_size(len(self.y)) if self.test_y is None else 0)

    @property
    def num_test(self) -> int:
        """The number of examples in the whole test split."""
        return default_test_size(len(self.y)) if self.test_y is None else len(self.test_y)


def default_test_size(num_examples: int) -> int:
    """Return a fifth of the examples, rounded up: the size of the test split of data that have none."""
    return -(-num_examples // 5)


def listed(items: Iterable[object], limit: int = 10) -> str:
    """Return a list as text, such as `'a', 'b', 'c' and 7 more`."""
    shown = [cut(item) for item in items]
    rest = f" and {len(shown) - limit} more" if len(shown) > limit else ""
    return ", ".join(shown[:limit]) + rest


def did_you_mean(name: str, valid_names: Sequence[str]) -> str:
    """Return a question such as ` Did you mean 'species'?`, or nothing if no valid name is near."""
    near = nearest(name, valid_names)
    return f" Did you mean {near!r}?" if near else ""
