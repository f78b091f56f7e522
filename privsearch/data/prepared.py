"""Arrays that are made once per machine, in files that all its processes map into their memory.

A stamp beside the arrays vouches for them: it has the state of what they were made from, and their own.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from jaxtyping import Shaped


def prepare(
    folder: Path,
    names: Sequence[str],
    key: object,
    sources: Callable[[], object],
    make: Callable[[], Sequence[Shaped[np.ndarray, "..."]]],
) -> None:
    """Write arrays into a folder, unless they are there and what they are made from is unchanged.

    Args:
        folder: the folder of the arrays, which need not exist.
        names: the arrays' files.
        key: what the arrays are, as plain JSON values.
        sources: a function that returns the state of what they are made from, likewise.
        make: a function that returns the arrays, in the order of their names.

    Raises:
        OSError: what the arrays are made from cannot be read, or the folder not be written.
    """
    if _are_current(folder, names, key, sources):
        return
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"):
        if _are_current(folder, names, key, sources):
            return
        # Taken first, so that a file that changes while it is read does not match the stamp.
        before = sources()
        for name, values in zip(names, make(), strict=True):
            unfinished = folder / f".{name}"
            np.save(unfinished, values)
            unfinished.replace(folder / name)  # a process that has mapped the old file keeps it
        (folder / "stamp.json").write_text(_stamp(folder, names, key, before))


def mapped(path: Path) -> Shaped[np.ndarray, "..."]:
    """Map a prepared array into memory; a write to it changes this process's copy alone."""
    # Mode 'c' and not 'r': torch warns of arrays that it cannot write to.
    array: np.ndarray = np.load(path, mmap_mode="c")
    return array


def state_of(paths: Iterable[Path]) -> list[tuple[int, int]]:
    """Return the size in bytes and the time of the last change in nanoseconds of each file."""
    return [(stat.st_size, stat.st_mtime_ns) for stat in map(Path.stat, paths)]


def _are_current(folder: Path, names: Sequence[str], key: object, sources: Callable[[], Any]) -> bool:
    try:
        return (folder / "stamp.json").read_text() == _stamp(folder, names, key, sources())
    except OSError:
        return False


def _stamp(folder: Path, names: Sequence[str], key: object, sources: object) -> str:
    return json.dumps([key, sources, state_of(folder / name for name in names)])
