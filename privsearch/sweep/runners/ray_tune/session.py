"""A Ray to run trials on: one of our own on this machine, or a cluster that is there."""

# isort: off
import privsearch.sweep.runners.ray_tune.settings  # noqa: F401  # before Ray

# isort: on
import logging
import math
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import ray
from ray._private import ray_constants
from ray._private.services import canonicalize_bootstrap_address_or_die

from privsearch._util.interrupts import keeping, uninterrupted
from privsearch.errors import ClusterError
from privsearch.spec import Resources
from privsearch.sweep.runners.base import no_gpu

CONNECT_SECONDS: Final = 10.0
"""How long a cluster's machine may take to answer at all: Ray itself tries for minutes."""
CLIENT_STARTS: Final = 3
"""How often a cluster may fail to start the process that serves a client from outside."""
QUIET: Final[dict[str, Any]] = {"log_to_driver": False, "logging_level": logging.ERROR}


@contextmanager
def local_ray(cores: float) -> Iterator[None]:
    """Have Ray on this machine, with `cores` to share out; a Ray that is there already is used and left alone.

    Nothing of it listens where another machine could reach it.

    Raises:
        ClusterError: it does not start.
    """
    if connected():
        yield
        return
    # Ray, interrupted while it starts or stops, crashes or leaves processes behind; and it takes SIGTERM for itself.
    with _loopback(), ExitStack() as stack:
        with uninterrupted():
            try:
                ray.init(address="local", num_cpus=math.ceil(cores), include_dashboard=False, **QUIET)
            except Exception as error:  # Ray's own words, whatever the class
                raise ClusterError(
                    f"Ray must start on this machine, but does not: {last_line(error)}; it writes to "
                    "the directory RAY_TMPDIR, /tmp by default, which must have room"
                ) from error
            stack.callback(_shut_down)
        yield


@contextmanager
def ray_at(address: str) -> Iterator[None]:
    """Have the Ray cluster at `address`, which is left running; a Ray that this process has already is used instead.

    Args:
        address: "auto" for the one that this machine is part of; HOST:PORT of the head, from one of its nodes; or
            ray://HOST:PORT from outside.

    Raises:
        ClusterError: there is none, or one of other versions.
    """
    if connected():
        yield
        return
    try:
        _check_reachable(_resolved(address))
        # Not uninterrupted, as it may take long; but Ray takes SIGTERM for itself.
        with keeping(signal.SIGTERM):
            _connect(address)
    except Exception as error:  # Ray's own words, whatever the class
        raise ClusterError(
            f"--address: must be a Ray cluster with this Python and this Ray ({ray.__version__}), given as auto, "
            f"HOST:PORT or ray://HOST:PORT, but got {address!r}: {last_line(error)}"
        ) from error
    try:
        yield
    finally:
        _shut_down()


def _connect(address: str) -> None:
    """Connect, once more where the process that is to serve this client crashed while the cluster's proxy forked it.

    It does so now and then, for gRPC's threads do not take well to a fork; Ray gives up at once.
    """
    for left in reversed(range(CLIENT_STARTS)):
        try:
            ray.init(address=address, **QUIET)
        except ConnectionError as error:
            if not left or "Starting Ray client server failed" not in str(error):
                raise
        else:
            return


def connected() -> bool:
    """Whether this process has a Ray."""
    return bool(ray.is_initialized())


def room(resources: Resources) -> int:
    """The workers that the cluster which is there has room for as it is, one at least."""
    there = ray.cluster_resources()  # type: ignore[no-untyped-call]
    needed = {"CPU": resources.cpu, "GPU": resources.gpu or 0.0, **resources.custom}
    return max(1, min(int(there.get(name, 0.0) / amount) for name, amount in needed.items() if amount))


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


def last_line(error: BaseException) -> str:
    """What is told of an error of Ray's, whose messages end with what matters."""
    return next(iter(str(error).strip().splitlines()[::-1]), type(error).__name__)


def _shut_down() -> None:
    with uninterrupted():
        ray.shutdown()


@contextmanager
def _loopback() -> Iterator[None]:
    """Have a Ray that is started in here talk over 127.0.0.1 alone, as it does by default on Windows and macOS."""
    before = ray_constants.ENABLE_RAY_CLUSTER, os.environ.get(ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR)
    # This process has read the variable already; those that Ray starts will.
    ray_constants.ENABLE_RAY_CLUSTER = False
    os.environ[ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR] = "0"
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before[0]
        if before[1] is None:
            del os.environ[ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR]
        else:
            os.environ[ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR] = before[1]


def _check_reachable(address: str) -> None:
    """Raise an OSError where nobody listens at `address`, a ValueError where it is none."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdecimal():
        raise ValueError("it has no port")
    socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_SECONDS).close()


def _resolved(address: str) -> str:
    """The host and port of the head that "auto" stands for; any other address as it is."""
    return str(canonicalize_bootstrap_address_or_die(address)) if address == "auto" else address
