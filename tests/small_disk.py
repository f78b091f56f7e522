"""Disks that are full: really, or as far as one file is concerned."""

import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_IN_A_NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c")


@contextmanager
def files_of_at_most(num_bytes: int) -> Iterator[None]:
    """No file that this process writes can grow beyond `num_bytes`: what fits is taken, and the rest refused."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def run_on_a_small_disk(code: str, folder: Path) -> str:
    """Run Python code in `folder`, on a disk of 64 kB that is mounted there for it alone; what it printed."""
    mount = 'mount -t tmpfs -o size=64k tmpfs "$1"'
    try:
        subprocess.run([*_IN_A_NAMESPACE, mount, "sh", str(folder)], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs a system on which users may mount a disk in a namespace of their own")
    command = [*_IN_A_NAMESPACE, f'{mount} && cd "$1" && exec "$2" -c "$3"', "sh", str(folder), sys.executable, code]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
