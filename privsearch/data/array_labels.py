"""Arrays of labels as people have them: one a row, in a column of their own, whole floats, or one-hot."""

from typing import Final

import numpy as np
from jaxtyping import Shaped

from privsearch.data.raw import listed
from privsearch.errors import DataError

_EXACT: Final = 2**53
"""The least integer whose successor a 64-bit float does not have."""


def plain_labels(array: Shaped[np.ndarray, "..."], where: str) -> tuple[Shaped[np.ndarray, "..."], int | None]:
    """Return labels as integers or text, one for each example, and the columns of one-hot labels, else None.

    Floats that are whole numbers become integers, `(n, 1)` becomes `(n,)`, and a row of 0 with a single 1 the number of
    its column. An array of another shape is returned as it is.

    Raises:
        DataError: the labels are neither integers nor text, or have several columns and are not one-hot.
    """
    labels = _whole_numbers(array, where) if array.dtype.kind == "f" else array
    if labels.dtype.kind not in "biuU":
        raise DataError(
            f"{where}: labels must be integers or strings, but got dtype {labels.dtype}. Convert them, for example "
            "with .astype(int)."
        )
    if labels.dtype.kind == "U" and labels.size and not _are_characters(labels):
        raise DataError(f"{where}: labels must be text, but some hold what is no character. Write the array again.")
    if labels.ndim != 2 or 0 in labels.shape:
        return labels, None
    if labels.shape[1] == 1:
        return labels[:, 0], None
    if labels.dtype.kind == "U":
        raise DataError(f"{where}: labels must have one column, but got shape {labels.shape}. Choose the column.")
    is_one_hot = ((labels == 0) | (labels == 1)).all(axis=1) & ((labels == 1).sum(axis=1) == 1)
    if not is_one_hot.all():
        row = int(np.argmin(is_one_hot))
        raise DataError(
            f"{where}: labels with several columns must be one-hot, one 1 in each row and 0 elsewhere, but row {row} "
            f"is {listed(labels[row].tolist(), limit=6)}. Give one label for each example, of shape (n,)."
        )
    return labels.argmax(axis=1), labels.shape[1]


def _whole_numbers(array: Shaped[np.ndarray, "..."], where: str) -> Shaped[np.ndarray, "..."]:
    # Compared in 64 bits, as the bound is beyond those of 16.
    is_whole = np.isfinite(array) & (np.abs(array) < np.float64(_EXACT))
    is_whole &= array == np.rint(array)
    if not is_whole.all():
        place = np.unravel_index(int(np.argmin(is_whole)), array.shape)
        at = ", ".join(map(str, place))
        raise DataError(
            f"{where}: labels must be integers (1.0 is one) or strings, but got {array[place]} at index {at}. Correct "
            "it; if the labels are measurements, put them into classes first."
        )
    return array.astype(np.int64)


def _are_characters(texts: Shaped[np.ndarray, "..."]) -> bool:
    """Tell whether every character is one of Unicode, and no half of one, which no file could hold."""
    if texts.dtype.itemsize == 0:
        return True
    native = np.ascontiguousarray(texts, dtype=texts.dtype.newbyteorder("="))
    numbers = native.reshape(-1).view(np.uint32)
    return bool(((numbers < 0xD800) | ((numbers > 0xDFFF) & (numbers <= 0x10FFFF))).all())
