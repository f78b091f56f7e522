"""The Ray that trials run on: one of our own on this machine, or a cluster that is running already."""

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
from pathlib import Path
from typing import Any, Final

import ray
from ray._private import ray_constants
from ray._private.services import canonicalize_bootstrap_address_or_die

from privsearch._util.interrupts import keeping, uninterrupted
from privsearch.errors import ClusterError, ClusterLostError
from privsearch.sweep.runners.ray_tune.leftovers import SESSIONS, claimed, remove_abandoned

CONNECT_SECONDS: Final = 10.0
"""The time that a cluster's machine may take to answer at all; Ray itself tries for minutes."""
CLIENT_STARTS: Final = 3
"""The number of times that a cluster may try to start the process that serves a client from outside."""
FORK_CRASHES: Final = ("Starting Ray client server failed", "psutil.ZombieProcess")
"""What a cluster says of such a process that crashed as it was forked: at once, or as it looks at what it started."""
QUIET: Final[dict[str, Any]] = {"log_to_driver": False, "logging_level": logging.ERROR}
"""The options of `ray.init` that keep Ray's messages off the terminal."""


@contextmanager
def local_ray(cores: float) -> Iterator[None]:
    """Start Ray on this machine with `cores` to share out, and stop it at the end.

    A Ray that this process is connected to already is used instead, and left running. A Ray that is started here
    listens at no address that another machine could reach.

    Raises:
        ClusterError: Ray does not start.
        ClusterLostError: Ray does not start in time; another start may do.
    """
    if connected():
        yield
        return
    # If Ray is interrupted while it starts or stops, it crashes or leaves processes behind; and it replaces the handler
    # of SIGTERM.
    with _loopback(), ExitStack() as stack:
        with uninterrupted():
            try:
                ray.init(address="local", num_cpus=math.ceil(cores), include_dashboard=False, **QUIET)
            except Exception as error:  # Ray's message is passed on, whatever the class
                raise _not_started(error) from error
            stack.callback(_shut_down)
        node: Any = ray._private.worker._global_node
        session = Path(node.get_session_dir_path())
        stack.enter_context(claimed(session))
        remove_abandoned(session.parent, SESSIONS)
        yield


@contextmanager
def ray_at(address: str) -> Iterator[None]:
    """Connect to the Ray cluster at `address`, and disconnect at the end; the cluster is left running.

    A Ray that this process is connected to already is used instead.

    Args:
        address: "auto" for the cluster that this machine is part of; HOST:PORT of the head, from one of its nodes; or
            ray://HOST:PORT from outside.

    Raises:
        ClusterError: there is no cluster, or its versions are others.
    """
    if connected():
        yield
        return
    try:
        _check_reachable(_resolved(address))
        # The user may interrupt this, as it may take long; but Ray replaces the handler of SIGTERM.
        with keeping(signal.SIGTERM):
            _connect(address)
    except Exception as error:  # Ray's message is passed on, whatever the class
        raise ClusterError(
            f"--address: must be a Ray cluster with this Python and this Ray ({ray.__version__}), given as auto, "
            f"HOST:PORT or ray://HOST:PORT, but got {address!r}: {last_line(error)}"
        ) from error
    try:
        yield
    finally:
        _shut_down()


def _connect(address: str) -> None:
    """Connect, and try again if the process that is to serve this client crashed as the cluster's proxy forked it.

    Such a crash happens now and then, as gRPC's threads are not safe to fork. Ray itself does not try again.
    """
    for left in reversed(range(CLIENT_STARTS)):
        try:
            ray.init(address=address, **QUIET)
        except ConnectionError as error:
            if not left or not any(crash in str(error) for crash in FORK_CRASHES):
                raise
        else:
            return


def connected() -> bool:
    """Return True if this process is connected to a Ray."""
    return bool(ray.is_initialized())


def last_line(error: BaseException) -> str:
    """Return the last line of an error's message, in which Ray says what matters, or the error's class."""
    return next(iter(str(error).strip().splitlines()[::-1]), type(error).__name__)


def _not_started(error: Exception) -> ClusterError:
    if "timed out" in str(error).lower():
        return ClusterLostError(f"it did not start: {last_line(error)}")
    told = f"Ray must start on this machine, but does not: {last_line(error)}"
    if isinstance(error, OSError):
        told += "; it writes to the directory RAY_TMPDIR, /tmp by default, which must have room"
    return ClusterError(told)


def _shut_down() -> None:
    with uninterrupted():
        ray.shutdown()


@contextmanager
def _loopback() -> Iterator[None]:
    """Have a Ray that is started in this block talk over 127.0.0.1 alone, as is the default on Windows and macOS."""
    before = ray_constants.ENABLE_RAY_CLUSTER, os.environ.get(ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR)
    # This process has read the variable already; the processes that Ray starts will read it.
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
    """Raise an OSError if nothing listens at `address`, and a ValueError if it has no port."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdecimal():
        raise ValueError("it has no port")
    socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_SECONDS).close()


def _resolved(address: str) -> str:
    """Return the host and port of the head that "auto" stands for, or any other address unchanged."""
    return str(canonicalize_bootstrap_address_or_die(address)) if address == "auto" else address
