"""The GPU, its driver, and the versions of all that computes."""

import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

import torch

from benchmarks.gpu.settings import Settings
from privsearch.data import missing_data
from privsearch.study.environment import describe_environment

PACKAGES: Final = ("triton", "snntorch", "spikingjelly")
"""The packages beside those of every study's environment."""


def measure(settings: Settings) -> dict[str, Any]:
    """Describe the machine, and say which images are there; random ones of their shape are taken for the others."""
    described = describe_environment()
    del described["command"]  # that of the part's process
    described["packages"].update({name: _version(name) for name in PACKAGES})
    gpu = None if settings.device == "cpu" else _gpu(settings.device)
    return {**described, "gpu": gpu, "images": {name: not missing_data([name]) for name in ("mnist", "cifar10")}}


def _gpu(device: str) -> dict[str, Any]:
    properties = torch.cuda.get_device_properties(device)
    return {
        "name": properties.name,
        "memory_bytes": properties.total_memory,
        "multiprocessors": properties.multi_processor_count,
        "capability": list(torch.cuda.get_device_capability(device)),
        "driver": _driver(),
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
        "count": torch.cuda.device_count(),
    }


def _driver() -> str | None:
    if not shutil.which("nvidia-smi"):
        return None
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # fixed words
    return told.stdout.strip().partition("\n")[0] or None


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
