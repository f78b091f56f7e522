"""The studies that lie where one was sought that is not there."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from privsearch._util.text import nearest, printable

_STUDIES: Final = Path("studies")
"""The folder into which sweeps write by default."""

_MOST_NAMED: Final = 5


def absent_words(path: Path) -> str:
    """Say of a path that is no study what is there, and which study may be meant: one in, beside or near it."""
    here = "it has no sweep.yaml" if path.exists() else "there is no such directory"
    inside = [str(study) for study in _studies_in(path)]
    if inside:
        shown = ", ".join(inside[:_MOST_NAMED]) + (f" and {len(inside) - _MOST_NAMED} more" if inside[5:] else "")
        return f"{here}; the studies in it: {printable(shown)}"
    others = {study.name: study for folder in (_STUDIES, path.parent) for study in _studies_in(folder)}
    meant = nearest(path.name, others)
    return f"{here}; did you mean {printable(str(others[meant]))}?" if meant else here


def _studies_in(folder: Path) -> Iterator[Path]:
    with suppress(OSError):  # whoever may not look there gets no suggestion
        yield from sorted(path for path in folder.iterdir() if (path / "sweep.yaml").is_file())
