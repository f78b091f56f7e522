"""A user's own arrays, from an NPZ archive or a registered function, checked so that errors name the place."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Int64, Shaped

from privsearch._util.npz import NpzError, open_npz, read_array
from privsearch.data.files import existing_file
from privsearch.data.labels import encode_labels
from privsearch.data.layout import as_images, scale_warnings
from privsearch.data.precision import as_float32, in_enough_bits, merging_warning
from privsearch.data.raw import RawDataset, did_you_mean, listed
from privsearch.data.sequences import as_sequences, padded
from privsearch.errors import DataError, SpecError
from privsearch.spec import NpzDataset, RegisteredDataset, registry

_ONE_SPLIT: Final = ("x", "y")
_TWO_SPLITS: Final = ("x_train", "y_train", "x_test", "y_test")
_LENGTHS: Final = {"x": "lengths", "x_train": "lengths_train", "x_test": "lengths_test"}
"""The array that says how many time steps the examples of another array have, if their numbers differ."""


def load_npz(dataset: NpzDataset) -> RawDataset:
    """Read an archive of `x`, `y`, or of `x_train`, `y_train`, `x_test`, `y_test`.

    Inputs are `(n, features)` for a table, `(n, height, width)` for images of one channel, or `(n, channels, height,
    width)`, or with the channels last: the shape or `dataset.layout` tells. Images of type uint8 are scaled from 0-255
    to [0, 1], unless they hold 0 and 1 alone; all other values stay as they are. Labels are integers or strings,
    `(n,)`. Indices in messages are NumPy's.

    Inputs over time have time as their second axis, which `dataset.time`, a fifth axis or an array of lengths tells:
    `lengths`, or `lengths_train` and `lengths_test`, each `(n,)`. See `privsearch.data.sequences`.

    Raises:
        DataError: the file is missing or unreadable, or its arrays break a rule.
    """
    path = existing_file(dataset.path)
    return _checked(_read_archive(path), dataset, str(path), dataset.path)


def load_registered(dataset: RegisteredDataset) -> RawDataset:
    """Call the function that is registered for a dataset, and check its arrays like those of an NPZ archive.

    Raises:
        DataError: nothing is registered under that name, the function fails, or its arrays break a rule.
    """
    try:
        load = registry.needed("dataset", dataset.name).function
    except SpecError as error:
        raise DataError(str(error)) from None
    where = f"registered dataset {dataset.name!r}"
    try:
        given = load()
        if not isinstance(given, Mapping):
            given = dict(zip(_TWO_SPLITS if len(given) == len(_TWO_SPLITS) else _ONE_SPLIT, given, strict=True))
        arrays = {str(name): np.asarray(array) for name, array in given.items()}
    except Exception as error:  # a user's function may raise anything
        raise DataError(
            f"{where}: its function must return (x, y), (x_train, y_train, x_test, y_test) or a mapping with these "
            f"names, but: {type(error).__name__}: {error}"
        ) from error
    _check_array_names(list(arrays), where)
    return _checked(arrays, dataset, where, "registered")


def _checked(
    arrays: dict[str, Shaped[np.ndarray, "..."]], dataset: NpzDataset | RegisteredDataset, path: str, source: str
) -> RawDataset:
    has_test_split = "x_train" in arrays
    x_name, y_name = _TWO_SPLITS[:2] if has_test_split else _ONE_SPLIT
    where = f"{path}, array {x_name!r}"
    labels = _label_array(arrays, x_name, y_name, path)
    is_over_time = dataset.time or arrays[x_name].ndim == 5 or _LENGTHS[x_name] in arrays
    x, test_x = _inputs(arrays, x_name, path, is_over_time=is_over_time), None
    y, classes = encode_labels(labels, f"{path}, array {y_name!r}", has_test_split=has_test_split)
    test_y = None
    if has_test_split:
        test_x = _inputs(arrays, "x_test", path, is_over_time=is_over_time)
        test_y = _test_labels(_label_array(arrays, "x_test", "y_test", path), classes, path)
        if (x.shape[1:], arrays[x_name].dtype) != (test_x.shape[1:], arrays["x_test"].dtype):
            raise DataError(
                f"{path}: x_train and x_test must have one example shape and one dtype, but got "
                f"{x.shape[1:]} {x.dtype} and {test_x.shape[1:]} {test_x.dtype}. Prepare both alike."
            )
    if is_over_time:
        x, test_x, told = as_sequences(x, test_x, dataset.layout, where)
    elif x.ndim == 2:
        x, test_x, merged = in_enough_bits(x, test_x)
        told = [merging_warning([str(column) for column in merged])] if merged else []
    else:
        told = scale_warnings(x, test_x)
        x, test_x = as_images(x, test_x, dataset.layout, where)
    names = tuple(str(label) for label in classes)
    return RawDataset(dataset.name, source, x, y, names, test_x, test_y, warnings=tuple(told))


def _inputs(
    arrays: dict[str, Shaped[np.ndarray, "..."]], name: str, path: str, *, is_over_time: bool
) -> Shaped[np.ndarray, "n *shape"]:
    where, lengths = f"{path}, array {name!r}", _LENGTHS[name]
    if is_over_time:
        return padded(arrays[name], arrays.get(lengths), where, f"{path}, array {lengths!r}")
    return _finite_inputs(arrays[name], where)


def _read_archive(path: Path) -> dict[str, Shaped[np.ndarray, "..."]]:
    try:
        with open_npz(path) as archive:
            members = {member.removesuffix(".npy"): member for member in archive.namelist()}
            _check_array_names(list(members), path)
            return {name: _read_array(archive, member, f"{path}, array {name!r}") for name, member in members.items()}
    except NpzError as error:
        raise DataError(
            f"{path}: this must be a readable NPZ archive, but: {error}. Write it with numpy.savez_compressed(path, "
            "x=..., y=...)."
        ) from error


def _check_array_names(names: list[str], path: Path | str) -> None:
    expected = max((_ONE_SPLIT, _TWO_SPLITS), key=lambda layout: len(set(layout) & set(names)))
    # Lengths of one split without those of the other would be a slip.
    lengths = [_LENGTHS[name] for name in expected if name in _LENGTHS]
    expected += tuple(lengths) if set(lengths) & set(names) else ()
    if set(names) == set(expected):
        return
    missing = [name for name in expected if name not in names]
    unknown = [name for name in names if name not in expected]
    raise DataError(
        f"{path}: the arrays must be {listed(_ONE_SPLIT)} or {listed(_TWO_SPLITS)}, and no others, but got "
        f"{listed(names) or 'none'} (missing: {listed(missing) or 'none'}; not allowed: {listed(unknown) or 'none'}). "
        f"Add, rename or remove arrays.{''.join(did_you_mean(name, missing) for name in unknown[:1])}"
    )


def _read_array(archive: zipfile.ZipFile, member: str, where: str) -> Shaped[np.ndarray, "..."]:
    try:
        return read_array(archive, member)
    except NpzError as error:
        raise DataError(
            f"{where}: this must be a readable array of numbers or strings (no Python objects: they would be "
            f"unpickled), but: {error}. Give it a plain dtype, such as float32, int64 or str, and write it again."
        ) from error


def _label_array(
    arrays: dict[str, Shaped[np.ndarray, "..."]], x_name: str, y_name: str, path: str
) -> Shaped[np.ndarray, " n"]:
    labels = arrays[y_name]
    if labels.dtype.kind not in "biuU":
        raise DataError(
            f"{path}, array {y_name!r}: labels must be integers or strings, but got dtype {labels.dtype}. Convert "
            "them, for example with .astype(int)."
        )
    if labels.ndim != 1 or len(labels) == 0 or labels.shape != arrays[x_name].shape[:1]:
        raise DataError(
            f"{path}: {x_name} and {y_name} must hold one input and one label for each example, at least one, but got "
            f"shapes {arrays[x_name].shape} and {labels.shape}. {y_name} must have the shape (n,)."
        )
    return labels


def _test_labels(labels: Shaped[np.ndarray, " n"], classes: dict[object, int], path: str) -> Int64[np.ndarray, " n"]:
    unknown = sorted(set(labels.tolist()) - set(classes))
    if unknown:
        raise DataError(
            f"{path}: every class in y_test must occur in y_train, but y_test holds {listed(unknown)} and y_train only "
            f"{listed(classes)}. Remove these examples, or add such examples to x_train."
        )
    return np.array([classes[label] for label in labels.tolist()], dtype=np.int64)


def _finite_inputs(array: Shaped[np.ndarray, "..."], where: str) -> Shaped[np.ndarray, "n *shape"]:
    if array.dtype.kind not in "biuf" or array.ndim not in {2, 3, 4} or 0 in array.shape:
        raise DataError(
            f"{where}: inputs must be numbers of shape (n, features), (n, height, width) or (n, channels, height, "
            f"width), no axis empty, but got shape {array.shape}, dtype {array.dtype}. Reshape or convert them."
        )
    unfit = np.argwhere(~np.isfinite(as_float32(array)))
    if len(unfit):
        raise DataError(
            f"{where}: every value must be a finite 32-bit number, but {len(unfit)} are NaN or infinite, at index "
            f"{listed(map(tuple, unfit.tolist()), limit=3)}. Replace them, or remove these examples."
        )
    return array
