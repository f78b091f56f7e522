"""The dataset named in a spec: its arrays, its description and its fingerprint."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Final, get_args

import numpy as np

from privsearch.data.arrays import load_npy, load_npz, load_registered
from privsearch.data.directory import data_directory
from privsearch.data.embedded import EMBEDDED, SOURCE, load_embedded
from privsearch.data.image_folders import folder_state, load_folder
from privsearch.data.image_sources import IMAGES
from privsearch.data.images import load_images, prepared_folder, what_is_missing
from privsearch.data.persons import with_persons
from privsearch.data.raw import RawDataset, default_test_size
from privsearch.data.repeats import with_repeats
from privsearch.data.tables import load_table
from privsearch.errors import DataError
from privsearch.spec import (
    Dataset,
    DatasetName,
    FolderDataset,
    Network,
    NpyDataset,
    NpzDataset,
    OutputsDataset,
    Protocol,
    RegisteredDataset,
    TableDataset,
    registry,
)
from privsearch.spec.datasets import paths_of

_BLOCK: Final = 1024
"""The images that are scaled at a time for a fingerprint."""


@dataclass(frozen=True)
class DatasetInfo:
    """The description of a dataset, without its arrays.

    Attributes:
        name: the dataset's name in tables and plots.
        network: `fcnet` for a table, `convnet` for images, over time or not.
        input_shape: `(features,)` or `(channels, height, width)`; with the time steps before it for inputs over time.
        num_classes: the number of classes that occur.
        num_train: the number of examples in the whole training split.
        num_test: the number of examples in the whole test split.
        fingerprint: see `fingerprint`.
        source: a path, or the library that holds the data.
        augments: True if images are cropped and flipped in training.
        has_own_test_split: True if the data come with a test split; False if a fifth of them is drawn for one.
        rows_read: the number of rows that the whole training split was read from, those that were dropped included.
        num_persons: the number of persons whose examples are in the data; 0 if each example stands for itself. Then
            the sizes of splits are about `num_train` and `num_test`.
        has_padding: True if inputs over time have different numbers of steps.
    """

    name: str
    network: Network
    input_shape: tuple[int, ...]
    num_classes: int
    num_train: int
    num_test: int
    fingerprint: str
    source: str
    augments: bool
    has_own_test_split: bool
    rows_read: int = 0
    num_persons: int = 0
    has_padding: bool = False

    @property
    def num_steps(self) -> int | None:
        """The number of time steps of inputs over time; None for others."""
        return self.input_shape[0] if len(self.input_shape) in {2, 4} else None

    def needs_blind_baselines(self, protocol: Protocol) -> bool:
        """Return whether members and non-members under a protocol are of splits that chance has not made alike."""
        return self.has_own_test_split and protocol.compares_given_splits


def load_dataset(dataset: Dataset) -> RawDataset:
    """Read a dataset and check it.

    Raises:
        DataError: the dataset is missing, unreadable, or unfit for classification.
    """
    match dataset:
        case str():
            return _load_built_in(dataset)
        case TableDataset():
            raw = load_table(dataset)
        case NpzDataset():
            raw = load_npz(dataset)
        case NpyDataset():
            raw = load_npy(dataset)
        case FolderDataset():
            raw = load_folder(dataset)
        case RegisteredDataset():
            raw = load_registered(dataset)
        case OutputsDataset():
            raise DataError(
                f"{dataset.name}: these networks were trained elsewhere, and their outputs alone were brought here; "
                "nothing can be trained on them, and no attack can read the examples themselves"
            )
        case _:
            raise ValueError(f"load_dataset must have a case for {dataset!r}")
    return with_persons(with_repeats(raw, dataset.duplicates))


def _load_built_in(name: str) -> RawDataset:
    return load_images(name) if name in IMAGES else _checked(load_embedded(name))


def describe_dataset(dataset: Dataset) -> DatasetInfo:
    """Describe a dataset; it is read once per process, and again only if its file changes.

    A built-in dataset is not read: its description is known beforehand, and its fingerprint is checked when it is
    loaded. `require_datasets` checks the files of image datasets before that.

    Raises:
        DataError: the dataset is missing, unreadable, or unfit for classification.
    """
    if isinstance(dataset, str) and dataset in IMAGES:
        return _describe_images(dataset)
    if isinstance(dataset, str) and dataset in EMBEDDED:
        return _describe_embedded(dataset)
    return _describe_dataset(dataset, modified_ns(dataset))


def missing_data(datasets: Iterable[Dataset]) -> list[str]:
    """Return a sentence for each dataset that must be downloaded: the missing file, and the command that brings it."""
    images = [dataset for dataset in datasets if isinstance(dataset, str) and dataset in IMAGES]
    return [complaint for complaint in map(what_is_missing, images) if complaint]


def require_datasets(datasets: Iterable[Dataset]) -> None:
    """Check that the image datasets among these can be loaded, before any network is trained.

    Raises:
        DataError: files are missing (all such datasets are named), or have a wrong checksum.
    """
    wanted = list(datasets)
    if complaints := missing_data(wanted):
        raise DataError("\n".join(complaints))
    for dataset in wanted:
        if isinstance(dataset, str) and dataset in IMAGES:
            prepared_folder(dataset)


@lru_cache(maxsize=64)
def _describe_dataset(dataset: Dataset, _modified_ns: int | None) -> DatasetInfo:
    return describe_raw(load_dataset(dataset))


def list_datasets() -> tuple[DatasetInfo, ...]:
    """Describe the datasets that have a name, downloaded or not.

    The `source` of an image dataset is 'here', if its files exist, or 'not fetched'. Their checksums are not compared.
    """
    built_in = (
        replace(_describe_images(name), source="not fetched" if what_is_missing(name) else "here")
        if name in IMAGES
        else describe_dataset(name)
        for name in get_args(DatasetName)
    )
    registered = (describe_dataset(RegisteredDataset(name=name)) for name in registry.names("dataset"))
    return (*built_in, *registered)


def _describe_images(name: str) -> DatasetInfo:
    image_source = IMAGES[name]
    return DatasetInfo(
        name=name,
        network="convnet",
        input_shape=image_source.input_shape,
        num_classes=len(image_source.class_names),
        num_train=image_source.num_train,
        num_test=image_source.num_test,
        fingerprint=image_source.fingerprint,
        source=str(data_directory() / image_source.folder),
        augments=image_source.preprocessing.augments,
        has_own_test_split=True,
        rows_read=image_source.num_train,
    )


def _describe_embedded(name: str) -> DatasetInfo:
    embedded = EMBEDDED[name]
    num_test = default_test_size(embedded.num_examples)
    return DatasetInfo(
        name=name,
        network="fcnet" if len(embedded.input_shape) == 1 else "convnet",
        input_shape=embedded.input_shape,
        num_classes=embedded.num_classes,
        num_train=embedded.num_examples - num_test,
        num_test=num_test,
        fingerprint=embedded.fingerprint,
        source=SOURCE,
        augments=False,
        has_own_test_split=False,
        rows_read=embedded.num_examples,
    )


def _checked(raw: RawDataset) -> RawDataset:
    """Refuse embedded data with another fingerprint than the one that plans and trial ids are made from."""
    if fingerprint(raw) != EMBEDDED[raw.name].fingerprint:
        raise DataError(
            f"{raw.name}: the data must be those that this version of privsearch knows, but the installed scikit-learn "
            "brings others; use the locked environment (uv sync), or give the data as a file of your own"
        )
    return raw


def describe_raw(raw: RawDataset) -> DatasetInfo:
    """Describe a dataset that has been read."""
    return DatasetInfo(
        name=raw.name,
        network="fcnet" if raw.x.ndim in {2, 3} else "convnet",
        input_shape=raw.input_shape,
        num_classes=len(raw.class_names),
        num_train=raw.num_train,
        num_test=raw.num_test,
        fingerprint=fingerprint(raw),
        source=raw.source,
        augments=raw.preprocessing is not None and raw.preprocessing.augments,
        has_own_test_split=raw.test_y is not None,
        rows_read=raw.rows_read or len(raw.y),
        num_persons=int(raw.groups.max()) + 1 if raw.unit and raw.groups is not None else 0,
        has_padding=raw.has_padding,
    )


def fingerprint(raw: RawDataset) -> str:
    """Return the SHA-256 of a dataset's content, before any split, in hexadecimal.

    It covers the values, types and shapes of all arrays, the names of the classes, how a table becomes inputs, and
    which examples must stay together or are one person's, and their subgroups, but neither the dataset's name nor its
    source, nor the names of persons: the same data in another place are the same data.
    """
    digest = hashlib.sha256(json.dumps(raw.class_names).encode())
    for array in (raw.x, raw.y, raw.test_x, raw.test_y):
        if array is None:
            digest.update(b"none")
        elif array.dtype == np.uint8:
            # As 32-bit numbers in [0, 1]: it counts what a network sees, not how it is kept.
            digest.update(f"{np.dtype(np.float32).str}{array.shape}".encode())
            for start in range(0, len(array), _BLOCK):
                digest.update((array[start : start + _BLOCK].astype(np.float32) / 255).data)
        else:
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            digest.update(array.ravel().data)
    if raw.table_inputs is not None:
        digest.update(json.dumps(["inputs", astuple(raw.table_inputs)]).encode())
    if raw.is_scaled:
        digest.update(b"scaled")
    for part in _belonging(raw):
        digest.update(part)
    return digest.hexdigest()


def _belonging(raw: RawDataset) -> Iterator[bytes]:
    """Yield what tells which person or group, and which subgroup, each example belongs to."""
    if raw.groups is not None:
        yield b"persons" if raw.unit else b"groups"
        yield raw.groups.tobytes()
    if raw.subgroups is not None:
        yield json.dumps(["subgroups", raw.subgroups.names]).encode()
        yield raw.subgroups.numbers.tobytes()


def modified_ns(dataset: Dataset) -> int | None:
    """Return the time at which a dataset's file was last written, in nanoseconds; None if there is no file.

    It is part of every cache key, so that an edited file is read again. Built-in datasets never change: their files
    have checksums. A registered dataset has no file; its serial number, which changes when it is registered again,
    stands for the time, as does a digest of the states of several files.
    """
    if isinstance(dataset, str):
        return None
    if isinstance(dataset, RegisteredDataset):
        return registry.serial("dataset", dataset.name)
    if isinstance(dataset, FolderDataset):
        return _digest(folder_state(dataset.path))
    times = [_written_ns(path) for path in paths_of(dataset).values()]
    return times[0] if len(times) == 1 else _digest(times)


def _written_ns(path: str) -> int | None:
    try:
        return Path(path).stat().st_mtime_ns
    except OSError:
        return None


def _digest(values: object) -> int:
    return int.from_bytes(hashlib.blake2b(json.dumps(values).encode(), digest_size=8).digest())
