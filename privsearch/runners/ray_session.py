"""A Ray of our own on this machine, and what its workers get of it."""

# isort: off
import privsearch.runners.ray_settings  # noqa: F401  # before Ray

# isort: on
import logging
import math
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import ray

from privsearch.runners.base import no_gpu
from privsearch.spec import Resources


@contextmanager
def local_ray(cores: float) -> Iterator[None]:
    """Have Ray on this machine, with `cores` to share out; a Ray that is there already is used and left alone."""
    if ray.is_initialized():
        yield
        return
    with _deferred_interrupt():
        ray.init(
            address="local",
            num_cpus=math.ceil(cores),
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    try:
        yield
    finally:
        with _deferred_interrupt():
            ray.shutdown()


def gpu_share(resources: Resources, workers: int) -> float:
    """The part of a GPU that each of `workers` gets from the Ray that is there.

    Raises:
        SpecError: there is no GPU, and one is asked for.
    """
    gpus = int(ray.cluster_resources().get("GPU", 0))  # type: ignore[no-untyped-call]
    if resources.gpu is None:
        # Ray counts in parts of ten thousand, and rounds: a third would be too much for three.
        return math.floor(10_000 / math.ceil(workers / gpus)) / 10_000 if gpus else 0.0
    if resources.gpu and not gpus:
        raise no_gpu(resources.gpu, "Ray finds none")
    return resources.gpu


@contextmanager
def _deferred_interrupt() -> Iterator[None]:
    """Hold Ctrl-C back: Ray, interrupted while it starts or stops, crashes or leaves processes behind."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread is interrupted
        return
    pressed: list[int] = []
    previous = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
    if pressed:
        raise KeyboardInterrupt
