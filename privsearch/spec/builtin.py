"""The sweeps that come with privsearch, found by their names: in a checkout its `sweeps/`, in a wheel a copy of it."""

from pathlib import Path
from typing import Final

INSTALLED: Final = Path(__file__).parent / "examples"
CHECKOUT: Final = Path(__file__).parents[2] / "sweeps"


def builtin_sweeps() -> dict[str, Path]:
    """Return the files of the sweeps that come with privsearch, by their names."""
    folder = INSTALLED if INSTALLED.is_dir() else CHECKOUT
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def sweep_path(given: Path) -> Path:
    """Return the file that a path means: its own, or, if there is no such file, the built-in sweep of that name."""
    return given if given.is_file() else builtin_sweeps().get(str(given), given)
