"""MNIST, Fashion-MNIST and CIFAR-10, read from torchvision's files once per machine.

The files lie in the data directory as torchvision lays them out; `privsearch.data.fetch` downloads them. The first
process that needs a dataset checks the checksums of its files and writes their content as plain arrays to
`privsearch-arrays/<name>` beside them. Every process then maps these arrays into its memory, so that all share one
copy.
"""

import hashlib
import json
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np
from filelock import FileLock

from privsearch.data.directory import DATA_DIR_VARIABLE, data_directory, default_data_directory
from privsearch.data.image_sources import IMAGES
from privsearch.data.raw import RawDataset
from privsearch.errors import DataError

ARRAYS: Final = ("x_train.npy", "y_train.npy", "x_test.npy", "y_test.npy")


def load_images(name: str) -> RawDataset:
    """Map a dataset into memory, 8 bits a pixel; a write to the arrays changes this process's copy alone.

    Raises:
        DataError: a file is missing or has a wrong checksum, or the arrays cannot be written.
    """
    source, folder = IMAGES[name], prepared_folder(name)
    # Mode 'c' and not 'r': torch warns of arrays that it cannot write to.
    x_train, y_train, x_test, y_test = (np.load(folder / array, mmap_mode="c") for array in ARRAYS)
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
    if not _is_prepared(name, folder):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with FileLock(folder / ".lock"):
                if not _is_prepared(name, folder):
                    _prepare(name, folder)
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


def _is_prepared(name: str, folder: Path) -> bool:
    """Return whether the arrays are as they were written, from the files as they are now."""
    try:
        return (folder / "stamp.json").read_text() == _stamp(name, _state(_file_paths(name)), folder)
    except OSError:
        return False


def _prepare(name: str, folder: Path) -> None:
    """Check and read the files, and write their arrays and then the stamp, which vouches for all of them."""
    source = IMAGES[name]
    # Taken first, so that a file that changes while it is read does not match the stamp.
    files = _state(_file_paths(name))
    train = source.read([_checked_content(name, file) for file in source.train_files])
    test = source.read([_checked_content(name, file) for file in source.test_files])
    for array, values in zip(ARRAYS, (*train, *test), strict=True):
        unfinished = folder / f".{array}"
        np.save(unfinished, values)
        unfinished.replace(folder / array)  # a process that has mapped the old file keeps it
    (folder / "stamp.json").write_text(_stamp(name, files, folder))


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


def _stamp(name: str, files: list[tuple[int, int]], folder: Path) -> str:
    """Return the checksums and states of the files, and the states of the arrays in `folder`, as one line."""
    return json.dumps([IMAGES[name].files, files, _state(folder / array for array in ARRAYS)])


def _state(paths: Iterable[Path]) -> list[tuple[int, int]]:
    """Return the size in bytes and the time of the last change in nanoseconds of each file."""
    return [(stat.st_size, stat.st_mtime_ns) for stat in map(Path.stat, paths)]
