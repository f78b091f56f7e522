"""Files that need not be made again: the same would be made, and nobody has touched them since.

A front takes half a second to draw, and as long to import what draws it, while what it is drawn from is at hand at
once; tables and index take as long as all else that a command does which shows a study. Beside such files lies one that
says what they were made from.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from privsearch._util.disk import replace_file
from privsearch.analysis.selection import taken
from privsearch.analysis.tasks import Task
from privsearch.study.folder import StudyFolder

MEMORY: Final = ".drawn.json"
"""The name of the file beside the drawings."""

TABLES_MEMORY: Final = ".made.json"
"""The name of the file in the study that says what its tables and its index were made from."""

_LIBRARIES: Final = ("privsearch", "matplotlib", "plotly", "numpy", "pandas", "scipy", "optuna")


def draw_changed(folder: Path, tasks: Iterable[Task], draw: Callable[[Path, list[Task]], list[Path]]) -> None:
    """Draw the tasks whose drawings would be others now, or are not as they were left.

    A drawing is left alone if it would be made from the same numbers by the same code and libraries, and if its files
    have the very times and places on the disk that they had when they were written. Such times cannot be brought along
    from elsewhere, so that files in a study from a stranger are always written over.

    Args:
        folder: the folder of the drawings, created if missing.
        tasks: the tasks to draw.
        draw: writes the drawings of tasks into the folder, and returns the files.

    Raises:
        OSError: the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    known, kept = _read(folder / MEMORY), {}
    for task in tasks:
        if task.candidates.empty:
            continue
        entry, made_from = known.get(task.name), _digest(task)
        if not _is_as_left(folder, entry, made_from):
            files = draw(folder, [task])
            entry = {"made_from": made_from, "files": {file.name: _place(file) for file in files}}
        kept[task.name] = entry
    if kept != known:
        replace_file(folder / MEMORY, json.dumps(kept, indent=1) + "\n")


def make_changed(study: StudyFolder, made_from: str, make: Callable[[], list[Path]]) -> None:
    """Make the tables and the index of a study if they would be others now, or are not as they were left.

    Args:
        study: the study.
        made_from: the digest of what they would be made from (`study_digest`).
        make: writes them, and returns the files.

    Raises:
        StudyError: the study cannot be written.
    """
    memory = study.path / TABLES_MEMORY
    if _is_as_left(study.path, _read(memory), made_from):
        return
    entry = {"made_from": made_from, "files": {file.name: _place(file) for file in make()}}
    replace_file(memory, json.dumps(entry, indent=1) + "\n")


def study_digest(study: StudyFolder) -> str:
    """Return the hash of all that a study's tables and index depend on: its files as they are now, and our code.

    To be taken before the study is loaded: what is recorded between the two is then made again the next time.
    """
    digest = hashlib.sha256("\n".join(_code()).encode())
    for path in study.sources:
        if path.is_file():
            with path.open("rb") as file:
                digest.update(f"{path.name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return digest.hexdigest()


def _read(path: Path) -> Mapping[str, Any]:
    """Return what a memory holds; nothing if it is missing or damaged."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_as_left(folder: Path, entry: Any, made_from: str) -> bool:
    """Tell whether the files of an entry of the memory are those that were written from the same."""
    try:
        return bool(
            entry["made_from"] == made_from
            and entry["files"]
            and all(
                Path(name).name == name and _place(folder / name) == place for name, place in entry["files"].items()
            )
        )
    except (OSError, LookupError, TypeError, AttributeError, ValueError):
        return False


def _place(path: Path) -> list[int]:
    """Return the size, the times and the place of a file, of which the time of its last change cannot be set."""
    found = path.lstat()
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def _digest(task: Task) -> str:
    """Return the hash of all that a drawing of a task depends on."""
    words = [task.name, task.title, repr(task.objectives), repr(task.constraints), str(taken(task)), *_code()]
    digest = hashlib.sha256(json.dumps(words).encode())
    # Of the targets, what the probabilities of being on the front are made from.
    judged = task.targets.reindex(columns=["trial_id", *task.objectives, *task.constraints])
    for table in (task.rows, judged):
        digest.update(table.to_csv(index=False).encode())
    return digest.hexdigest()


@cache
def _code() -> tuple[str, ...]:
    """Return the versions of the libraries, and the hash of our own code, which changes while it is worked on."""
    digest, house = hashlib.sha256(), Path(__file__).parents[1]
    for file in sorted(house.rglob("*.py")):
        digest.update(f"{file.relative_to(house)} {file.stat().st_size}\n".encode() + file.read_bytes())
    return (*(f"{library} {version(library)}" for library in _LIBRARIES), digest.hexdigest())
