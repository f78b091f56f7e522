"""The workers that a Ray has room for, and what each of them gets; call these where Ray is connected."""

# isort: off
import privsearch.sweep.runners.ray_tune.settings  # noqa: F401  # before Ray

# isort: on
import math
from collections.abc import Mapping, Sequence
from typing import Final

import ray

from privsearch.spec import Resources
from privsearch.sweep.runners.base import no_gpu

_COUNTED: Final = ("memory", "object_store_memory")
"""Resources of every machine, in bytes, that no worker asks for."""


def amounts(resources: Mapping[str, float]) -> str:
    """Return amounts of resources in words, such as `CPU 1, seat 2`."""
    return ", ".join(f"{name} {amount:g}" for name, amount in resources.items()) or "nothing"


def lacking(needed: Mapping[str, float], machines: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return those of the needed amounts that no machine has; all of them if each has only some.

    Args:
        needed: what a worker needs, by Ray's names for it.
        machines: what each machine of a cluster has.
    """
    wanted = {name: amount for name, amount in needed.items() if amount}
    if any(all(has.get(name, 0) >= amount for name, amount in wanted.items()) for has in machines):
        return {}
    nowhere = {n: amount for n, amount in wanted.items() if all(has.get(n, 0) < amount for has in machines)}
    return nowhere or wanted


def in_all(machines: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return what the machines of a cluster have together, without what is counted in bytes or names a machine."""
    names = dict.fromkeys(name for has in machines for name in has)
    asked_for = [name for name in names if name not in _COUNTED and ":" not in name]
    return {name: sum(has.get(name, 0) for has in machines) for name in asked_for}


def room(resources: Resources) -> int:
    """Return the number of workers that the connected cluster has room for at its present size, at least one."""
    available = ray.cluster_resources()  # type: ignore[no-untyped-call]
    needed = {"CPU": resources.cpu, "GPU": resources.gpu or 0.0, **resources.custom}
    return max(1, min(int(available.get(name, 0.0) / amount) for name, amount in needed.items() if amount))


def gpu_share(resources: Resources, workers: int) -> float:
    """Return the share of a GPU that each of `workers` gets from the connected Ray.

    Raises:
        SpecError: the resources ask for a GPU, and there is none.
    """
    gpus = int(ray.cluster_resources().get("GPU", 0))  # type: ignore[no-untyped-call]
    if resources.gpu is None:
        # Ray rounds to ten-thousandths, so that a third, rounded up, would be too much for three workers.
        return math.floor(10_000 / math.ceil(workers / gpus)) / 10_000 if gpus else 0.0
    if resources.gpu and not gpus:
        raise no_gpu(resources.gpu, "Ray finds none")
    return resources.gpu
