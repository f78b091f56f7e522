"""Arrays over time: tables of features and frames of events whose second axis is time, of lengths that may differ.

Beyond an example's length all of its values are NaN, here and wherever such arrays go, so that an array says itself
where its examples end. A network takes padding for 0 and reads nothing there.
"""

from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Float32, Int64, Shaped

from privsearch.data.layout import as_images
from privsearch.data.precision import as_float32, in_enough_bits, merging_warning
from privsearch.data.raw import listed
from privsearch.data.table_inputs import standardized
from privsearch.errors import DataError
from privsearch.spec.dataset_fields import Layout

MOST_STEPS: Final = 10_000
"""The most time steps, as of `num_steps`."""

_BRIGHT: Final = 20.0
"""The absolute value from which on frames, which are never scaled, are told."""


def padded(
    x: Shaped[np.ndarray, "n time *shape"], lengths: Shaped[np.ndarray, "..."] | None, where: str, lengths_where: str
) -> Shaped[np.ndarray, "n time *shape"]:
    """Return the same values, NaN beyond each example's length if lengths differ.

    Args:
        x: `(n, time, features)`, or frames `(n, time, height, width)`, also with the channels before or behind these.
        lengths: `(n,)`, each example's number of steps; None if it ends where all values of all later steps are NaN.
        where: the file and the array, for error messages.
        lengths_where: the same for `lengths`.

    Raises:
        DataError: the array is not over time, a value within an example's length is not finite, or a length is no
            number from 1 to `time`.
    """
    if x.dtype.kind not in "biuf" or x.ndim not in {3, 4, 5} or 0 in x.shape or x.shape[1] > MOST_STEPS:
        raise DataError(
            f"{where}: inputs over time must be numbers of shape (n, time, features), (n, time, height, width) or (n, "
            f"time, channels, height, width), no axis empty, and of at most {MOST_STEPS:,} time steps, but got shape "
            f"{x.shape}, dtype {x.dtype}. Reshape or convert them, or leave time out."
        )
    num_steps = x.shape[1]
    if lengths is None:
        is_given = ~np.isnan(x).reshape(*x.shape[:2], -1).all(axis=2)
        # From the last step with a value back: a gap before it is no padding.
        counted = num_steps - is_given[:, ::-1].argmax(axis=1)
        lengths = np.where(is_given.any(axis=1), counted, 0)
        if empty := np.flatnonzero(lengths == 0).tolist():
            raise DataError(
                f"{where}: every example must have a step with values, but all are NaN at index "
                f"{listed(empty, limit=3)}. Remove these examples."
            )
    else:
        _check_lengths(lengths, x.shape, where, lengths_where)
    is_valid = np.arange(num_steps) < lengths[:, np.newaxis]
    unfit = np.argwhere(is_valid.reshape(*x.shape[:2], *[1] * (x.ndim - 2)) & ~np.isfinite(as_float32(x)))
    if len(unfit):
        raise DataError(
            f"{where}: every value within an example's length must be a finite 32-bit number, but {len(unfit)} are NaN "
            f"or infinite, at index {listed(map(tuple, unfit.tolist()), limit=3)}. Put others there, or end examples "
            "before them. Padding is what an array lengths leaves out, or last steps of NaN alone."
        )
    if is_valid.all():
        return x
    floats = x if x.dtype.kind == "f" else x.astype(np.float64 if x.dtype.itemsize > 2 else np.float32)
    with_padding = floats.copy()
    with_padding[~is_valid] = np.nan
    return with_padding


def _check_lengths(lengths: Shaped[np.ndarray, "..."], shape: tuple[int, ...], where: str, lengths_where: str) -> None:
    if lengths.dtype.kind not in "iu" or lengths.shape != shape[:1]:
        raise DataError(
            f"{lengths_where}: lengths must be integers of shape {shape[:1]}, one for each example, but got shape "
            f"{lengths.shape}, dtype {lengths.dtype}. Count the steps of each example."
        )
    unfit = np.flatnonzero((lengths < 1) | (lengths > shape[1])).tolist()
    if unfit:
        raise DataError(
            f"{lengths_where}: every length must be from 1 to {shape[1]}, the time steps of {where}, but got "
            f"{lengths[unfit[0]]} at index {listed(unfit, limit=3)}. Correct them, or remove these examples."
        )


def as_sequences(
    x: Shaped[np.ndarray, "n time *given"],
    test_x: Shaped[np.ndarray, "test_n time *given"] | None,
    layout: Layout,
    where: str,
) -> tuple[Float[np.ndarray, "n steps *shape"], Float[np.ndarray, "test_n steps *shape"] | None, list[str]]:
    """Return tables over time in enough bits, or frames over time with their channels first, and what is to be told.

    There are as many steps as the longest example has. The values of frames stay as they are, whatever their type:
    they are counts of events as a rule.

    Args:
        x: the examples, NaN where they are padded.
        test_x: the data's own test split, likewise, or None.
        layout: where the channels of frames are; None if the shape is to tell.
        where: the file and the array, for error messages.

    Raises:
        DataError: frames are too small, or the shape does not tell where their channels are.
    """
    given = [x] if test_x is None else [x, test_x]
    # Steps that no example has change nothing but the cost, and would make other data of the same.
    num_steps = max(int(lengths_of(part).max()) for part in given)
    x, test_x = x[:, :num_steps], None if test_x is None else test_x[:, :num_steps]
    if x.ndim == 3:
        return _tables(x, test_x)
    # The frames of all examples, one after another, are images.
    parts = [as_float32(part) for part in ([x] if test_x is None else [x, test_x])]
    flat = [part.reshape(-1, *part.shape[2:]) for part in parts]
    images = as_images(flat[0], None if test_x is None else flat[1], layout, where)
    frames: list[Float32[np.ndarray, "_ time channels height width"]] = [
        image.reshape(*part.shape[:2], *image.shape[1:])
        for part, image in zip(parts, (images.x, images.test_x), strict=False)
        if image is not None
    ]
    most = max(float(np.nanmax(np.abs(part))) for part in frames)
    told = []
    if most >= _BRIGHT:
        told.append(
            f"The frames over time are of type {x.dtype} and reach {most:g}; their values are not scaled, whatever the "
            "type. Networks learn best from about 0 to 1: divide them."
        )
    return frames[0], None if test_x is None else frames[1], told


def _tables(
    x: Shaped[np.ndarray, "n time features"], test_x: Shaped[np.ndarray, "test_n time features"] | None
) -> tuple[Float[np.ndarray, "n time features"], Float[np.ndarray, "test_n time features"] | None, list[str]]:
    valid, test_valid = valid_steps(x), None if test_x is None else valid_steps(test_x)
    given, test_given, merged = in_enough_bits(x[valid], None if test_x is None else test_x[test_valid])
    table, test_table = np.full(x.shape, np.nan, given.dtype), None
    table[valid] = given
    if test_x is not None:
        test_table = np.full(test_x.shape, np.nan, given.dtype)
        test_table[test_valid] = test_given
    told = [merging_warning([str(column) for column in merged])] if merged else []
    return table, test_table, told


def valid_steps(x: Shaped[np.ndarray, "n time *shape"]) -> Bool[np.ndarray, "n time"]:
    """Return which steps of examples are no padding."""
    is_valid: Bool[np.ndarray, "n time"] = ~np.isnan(x.reshape(*x.shape[:2], -1)[:, :, 0])
    return is_valid


def lengths_of(x: Shaped[np.ndarray, "n time *shape"]) -> Int64[np.ndarray, " n"]:
    """Return the number of steps of each example that are no padding."""
    lengths: Int64[np.ndarray, " n"] = valid_steps(x).sum(axis=1)
    return lengths


def standardized_over_time(
    train: Float[np.ndarray, "train time features"], test: Float[np.ndarray, "test time features"]
) -> list[Float32[np.ndarray, "_ time features"]]:
    """Standardise each feature with its mean and standard deviation over all steps of the training split.

    Padding has no say in them, and stays NaN.
    """
    flat = standardized(*(part.reshape(-1, part.shape[2]) for part in (train, test)))
    return [scaled.reshape(part.shape) for scaled, part in zip(flat, (train, test), strict=True)]


def without_padding(x: Float[np.ndarray, "n *shape"]) -> Float[np.ndarray, "n *shape"]:
    """Return inputs over time with padding as 0; all others as they are, which have no NaN."""
    return np.nan_to_num(x, nan=0.0) if x.ndim in {3, 5} else x
