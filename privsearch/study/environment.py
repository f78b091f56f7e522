"""The environment of a study: the versions and the machine that a reader needs to run it again or compare it.

The numbers of a trial are the same again under the same versions on the same kind of processor. Every result has both
in one line, such as `privsearch 0.1.0 6de6acb8, torch 2.11.0, numpy 2.4.6 on AMD EPYC`.
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

from privsearch._util.machine import available_cores, processor_name
from privsearch.spec import registry
from privsearch.study.fields import UNKNOWN_ENVIRONMENT

NUMERIC_PACKAGES: Final = (*("torch", "brevitas", "numba", "numpy", "scipy", "scikit-learn", "scikit-learn-intelex"),)
"""The packages whose versions can change a number of a trial."""

OTHER_PACKAGES: Final = ("ray", "optuna", "pandas", "snntorch", "safetensors")
"""The packages whose versions can change the running of trials, or what is computed or exported from their results.

Exported networks run on snnTorch; privsearch's own neurons do not, so that its version changes no number of a trial.
"""

_NEVER_MATTERED: Final = ("snntorch",)
"""Packages that environments were once said to differ by, although no number of a trial was computed with them."""

_ON: Final = " on "
_COMMIT: Final = "commit"
_PROCESSOR: Final = ""
_GPU: Final = " (GPU)"


def describe_environment() -> dict[str, Any]:
    """Return the program's commit, the versions of its packages, and the machine, as plain JSON values."""
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
            "processor": processor_name(),
            "cores": available_cores(),
        },
    }


@cache
def present_environment(device: str = "cpu") -> str:
    """Return the environment of this process, on which its numbers may depend, as one line.

    Args:
        device: the device that networks are trained on, by torch's name.
    """
    commit = _commit()
    number = " ".join([version("privsearch"), *([commit[:8] + commit[40:]] if commit else [])])
    versions = {"privsearch": number, **{name: _version(name) for name in NUMERIC_PACKAGES}}
    processor = processor_name() if device == "cpu" else _gpu(device)
    return ", ".join(f"{name} {number}" for name, number in versions.items() if number) + _ON + processor


def same_versions(one: str, other: str) -> bool:
    """Return whether two environments differ at most in their processors."""
    if UNKNOWN_ENVIRONMENT in {one, other}:
        return one == other
    return _differences([one, other]).keys() <= {_PROCESSOR}


def was_on_gpu(environment: str) -> bool:
    """Return whether networks were trained on a GPU in an environment."""
    return environment.endswith(_GPU)


def changes_to_present(recorded: str, *, gpu: bool) -> str:
    """Return the differences between the environment of a result and that of this process; see `changes`.

    Args:
        recorded: the environment of the result.
        gpu: True if networks may be trained on a GPU. Only the workers know which GPU, so it counts as the result's.
    """
    present = present_environment()
    if gpu and was_on_gpu(recorded):
        present = present.partition(_ON)[0] + _ON + recorded.partition(_ON)[2]
    return changes(recorded, present)


def changes(earlier: str, later: str) -> str:
    """Return the differences between two environments, such as `torch 2.10.0 -> 2.11.0, AMD EPYC -> NVIDIA H200`.

    The text is empty if there are none, and `unknown versions` if the earlier environment is not known.
    """
    if earlier == UNKNOWN_ENVIRONMENT:
        return f"{earlier} versions"
    differences = _differences([earlier, later])
    return ", ".join(f"{name} {before} -> {after}".strip() for name, (before, after) in differences.items())


def mixture(environments: Iterable[str]) -> str:
    """Return the differences between several environments, such as `torch 2.10.0 / 2.11.0`; empty if there are none."""
    distinct = dict.fromkeys(environments)
    recorded = [environment for environment in distinct if environment != UNKNOWN_ENVIRONMENT]
    differences = [f"{name} {' / '.join(values)}".strip() for name, values in _differences(recorded).items()]
    return ", ".join([*differences, *(["versions that are not known"] if 0 < len(recorded) < len(distinct) else [])])


def _differences(environments: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the parts that differ between environments: all values of each, by name, in order of first occurrence.

    An environment without a commit is that of an installed package, and counts as equal to any commit.
    """
    parts = [_parts(environment) for environment in environments]
    values_of = {
        name: dict.fromkeys(part.get(name, "none") for part in parts if name in part or name != _COMMIT)
        for name in dict.fromkeys(name for part in parts for name in part)
    }
    return {name: tuple(values) for name, values in values_of.items() if len(values) > 1}


def _parts(environment: str) -> dict[str, str]:
    """Return the version of each package, by name, then the commit and the processor."""
    versions, _, processor = environment.partition(_ON)
    numbers = {name: number for name, _, number in (part.partition(" ") for part in versions.split(", "))}
    for name in _NEVER_MATTERED:
        numbers.pop(name, None)
    numbers["privsearch"], _, commit = numbers.get("privsearch", "none").partition(" ")
    return {**numbers, **({_COMMIT: commit} if commit else {}), _PROCESSOR: processor}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    """Return the commit of the source tree, with a digest of uncommitted changes; None for an installed package."""
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
    import torch  # slow to import, and loaded already in a process that trains

    return torch.cuda.get_device_name(device) + _GPU
