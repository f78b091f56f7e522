"""From the dataset named in a spec to its arrays and its description."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import get_args

from privsearch.data.directory import data_directory
from privsearch.data.embedded import EMBEDDED, SOURCE, load_embedded
from privsearch.data.files import load_csv, load_npz, load_registered
from privsearch.data.image_sources import IMAGES
from privsearch.data.images import load_images, prepared_folder, what_is_missing
from privsearch.data.raw import RawDataset, default_test_size
from privsearch.errors import DataError
from privsearch.spec import CsvDataset, Dataset, EmbeddedName, Network, NpzDataset, RegisteredDataset, registry


@dataclass(frozen=True)
class DatasetInfo:
    """What the rest of the program needs to know of a dataset without holding it.

    Attributes:
        name: what the dataset is called in tables and plots.
        network: `fcnet` for a table, `convnet` for images.
        input_shape: `(features,)` or `(channels, height, width)`.
        num_classes: how many classes occur.
        num_train: examples in the whole training split.
        num_test: examples in the whole test split.
        fingerprint: see `fingerprint`.
        source: where the data come from: a path, or the library that holds them.
        augments: whether images are cropped and flipped in training.
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


def load_dataset(dataset: Dataset) -> RawDataset:
    """Read a dataset and check it.

    Raises:
        DataError: it is missing, unreadable, or unfit for classification.
    """
    match dataset:
        case CsvDataset():
            return load_csv(dataset)
        case NpzDataset():
            return load_npz(dataset)
        case RegisteredDataset():
            return load_registered(dataset)
        case str() if dataset in IMAGES:
            return load_images(dataset)
        case _:
            return _as_known(load_embedded(dataset))


def describe_dataset(dataset: Dataset) -> DatasetInfo:
    """Describe a dataset; it is read once per process, and again only if its file changes.

    What a dataset with a name is, and so its fingerprint, is known before it is loaded, and checked when it is. The
    files of image datasets are checked earlier by `require_datasets`.

    Raises:
        DataError: it is missing, unreadable, or unfit for classification.
    """
    if isinstance(dataset, str) and dataset in IMAGES:
        return _describe_images(dataset)
    if isinstance(dataset, str):
        return _describe_embedded(dataset)
    return _describe_dataset(dataset, modified_ns(dataset))


def missing_data(datasets: Iterable[Dataset]) -> list[str]:
    """For each dataset that has to be downloaded first: which file is missing, and which command brings it."""
    images = [dataset for dataset in datasets if isinstance(dataset, str) and dataset in IMAGES]
    return [complaint for complaint in map(what_is_missing, images) if complaint]


def require_datasets(datasets: Iterable[Dataset]) -> None:
    """Make sure that the image datasets among these can be loaded, before anything is trained on any.

    Raises:
        DataError: files are missing (all such datasets are named), or have another checksum than they must have.
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
    """Describe the datasets that have a name, there or not.

    The `source` of an image dataset is 'here', its files unchecked, or 'not fetched'.
    """
    embedded = (describe_dataset(name) for name in get_args(EmbeddedName))
    images = (
        replace(_describe_images(name), source="not fetched" if what_is_missing(name) else "here") for name in IMAGES
    )
    registered = (describe_dataset(RegisteredDataset(name=name)) for name in registry.names("dataset"))
    return (*embedded, *images, *registered)


def _describe_images(name: str) -> DatasetInfo:
    known = IMAGES[name]
    return DatasetInfo(
        name=name,
        network="convnet",
        input_shape=known.input_shape,
        num_classes=len(known.class_names),
        num_train=known.num_train,
        num_test=known.num_test,
        fingerprint=known.fingerprint,
        source=str(data_directory() / known.folder),
        augments=known.preprocessing.augments,
    )


def _describe_embedded(name: str) -> DatasetInfo:
    known = EMBEDDED[name]
    num_test = default_test_size(known.num_examples)
    return DatasetInfo(
        name=name,
        network="fcnet" if len(known.input_shape) == 1 else "convnet",
        input_shape=known.input_shape,
        num_classes=known.num_classes,
        num_train=known.num_examples - num_test,
        num_test=num_test,
        fingerprint=known.fingerprint,
        source=SOURCE,
        augments=False,
    )


def _as_known(raw: RawDataset) -> RawDataset:
    """Refuse data of which the fingerprint is not what it was when plans were made and trials recorded."""
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
        network="fcnet" if raw.x.ndim == 2 else "convnet",
        input_shape=raw.x.shape[1:],
        num_classes=len(raw.class_names),
        num_train=raw.num_train,
        num_test=raw.num_test,
        fingerprint=fingerprint(raw),
        source=raw.source,
        augments=raw.preprocessing is not None and raw.preprocessing.augments,
    )


def fingerprint(raw: RawDataset) -> str:
    """The SHA-256 of a dataset's content, before any split, in hexadecimal.

    It covers values, types and shapes of all arrays and the names of the classes, but neither the name nor the source:
    the same data in another place are the same data.
    """
    digest = hashlib.sha256(json.dumps(raw.class_names).encode())
    for array in (raw.x, raw.y, raw.test_x, raw.test_y):
        if array is None:
            digest.update(b"none")
        else:
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            digest.update(array.ravel().data)
    return digest.hexdigest()


def modified_ns(dataset: Dataset) -> int | None:
    """When a dataset's file was last written, in nanoseconds; None where there is no file.

    It is part of every cache key, so that an edited file never passes for what it was. Datasets that have a name never
    change: what there is of them in files has a checksum. A registered one changes when it is registered again.
    """
    if isinstance(dataset, str):
        return None
    if isinstance(dataset, RegisteredDataset):
        return registry.serial("dataset", dataset.name)
    try:
        return Path(dataset.path).stat().st_mtime_ns
    except OSError:
        return None
