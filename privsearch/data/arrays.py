"""A user's own arrays, from files or a registered function, checked so that errors name the place."""

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from jaxtyping import Int64, Shaped

from privsearch._util.npy import read_npy
from privsearch._util.npz import NpzError, open_npz, read_array
from privsearch.data.array_labels import plain_labels
from privsearch.data.array_names import LENGTHS, ONE_SPLIT, TWO_SPLITS, is_no_data, named_arrays, not_these
from privsearch.data.files import existing_file
from privsearch.data.labels import encode_labels, parse_labels
from privsearch.data.layout import as_images
from privsearch.data.precision import as_float32, in_enough_bits, merging_warning
from privsearch.data.raw import RawDataset, did_you_mean, listed
from privsearch.data.sequences import as_sequences, padded
from privsearch.errors import DataError, SpecError
from privsearch.spec import NpyDataset, NpzDataset, RegisteredDataset, registry

_FINITE_BLOCK: Final = 2**22
"""The values that are looked at at a time: a large array must not be there twice."""

_MAPPED_FROM: Final = 2**26
"""The bytes from which on the array in a file of its own is mapped into memory and not read."""

_FIELDS: Final = {
    **dict(zip(ONE_SPLIT, ("path", "labels"), strict=True)),
    **dict(zip(TWO_SPLITS, ("path", "labels", "test_path", "test_labels"), strict=True)),
}
"""The field that names the file of an array."""


@dataclass(frozen=True, eq=False)
class _Found:
    """The arrays of a dataset, and where each was found.

    Attributes:
        place: the file, or the function, for messages on all of them.
        source: `RawDataset.source`.
        arrays: the arrays by their roles: `x`, `y`, or `x_train`, `y_train`, `x_test`, `y_test`.
        names: what messages call each array, by its role.
        places: where each array is, by its role.
        told: sentences on what was left out.
    """

    place: str
    source: str
    arrays: Mapping[str, Shaped[np.ndarray, "..."]]
    names: Mapping[str, str]
    places: Mapping[str, str]
    told: tuple[str, ...] = ()


def load_npz(dataset: NpzDataset) -> RawDataset:
    """Read an archive of `x`, `y`, or of `x_train`, `y_train`, `x_test`, `y_test`, or of names that mean these.

    Inputs are `(n, features)` for a table, `(n, height, width)` for images of one channel, or `(n, channels, height,
    width)`, or with the channels last: the shape or `dataset.layout` tells. Images of type uint8 are scaled from 0-255
    to [0, 1] when they are used, unless they hold 0 and 1 alone; all other values stay as they are. Labels are
    integers, whole floats or strings, `(n,)` or `(n, 1)`, or one-hot. Indices in messages are NumPy's.

    Inputs over time have time as their second axis, which `dataset.time`, a fifth axis or an array of lengths tells:
    `lengths`, or `lengths_train` and `lengths_test`, each `(n,)`. See `privsearch.data.sequences`.

    Raises:
        DataError: the file is missing or unreadable, or its arrays break a rule.
    """
    path = existing_file(dataset.path)
    return _checked(_data_among(_read_archive(path, dataset.drop), str(path), dataset.path), dataset)


def load_npy(dataset: NpyDataset) -> RawDataset:
    """Read arrays from files of their own; large ones are mapped into memory, so that processes share one copy.

    The rules are those of `load_npz`.

    Raises:
        DataError: a file is missing or unreadable, or the arrays break a rule.
    """
    given = {"x": dataset.path, "y": dataset.labels}
    if dataset.test_path is not None and dataset.test_labels is not None:
        files = (dataset.path, dataset.labels, dataset.test_path, dataset.test_labels)
        given = dict(zip(TWO_SPLITS, files, strict=True))
    paths = {role: existing_file(path) for role, path in given.items()}
    arrays = {role: _read_file(path) for role, path in paths.items()}
    return _checked(_Found(dataset.path, dataset.path, arrays, _FIELDS, given), dataset)


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
            given = dict(zip(TWO_SPLITS if len(given) == len(TWO_SPLITS) else ONE_SPLIT, given, strict=True))
        arrays = {str(name): np.asarray(array) for name, array in given.items()}
    except Exception as error:  # a user's function may raise anything
        raise DataError(
            f"{where}: its function must return (x, y), (x_train, y_train, x_test, y_test) or a mapping with these "
            f"names, but: {type(error).__name__}: {error}"
        ) from error
    return _checked(_data_among(arrays, where, "registered"), dataset)


def _checked(found: _Found, dataset: NpzDataset | NpyDataset | RegisteredDataset) -> RawDataset:
    has_test_split = "x_train" in found.arrays
    x_role, y_role = TWO_SPLITS[:2] if has_test_split else ONE_SPLIT
    labels, columns = _label_array(found, x_role, y_role)
    axes = found.arrays[x_role].ndim
    is_over_time = dataset.time or axes == 5 or LENGTHS[x_role] in found.arrays
    if dataset.colour is not None and (is_over_time or axes == 2):
        raise DataError(
            f"{found.places[x_role]}: colour is of images, but these are "
            f"{'inputs over time' if is_over_time else 'a table'}, of shape {found.arrays[x_role].shape}. Leave colour "
            "out of this dataset's entry."
        )
    x, test_x = _inputs(found, x_role, is_over_time=is_over_time), None
    test_labels: Shaped[np.ndarray, " test_n"] | None = None
    if has_test_split:
        test_labels, test_columns = _label_array(found, "x_test", "y_test")
        if columns != test_columns:
            raise DataError(
                f"{found.place}: {found.names[y_role]} and {found.names['y_test']} must be written alike, but one has "
                f"{_columns_shown(columns)} and the other {_columns_shown(test_columns)}. Prepare both alike."
            )
    labels, test_labels = _as_in_tables(labels, test_labels)
    y, classes = encode_labels(labels, found.places[y_role], has_test_split=has_test_split)
    test_y = None
    if test_labels is not None:
        test_x = _inputs(found, "x_test", is_over_time=is_over_time)
        test_y = _test_labels(test_labels, classes, found)
        types = [found.arrays[role].dtype.newbyteorder("=") for role in (x_role, "x_test")]
        if x.shape[1:] != test_x.shape[1:] or types[0] != types[1]:
            raise DataError(
                f"{found.place}: {found.names[x_role]} and {found.names['x_test']} must have one example shape and one "
                f"dtype, but got {x.shape[1:]} {types[0]} and {test_x.shape[1:]} {types[1]}. Prepare both alike."
            )
    names = tuple(str(label) for label in classes)
    if is_over_time:
        x, test_x, told = as_sequences(x, test_x, dataset.layout, found.places[x_role])
        return RawDataset(dataset.name, found.source, x, y, names, test_x, test_y, warnings=(*found.told, *told))
    if x.ndim == 2:
        x, test_x, merged = in_enough_bits(x, test_x)
        blurred = [merging_warning([str(column) for column in merged])] if merged else []
        return RawDataset(dataset.name, found.source, x, y, names, test_x, test_y, warnings=(*found.told, *blurred))
    images = as_images(x, test_x, dataset.layout, found.places[x_role], dataset.colour)
    return RawDataset(
        dataset.name,
        found.source,
        images.x,
        y,
        names,
        images.test_x,
        test_y,
        images.preprocessing,
        warnings=(*found.told, *images.warnings),
    )


def _inputs(found: _Found, role: str, *, is_over_time: bool) -> Shaped[np.ndarray, "n *shape"]:
    array, where = found.arrays[role], found.places[role]
    if is_over_time:
        lengths = LENGTHS[role]
        return padded(array, found.arrays.get(lengths), where, found.places.get(lengths, where))
    return _finite_inputs(array, where)


def _columns_shown(columns: int | None) -> str:
    return "one label a row" if columns is None else f"{columns} columns"


def _read_file(path: Path) -> Shaped[np.ndarray, "..."]:
    try:
        return read_npy(path, mapped_from=_MAPPED_FROM)
    except NpzError as error:
        raise DataError(
            f"{path}: this must be a readable NPY file of numbers or strings (no Python objects: they would be "
            f"unpickled), but: {error}. Write it with numpy.save(path, array)."
        ) from error


def _read_archive(path: Path, dropped: Sequence[str]) -> dict[str, Shaped[np.ndarray, "..."]]:
    try:
        with open_npz(path) as archive:
            members = {member.removesuffix(".npy"): member for member in archive.namelist()}
            if unknown := [name for name in dropped if name not in members]:
                raise DataError(
                    f"{path}: drop must name arrays that are there, but got {unknown[0]!r}; there are "
                    f"{listed(members)}. Correct the name.{did_you_mean(unknown[0], list(members))}"
                )
            kept = {name: member for name, member in members.items() if name not in dropped}
            named_arrays(list(kept), str(path))  # before anything is read
            return {name: _read_array(archive, member, f"{path}, array {name!r}") for name, member in kept.items()}
    except NpzError as error:
        raise DataError(
            f"{path}: this must be a readable NPZ archive, but: {error}. Write it with numpy.savez_compressed(path, "
            "x=..., y=...)."
        ) from error


def _data_among(arrays: Mapping[str, Shaped[np.ndarray, "..."]], place: str, source: str) -> _Found:
    """Find the arrays that are needed, and tell of others that are left out."""
    names = named_arrays(list(arrays), place)
    data = {role: arrays[name] for role, name in names.items()}
    others = {name: array for name, array in arrays.items() if name not in names.values()}
    if unknown := [name for name, array in others.items() if not is_no_data(array, data)]:
        raise not_these(list(arrays), unknown, list(names), place)
    beside = f"Beside the data there are {listed(others)}, which are left out: single values and texts of no example."
    places = {role: f"{place}, array {name!r}" for role, name in names.items()}
    return _Found(place, source, data, names, places, (beside,) if others else ())


def _read_array(archive: zipfile.ZipFile, member: str, where: str) -> Shaped[np.ndarray, "..."]:
    try:
        return read_array(archive, member)
    except NpzError as error:
        raise DataError(
            f"{where}: this must be a readable array of numbers or strings (no Python objects: they would be "
            f"unpickled), but: {error}. Give it a plain dtype, such as float32, int64 or str, and write it again."
        ) from error


def _label_array(found: _Found, x_role: str, y_role: str) -> tuple[Shaped[np.ndarray, " n"], int | None]:
    """Return one label for each example, and the number of columns if they were one-hot."""
    labels, columns = plain_labels(found.arrays[y_role], found.places[y_role])
    x_name, y_name, x_shape = found.names[x_role], found.names[y_role], found.arrays[x_role].shape
    if labels.ndim != 1 or len(labels) == 0 or labels.shape != x_shape[:1]:
        raise DataError(
            f"{found.place}: {x_name} and {y_name} must hold one input and one label for each example, at least one, "
            f"but got shapes {x_shape} and {found.arrays[y_role].shape}. {y_name} must have the shape (n,)."
        )
    return labels, columns


def _as_in_tables(
    labels: Shaped[np.ndarray, " n"], test_labels: Shaped[np.ndarray, " test_n"] | None
) -> tuple[Shaped[np.ndarray, " n"], Shaped[np.ndarray, " test_n"] | None]:
    """Return labels of text as numbers where all are, as those of tables, so that 9 comes before 10 in every format."""
    if labels.dtype.kind != "U" or (test_labels is not None and test_labels.dtype.kind != "U"):
        return labels, test_labels
    both = labels if test_labels is None else np.concatenate([labels, test_labels])
    parsed = parse_labels(pd.Series(both, dtype=object))
    return parsed[: len(labels)], None if test_labels is None else parsed[len(labels) :]


def _test_labels(
    labels: Shaped[np.ndarray, " n"], classes: dict[object, int], found: _Found
) -> Int64[np.ndarray, " n"]:
    test, train = found.names["y_test"], found.names["y_train"]
    unknown = sorted(set(labels.tolist()) - set(classes))
    if unknown:
        raise DataError(
            f"{found.place}: every class in {test} must occur in {train}, but {test} holds {listed(unknown)} and "
            f"{train} only {listed(classes)}. Remove these examples, or add such examples to {found.names['x_train']}."
        )
    return np.array([classes[label] for label in labels.tolist()], dtype=np.int64)


def _finite_inputs(array: Shaped[np.ndarray, "..."], where: str) -> Shaped[np.ndarray, "n *shape"]:
    if array.dtype.kind not in "biuf" or array.ndim not in {2, 3, 4} or 0 in array.shape:
        raise DataError(
            f"{where}: inputs must be numbers of shape (n, features), (n, height, width) or (n, channels, height, "
            f"width), no axis empty, but got shape {array.shape}, dtype {array.dtype}. Reshape or convert them."
        )
    if array.dtype.kind == "f" and not _are_finite(array):
        unfit = np.argwhere(~np.isfinite(as_float32(array)))
        raise DataError(
            f"{where}: every value must be a finite 32-bit number, but {len(unfit)} are NaN or infinite, at index "
            f"{listed(map(tuple, unfit.tolist()), limit=3)}. Replace them, or remove these examples."
        )
    return array


def _are_finite(array: Shaped[np.ndarray, "n *shape"]) -> bool:
    step = max(1, _FINITE_BLOCK // array[0].size)
    blocks = (array[start : start + step] for start in range(0, len(array), step))
    return all(bool(np.isfinite(as_float32(block)).all()) for block in blocks)
