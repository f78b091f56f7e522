"""The systems that privsearch runs on."""

import sys
from typing import Final

_REFUSAL: Final = (
    "privsearch needs processes and signals as Linux and macOS have them, so it does not run on Windows; use it in the "
    "Windows Subsystem for Linux (`wsl --install`), in a container, or on a Linux machine"
)


def refuse_windows() -> None:
    """End the program with one line and the exit status of bad input where the system is Windows."""
    if sys.platform == "win32":
        sys.stderr.write(f"error: {_REFUSAL}\n")
        raise SystemExit(2)
