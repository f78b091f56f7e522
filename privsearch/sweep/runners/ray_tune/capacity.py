"""The workers that a Ray has room for, and what each of them gets; call these where Ray is connected."""

# isort: off
import privsearch.sweep.runners.ray_tune.settings  # noqa: F401  # before Ray

# isort: on
import math

import ray

from privsearch.spec import Resources
from privsearch.sweep.runners.base import no_gpu


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
