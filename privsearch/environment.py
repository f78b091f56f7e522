"""Where a study ran: what a reader needs to run it again, and to know what may differ."""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

NUMERIC_PACKAGES: Final = (
    *("torch", "snntorch", "brevitas", "numpy", "scipy", "scikit-learn", "scikit-learn-intelex"),
    *("ray", "optuna", "pandas"),
)
"""The packages whose versions can change a number or the way it is found."""


def describe_environment() -> dict[str, Any]:
    """The program's commit, the versions of what it computes with, and the machine, as plain JSON values."""
    return {
        "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": sys.argv[1:],
        "privsearch": {"version": version("privsearch"), "commit": _commit()},
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in NUMERIC_PACKAGES},
        "machine": {
            "host": platform.node(),
            "system": platform.platform(),
            "processor": _processor(),
            "cores": available_cores(),
        },
    }


def available_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    """The commit of the source tree, with '+changes' where it is not clean; None for an installed package."""
    root = Path(__file__).resolve().parent.parent
    if not (root / ".git").exists():
        return None
    try:
        commit, changes = (
            subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603, S607  # fixed words, and git is found as the user's shell finds it
            for words in (("rev-parse", "HEAD"), ("status", "--porcelain", "--untracked-files=no"))
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return commit + ("+changes" if changes else "")


def _processor() -> str:
    """The processor's name, as the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()
