"""The image datasets, read from torchvision's files once per machine.

The files lie in the data directory as torchvision lays them out; `privsearch.data.fetch` downloads them. The first
process that needs a dataset checks the checksums of its files and writes their content as plain arrays to
`privsearch-arrays/<name>` beside them. Every process then maps these arrays into its memory, so that all share one
copy.
"""

import hashlib
import shlex
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Shaped

from privsearch.data.directory import DATA_DIR_VARIABLE, data_directory, default_data_directory
from privsearch.data.image_sources import IMAGES
from privsearch.data.prepared import mapped, prepare, state_of
from privsearch.data.raw import RawDataset
from privsearch.errors import DataError

ARRAYS: Final = ("x_train.npy", "y_train.npy", "x_test.npy", "y_test.npy")


def load_images(name: str) -> RawDataset:
    """Map a dataset into memory, 8 bits a pixel; a write to the arrays changes this process's copy alone.

    Raises:
        DataError: a file is missing or has a wrong checksum, or the arrays cannot be written.
    """
    source, folder = IMAGES[name], prepared_folder(name)
    x_train, y_train, x_test, y_test = (mapped(folder / array) for array in ARRAYS)
    return RawDataset(
        name=name,
        source=str(data_directory() / source.folder),
        x=x_train,
        y=y_train,
        class_names=source.class_names,
        test_x=x_test,
        test_y=y_test,
        preprocessing=source.preprocessing,
    )


def prepared_folder(name: str) -> Path:
    """Return the folder of a dataset's arrays; write them first, unless they exist and the files are unchanged.

    Raises:
        DataError: a file is missing or has a wrong checksum, or the arrays cannot be written.
    """
    if complaint := what_is_missing(name):
        raise DataError(complaint)
    folder = data_directory() / "privsearch-arrays" / name
    try:
        prepare(folder, ARRAYS, IMAGES[name].files, lambda: state_of(_file_paths(name)), lambda: _read(name))
    except OSError as error:
        raise DataError(
            f"{name}: its files must be readable, and {folder} writable, once, but: {error}; make room there or "
            "grant the right to it, or copy the files elsewhere and say where with --data-dir"
        ) from error
    return folder


def what_is_missing(name: str) -> str | None:
    """Return a sentence on the missing file of a dataset, its place and the command that brings it; None if none is."""
    missing = [path for path in _file_paths(name) if not path.is_file()]
    if not missing:
        return None
    others = f" (nor are {len(missing) - 1} other files of it)" if len(missing) > 1 else ""
    return (
        f"{name}: the file {missing[0].name} must be in {missing[0].parent}, but is not there{others}; bring it with "
        f"`{fetch_command(name)}`, or say with --data-dir or {DATA_DIR_VARIABLE} where it is"
    )


def fetch_command(*names: str) -> str:
    """Return the command that downloads datasets into the data directory."""
    directory = data_directory()
    option = f" --data-dir {shlex.quote(str(directory))}" if directory != default_data_directory() else ""
    return f"privsearch data fetch {' '.join(names)}{option}"


def _file_paths(name: str) -> list[Path]:
    source = IMAGES[name]
    return [data_directory() / source.folder / file for file in source.files]


def _read(name: str) -> list[Shaped[np.ndarray, "..."]]:
    """Check and read the files, and return their arrays in the order of `ARRAYS`."""
    source = IMAGES[name]
    arrays: list[np.ndarray] = []
    for files, read, num_examples in (
        (source.train_files, source.read, source.num_train),
        (source.test_files, source.read_test or source.read, source.num_test),
    ):
        x, y = read([_checked_content(name, file) for file in files])
        classes, expected = np.unique(y), np.arange(len(source.class_names))
        if (
            x.shape != (num_examples, *source.input_shape)
            or y.shape != x.shape[:1]
            or not np.isin(classes, expected).all()
        ):
            raise DataError(
                f"{name}: {', '.join(files)} must hold {num_examples:,} images of shape {source.input_shape} and "
                f"classes from 0 to {len(expected) - 1}, as was published, but hold {x.shape} and {classes.min()} to "
                f"{classes.max()}. Please report it: the checksums are right."
            )
        arrays += [x, y]
    return arrays


def _checked_content(name: str, file: str) -> bytes:
    source = IMAGES[name]
    path = data_directory() / source.folder / file
    content = path.read_bytes()
    actual, expected = hashlib.md5(content, usedforsecurity=False).hexdigest(), source.files[file]
    if actual != expected:
        raise DataError(
            f"{name}: {path} must have the MD5 checksum {expected}, but has {actual}: it is damaged or is another "
            f"dataset; delete it and bring it again with `{fetch_command(name)}`"
        )
    return content
