"""A user's own folder of images, one folder for each class, decoded once per machine."""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

import numpy as np

from privsearch.data.directory import data_directory
from privsearch.data.folder_listing import Entry, Listing, entries, existing_folder, list_images
from privsearch.data.labels import encode_labels
from privsearch.data.layout import as_images
from privsearch.data.pictures import read_pictures
from privsearch.data.prepared import mapped, prepare
from privsearch.data.raw import RawDataset, listed
from privsearch.errors import DataError
from privsearch.spec import FolderDataset

_ARRAYS: Final = ("x_train.npy", "x_test.npy")

_READER: Final = 1
"""The version of how files become arrays; another one prepares them anew."""


def load_folder(dataset: FolderDataset) -> RawDataset:
    """Read a folder of images: one folder for each class, or `train/` and `test/` (or `val/`) with these.

    Examples are in the order of their classes' names, and in each in that of the files' names, by their characters'
    numbers in Unicode. Images stay in 8 bits until they are used.

    Raises:
        DataError: the folder is missing, holds other things than images of classes, or an image is unfit.
    """
    folder = existing_folder(dataset.path)
    found = _entries(folder, dataset)
    listing = list_images(found, dataset.drop, dataset.path)
    names = [parts[-2] for parts in listing.train]
    y, classes = encode_labels(np.array(names, dtype=str), dataset.path, has_test_split=listing.test is not None)
    test_y = None
    if listing.test is not None:
        test_y = np.array([classes[parts[-2]] for parts in listing.test], dtype=np.int64)
    x, test_x = _prepared(folder, listing, found, dataset)
    # `colour` has been heeded.
    images = as_images(x, test_x, "channels_first", dataset.path)
    return RawDataset(
        dataset.name,
        dataset.path,
        images.x,
        y,
        tuple(map(str, classes)),
        images.test_x,
        test_y,
        images.preprocessing,
        warnings=(*_about_files(listing), *images.warnings),
    )


def image_rows(dataset: FolderDataset) -> list[tuple[str, int, str, str]]:
    """Return, for each example of a folder: its split, its row there, its class, and its file below the folder.

    The split is `train` or `test`; without such folders it is `all`, as it is drawn.

    Raises:
        DataError: as `load_folder`, but no image is looked into.
    """
    folder = existing_folder(dataset.path)
    listing = list_images(_entries(folder, dataset), dataset.drop, dataset.path)
    splits = {"all": listing.train} if listing.test is None else {"train": listing.train, "test": listing.test}
    return [
        (split, row, parts[-2], "/".join(parts)) for split, images in splits.items() for row, parts in enumerate(images)
    ]


def folder_state(path: str) -> object:
    """Return what changes when a file below a folder of images is changed, added or removed; None if there is none."""
    try:
        return _state(entries(Path(path)))
    except OSError:
        return None


def _state(found: list[Entry]) -> list[list[Any]]:
    return [["/".join(entry.parts), entry.size, entry.written] for entry in found]


def _entries(folder: Path, dataset: FolderDataset) -> list[Entry]:
    try:
        found = entries(folder)
        for entry in found:
            "/".join(entry.parts).encode()
    except UnicodeEncodeError as error:
        raise DataError(
            f"{dataset.path}: every name must be text in UTF-8, but {error.object!r} is not. Rename it."
        ) from None
    except OSError as error:
        raise DataError(f"{dataset.path}: the folder must be readable, but: {error}. Grant the right to it.") from error
    if broken := ["/".join(entry.parts) for entry in found if entry.size == -1]:
        raise DataError(
            f"{dataset.path}: every entry must be a file or a folder, but {listed(broken, limit=3)} "
            f"{'are' if len(broken) > 1 else 'is'} none, such as a link to nothing. Remove it."
        )
    return found


def _prepared(folder: Path, listing: Listing, found: list[Entry], dataset: FolderDataset) -> tuple[Any, Any]:
    """Return the images of both splits, `(n, channels, height, width)`, mapped from files that all processes share.

    Where these cannot be written, the process has images of its own.
    """
    from PIL import __version__ as pillow  # other versions may decode otherwise

    parts = [[folder.joinpath(*name) for name in names] for names in (listing.train, listing.test) if names is not None]
    key = [_READER, pillow, str(folder.resolve()), dataset.size, dataset.colour, dataset.drop]
    place = (
        data_directory() / "privsearch-arrays" / f"folder-{hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]}"
    )
    arrays = _ARRAYS[: len(parts)]
    state = _state(found)
    try:
        prepare(place, arrays, key, lambda: state, lambda: read_pictures(parts, dataset.size, dataset.colour))
        images = [mapped(place / array) for array in arrays]
    except OSError:  # the data directory is full, or others' to write to; whatever is wrong with an image is no OSError
        images = read_pictures(parts, dataset.size, dataset.colour)
    return images[0], images[1] if len(images) > 1 else None


def _about_files(listing: Listing) -> list[str]:
    if not listing.left_out:
        return []
    some = len(listing.left_out) > 1
    return [
        f"The file{'s' if some else ''} {listed(listing.left_out, limit=3)} {'are' if some else 'is'} left out, for "
        f"{'their endings are' if some else 'its ending is'} not of an image."
    ]
