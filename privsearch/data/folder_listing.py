"""The files in a folder of images: which are of which split and class, in an order that no file system decides."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from privsearch.data.raw import did_you_mean, listed
from privsearch.errors import DataError

ENDINGS: Final = (".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
"""The endings of files that are images, in small letters: torchvision's."""

_NOBODYS: Final = ("thumbs.db", "desktop.ini", "__macosx")
"""What systems leave in folders beside hidden files, in small letters."""

_TRAIN: Final = "train"
_TESTS: Final = ("test", "val", "valid", "validation")
_SPLITS: Final = (_TRAIN, *_TESTS)
_DEPTH: Final = 3
"""The folders that lead to a file: split, class, and the file itself."""


@dataclass(frozen=True)
class Entry:
    """A file or folder below the folder of images.

    Attributes:
        parts: the names that lead to it from there.
        size: the bytes of a file; None for a folder, and -1 for what is neither, such as a link to nothing.
        written: the time of the last change of a file, in nanoseconds.
    """

    parts: tuple[str, ...]
    size: int | None
    written: int


@dataclass(frozen=True)
class Listing:
    """The images of a folder.

    Attributes:
        train: the images of the training split, or all if there is one split: class by class, and by name in each.
        test: the same for the test split, or None.
        left_out: files that are no images by their ending.
    """

    train: tuple[tuple[str, ...], ...]
    test: tuple[tuple[str, ...], ...] | None
    left_out: tuple[str, ...]


def existing_folder(given: str) -> Path:
    """Return the path of a folder that is there.

    Raises:
        DataError: there is no folder; the message names the nearest one beside it.
    """
    path = Path(given)
    siblings: list[str] = []
    with suppress(OSError):  # of folders that may not be looked into: the message below is then without a suggestion
        if path.is_dir():
            return path
        if path.is_file():
            raise DataError(
                f"{given}: the path must lead to a folder of images, but is a file. If it is a table or an archive, "
                "say so with kind, such as kind: csv."
            )
        siblings = [entry.name for entry in os.scandir(path.parent) if entry.is_dir()]
    raise DataError(
        f"{given}: the path must lead to a folder of images, but there is none at {path.absolute()}. Correct the path."
        f"{did_you_mean(path.name, siblings)}"
    )


def entries(folder: Path) -> list[Entry]:
    """Return what is in a folder of images, down to the files of a class, sorted by name, without hidden files.

    Raises:
        OSError: a folder cannot be read.
    """
    return sorted(_entries(folder, ()), key=lambda entry: entry.parts)


def list_images(found: Sequence[Entry], dropped: Sequence[str], where: str) -> Listing:
    """Sort the images of a folder into splits and classes.

    Args:
        found: what is in the folder, as `entries` returns it.
        dropped: the names of splits or classes that are left out.
        where: the folder, for error messages.

    Raises:
        DataError: the folder has neither classes nor splits of classes, or a class has no image.
    """
    folders = {entry.parts for entry in found if entry.size is None}
    if unknown := [name for name in dropped if not any(name == parts[-1] for parts in folders)]:
        names = sorted({parts[-1] for parts in folders})
        raise DataError(
            f"{where}: drop must name folders that are there, but got {unknown[0]!r}; there are {listed(names)}. "
            f"Correct the name.{did_you_mean(unknown[0], names)}"
        )
    kept = [
        entry for entry in found if not set(entry.parts[: len(entry.parts) - (entry.size is not None)]) & {*dropped}
    ]
    top = [parts[0] for parts in (entry.parts for entry in kept) if len(parts) == 1 and parts in folders]
    splits = {name.lower(): name for name in top}
    # Only folders in it make train/ a split: else it is the class of trains.
    is_split = _TRAIN in splits and any(len(parts) == 2 and parts[0] == splits[_TRAIN] for parts in folders)
    left_out = tuple(
        "/".join(entry.parts)
        for entry in kept
        if entry.size is not None and not entry.parts[-1].lower().endswith(ENDINGS)
    )
    if not is_split:
        return Listing(_images_of(kept, (), where), None, left_out)
    if unknown := [name for name in top if name.lower() not in _SPLITS]:
        raise DataError(
            f"{where}: beside the split {splits[_TRAIN]}/ there must be no other folders than those of splits, but "
            f"there {'are' if len(unknown) > 1 else 'is'} {listed(unknown)}. Move them, or leave them out with drop: "
            f"[{', '.join(unknown[:3])}]."
        )
    tests = [name for name in top if name.lower() != _TRAIN]
    if len(tests) > 1:
        raise DataError(
            f"{where}: one folder must be the test split, but {listed(tests)} may each be it. Leave out all others, "
            f"such as with drop: [{tests[-1]}]."
        )
    train = _images_of(kept, (splits[_TRAIN],), where)
    if not tests:
        return Listing(train, None, left_out)
    test = _images_of(kept, (tests[0],), where, may_be_empty=True)
    classes, test_classes = ({parts[-2] for parts in images} for images in (train, test))
    if unknown := sorted(test_classes - classes):
        raise DataError(
            f"{where}: every class in {tests[0]}/ must have images in {splits[_TRAIN]}/, but {listed(unknown)} "
            f"{'have' if len(unknown) > 1 else 'has'} none. Add some, or leave it out with drop: [{unknown[0]}]."
        )
    if not test:
        raise DataError(
            f"{where}: {tests[0]}/ must hold images, but holds none. Add some, or write drop: [{tests[0]}]."
        )
    return Listing(train, test, left_out)


def _entries(folder: Path, above: tuple[str, ...]) -> Iterator[Entry]:
    with os.scandir(folder) as inside:
        for entry in inside:
            if entry.name.startswith(".") or entry.name.lower() in _NOBODYS:
                continue
            parts = (*above, entry.name)
            if entry.is_dir():
                yield Entry(parts, None, 0)
                if len(parts) < _DEPTH:
                    yield from _entries(folder / entry.name, parts)
            elif entry.is_file():
                status = entry.stat()
                yield Entry(parts, status.st_size, status.st_mtime_ns)
            else:
                yield Entry(parts, -1, 0)


def _images_of(
    found: Sequence[Entry], split: tuple[str, ...], where: str, *, may_be_empty: bool = False
) -> tuple[tuple[str, ...], ...]:
    """Return the images below a split, class by class."""
    below = [entry for entry in found if entry.parts[: len(split)] == split and len(entry.parts) > len(split)]
    shown = "/".join((where.rstrip("/"), *split))
    loose = [entry for entry in below if len(entry.parts) == len(split) + 1 and _is_image(entry)]
    if loose:
        raise DataError(
            f"{shown}: every image must be in the folder of its class, but {loose[0].parts[-1]!r} is in none"
            f"{f', nor are {len(loose) - 1} more' if len(loose) > 1 else ''}. Make a folder for each class."
        )
    deep = [entry for entry in below if entry.size is None and len(entry.parts) == len(split) + 2]
    if deep:
        raise DataError(
            f"{shown}: the folder of a class must hold images and no folders, but {deep[0].parts[-2]}/ holds "
            f"{deep[0].parts[-1]}/. Move its images up; if the classes are in splits, call these train/ and test/."
        )
    images = tuple(entry.parts for entry in below if _is_image(entry))
    classes = [entry.parts[-1] for entry in below if entry.size is None]
    if not classes and not may_be_empty:
        raise DataError(
            f"{shown}: there must be a folder of images for each class, but there is no folder. Make one for each "
            "class, whose name is the class's."
        )
    has_images = {parts[-2] for parts in images}
    if (empty := [name for name in classes if name not in has_images]) and not may_be_empty:
        raise DataError(
            f"{shown}: every class must have images (files that end in {', '.join(ENDINGS)}), but {listed(empty)} "
            f"{'have' if len(empty) > 1 else 'has'} none. Add some, or leave it out with drop: [{empty[0]}]."
        )
    return images


def _is_image(entry: Entry) -> bool:
    return entry.size is not None and entry.parts[-1].lower().endswith(ENDINGS)
