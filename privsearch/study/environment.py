"""Where a study ran: what a reader needs to run it again, and to know what may differ.

The numbers of a trial are the same again under the same versions on the same kind of processor. Both stand beside every
result in one line, such as `privsearch 0.1.0 6de6acb8, torch 2.11.0, numpy 2.4.6 on AMD EPYC`.
"""

import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from privsearch._util.machine import available_cores
from privsearch.spec import registry
from privsearch.study.result import UNKNOWN_ENVIRONMENT

NUMERIC_PACKAGES: Final = (
    *("torch", "snntorch", "brevitas", "numba", "numpy", "scipy", "scikit-learn", "scikit-learn-intelex"),
)
"""The packages whose versions can change a number of a trial."""

OTHER_PACKAGES: Final = ("ray", "optuna", "pandas")
"""The packages whose versions can change how trials are run, or what is made of their numbers."""

_ON: Final = " on "
_COMMIT: Final = "commit"
_PROCESSOR: Final = ""
_GPU: Final = " (GPU)"


def describe_environment() -> dict[str, Any]:
    """The program's commit, the versions of what it computes with, and the machine, as plain JSON values."""
    return {
        "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": sys.argv[1:],
        "privsearch": {"version": version("privsearch"), "commit": _commit()},
        "python": platform.python_version(),
        "registered": registry.sources(),
        "packages": {name: _version(name) for name in (*NUMERIC_PACKAGES, *OTHER_PACKAGES)},
        "machine": {
            "host": platform.node(),
            "system": platform.platform(),
            "processor": _processor(),
            "cores": available_cores(),
        },
    }


@cache
def present_environment(device: str = "cpu") -> str:
    """What the numbers that this process computes may depend on, in one line.

    Args:
        device: where networks are trained, as torch names it.
    """
    commit = _commit()
    own = " ".join([version("privsearch"), *([commit[:8] + commit[40:]] if commit else [])])
    versions = {"privsearch": own, **{name: _version(name) for name in NUMERIC_PACKAGES}}
    processor = _processor() if device == "cpu" else _gpu(device)
    return ", ".join(f"{name} {number}" for name, number in versions.items() if number) + _ON + processor


def same_versions(one: str, other: str) -> bool:
    """Whether two environments differ at most in their processors."""
    if UNKNOWN_ENVIRONMENT in {one, other}:
        return one == other
    return _differences([one, other]).keys() <= {_PROCESSOR}


def was_on_gpu(environment: str) -> bool:
    """Whether networks were trained on a GPU there."""
    return environment.endswith(_GPU)


def changes_to_present(recorded: str, *, gpu: bool) -> str:
    """What differs between the environment of a result and that of this process; see `changes`.

    Args:
        recorded: the environment of the result.
        gpu: whether networks may be trained on a GPU. Which one, only the workers know: that of a result passes for it.
    """
    present = present_environment()
    if gpu and was_on_gpu(recorded):
        present = present.partition(_ON)[0] + _ON + recorded.partition(_ON)[2]
    return changes(recorded, present)


def changes(earlier: str, later: str) -> str:
    """What differs between two environments, such as `torch 2.10.0 -> 2.11.0, AMD EPYC -> NVIDIA H200`.

    Empty where nothing does. Where the earlier one is not known, it says so.
    """
    if earlier == UNKNOWN_ENVIRONMENT:
        return f"{earlier} versions"
    differences = _differences([earlier, later])
    return ", ".join(f"{name} {was} -> {now}".strip() for name, (was, now) in differences.items())


def mixture(environments: Iterable[str]) -> str:
    """What differs between several environments, such as `torch 2.10.0 / 2.11.0`; empty where nothing does."""
    distinct = dict.fromkeys(environments)
    known = [environment for environment in distinct if environment != UNKNOWN_ENVIRONMENT]
    said = [f"{name} {' / '.join(values)}".strip() for name, values in _differences(known).items()]
    return ", ".join([*said, *(["versions that are not known"] if 0 < len(known) < len(distinct) else [])])


def _differences(environments: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """What differs between environments, by its name: all of its values, in the order in which they first come.

    One without a commit, which is that of an installed package, may be of any.
    """
    parts = [_parts(environment) for environment in environments]
    found = {
        name: dict.fromkeys(part.get(name, "none") for part in parts if name in part or name != _COMMIT)
        for name in dict.fromkeys(name for part in parts for name in part)
    }
    return {name: tuple(values) for name, values in found.items() if len(values) > 1}


def _parts(environment: str) -> dict[str, str]:
    """By package its version, then the commit and the processor."""
    versions, _, processor = environment.partition(_ON)
    numbers = {name: number for name, _, number in (part.partition(" ") for part in versions.split(", "))}
    numbers["privsearch"], _, commit = numbers.get("privsearch", "none").partition(" ")
    return {**numbers, **({_COMMIT: commit} if commit else {}), _PROCESSOR: processor}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    """The commit of the source tree, with a mark of whatever the package has beyond it; None for an installed one."""
    root = Path(str(files("privsearch"))).resolve().parent
    if not (root / ".git").exists():
        return None
    try:
        commit = _git(root, "rev-parse", "HEAD").decode().strip()
        changes = _git(root, "diff", "HEAD", "--", "privsearch")
        new = _git(root, "ls-files", "-z", "--others", "--exclude-standard", "--", "privsearch/*.py").split(b"\0")
        changes += b"".join(name + (root / os.fsdecode(name)).read_bytes() for name in new if name)
    except (OSError, subprocess.CalledProcessError):
        return None
    return commit + (f"+changes.{hashlib.sha256(changes).hexdigest()[:8]}" if changes else "")


def _git(root: Path, *words: str) -> bytes:
    return subprocess.run(["git", "-C", str(root), *words], capture_output=True, check=True).stdout  # noqa: S603, S607  # fixed words, and git is found as the user's shell finds it


def _gpu(device: str) -> str:
    import torch  # slow to import, and there already where a network is trained

    return torch.cuda.get_device_name(device) + _GPU


def _processor() -> str:
    """The processor's name, as the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()
