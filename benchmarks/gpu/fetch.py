"""Fetch the wheels that a machine without a network lacks: `python -m benchmarks.gpu.fetch`, where there is one.

They are those of Python 3.12 on Linux and x86-64, in the versions of uv.lock, and go to benchmarks/gpu/wheels, which
git ignores. It needs uv. Where the other machine has some of them already, `--skip pandas,pytest` leaves those out.
"""

import argparse
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.gpu.installed import WHEELS

ROOT: Final = Path(__file__).parents[2]
PYTHON: Final = "3.12"

TRIAL_NEEDS: Final = (
    *("annotated-types", "brevitas", "charset-normalizer", "filelock", "jaxtyping", "llvmlite", "numba", "numpy"),
    *("pandas", "pydantic", "scikit-learn", "scipy", "threadpoolctl", "torch"),
)
"""What a trial imports, in this process and without Ray: tests/test_bare_trial.py holds it to that."""

KIT_NEEDS: Final = ("beartype", "hypothesis", "loguru", "pytest", "snntorch", "spikingjelly", "tqdm")
"""What the tests and the peers import beside that. SpikingJelly asks for more, which what is measured does not need."""

ON_THE_MACHINE: Final = (
    *("torch", "torchvision", "torchaudio", "triton", "sympy", "mpmath", "setuptools"),
    *("llvmlite", "numba", "numpy", "scipy", "scikit-learn"),
)
UNUSED: Final = ("h5py", "matplotlib", "requests", "scienceplots", "tensorboard")
"""What SpikingJelly asks for, and nothing here imports."""

SOURCE_ONLY: Final = ("snntorch",)
"""What is published without a wheel; it is pure Python, and built here."""

PLATFORMS: Final = ("manylinux2014_x86_64", *(f"manylinux_2_{minor}_x86_64" for minor in (17, 24, 26, 27, 28)))


def pins(needs: Sequence[str], without: Sequence[str], python: str) -> list[str]:
    """Return packages and all that they need, each as `name==version` of uv.lock.

    Args:
        needs: the packages.
        without: those to leave out, with what only they need.
        python: the version of Python.
    """
    locked = _uv("export", "--locked", "--all-groups", "--all-extras", "--no-emit-project", "--no-hashes")
    with tempfile.TemporaryDirectory() as folder:
        files = {"needs.txt": "\n".join(needs), "locked.txt": locked, "without.txt": "\n".join(without)}
        for name, text in files.items():
            (Path(folder) / name).write_text(text)
        resolved = _uv(
            *("pip", "compile", f"{folder}/needs.txt", "--constraints", f"{folder}/locked.txt"),
            *("--excludes", f"{folder}/without.txt", "--python-version", python),
            *("--python-platform", "x86_64-manylinux_2_28", "--no-annotate"),
        )
    return [line for line in resolved.splitlines() if "==" in line]


def main() -> None:
    """Fetch them anew."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu.fetch", description=__doc__)
    parser.add_argument("--skip", default="", metavar="NAME[,NAME]", help="packages that the other machine has")
    skipped = [name for name in parser.parse_args().skip.split(",") if name]
    wanted = pins((*TRIAL_NEEDS, *KIT_NEEDS), (*ON_THE_MACHINE, *UNUSED, *skipped), PYTHON)
    shutil.rmtree(WHEELS, ignore_errors=True)
    from_source = [pin for pin in wanted if pin.partition("==")[0] in SOURCE_ONLY]
    published = [pin for pin in wanted if pin not in from_source]
    platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
    _pip(
        "download", "--only-binary=:all:", "--python-version", PYTHON, "--implementation", "cp", *platforms, *published
    )
    _pip("wheel", *from_source)
    # For its version alone, which every result has: the code is that of the checkout.
    _uv("build", "--wheel", "--out-dir", str(WHEELS))


def _pip(command: str, *words: str) -> None:
    where = "--wheel-dir" if command == "wheel" else "--dest"
    _uv("tool", "run", "pip", command, "--quiet", "--no-deps", where, str(WHEELS), *words)


def _uv(*words: str) -> str:
    done = subprocess.run(["uv", "--quiet", *words], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603, S607  # fixed words, and uv is found as the user's shell finds it
    return done.stdout


if __name__ == "__main__":
    main()
