"""A heartbeat that notices if a Ray is gone, in which case Ray itself would let its callers wait."""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

import ray

from privsearch.errors import ClusterLostError
from privsearch.sweep.runners.ray_tune.capacity import amounts, in_all, lacking

ASK_SECONDS: Final = 5.0
"""The time between two questions to Ray."""
SILENCE_SECONDS: Final = 30.0
"""The time without an answer after which a Ray counts as gone."""
START_SECONDS: Final = 60.0
"""The time without any worker after which the user is warned."""
HEAD: Final = "node:__internal_head__"
"""The resource that the head of every cluster has, and no other node."""

_LOG: Final = logging.getLogger(__name__)


class Heartbeat:
    """A check on Ray every few seconds, in a thread of its own because an answer may never come."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._began_at = time.monotonic()
        self._noted = self._said_what_lacks = False
        self._machines: Sequence[Mapping[str, float]] = ()
        self._asked_at: float | None = None
        self._head_is_there = True
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._over.set()

    def result(self, reference: Any) -> Any:
        """Wait for the result of a call to an actor, and return it.

        Raises:
            ClusterLostError: Ray is gone.
            ray.exceptions.RayError: the actor is gone, or the call failed.
        """
        while not ray.wait([reference], timeout=1.0)[0]:
            self.check()
        return ray.get(reference)

    def note_waiting(self, needed: Mapping[str, float]) -> str | None:
        """Warn the user once if no worker can start, or has started for long: an autoscaler may still bring a machine.

        Args:
            needed: what a worker needs, by Ray's names for it.

        Returns:
            What no machine has, in words; None if one has all of it, or if Ray has not been asked yet.
        """
        if self._machines and (lacks := lacking(needed, self._machines)):
            if not self._said_what_lacks:
                self._said_what_lacks = True
                _LOG.warning(
                    "no machine of the cluster has what a worker needs: %s; together they have %s; waiting for one "
                    "that an autoscaler may start; if none will come, interrupt this, and change `resources`",
                    amounts(lacks),
                    amounts(in_all(self._machines)),
                )
            return amounts(lacks)
        if not self._noted and time.monotonic() - self._began_at > START_SECONDS:
            self._noted = True
            free = ray.available_resources()  # type: ignore[no-untyped-call]
            _LOG.warning(
                "no worker has started for %.0f s: each needs %s, and there is free %s",
                START_SECONDS,
                dict(needed),
                {name: free.get(name, 0) for name in needed},
            )
        return None

    def check(self) -> None:
        """Check the last answer, and how long ago it was.

        Raises:
            ClusterLostError: Ray is gone.
        """
        asked_at = self._asked_at
        if not self._head_is_there:
            raise ClusterLostError("its head is gone")
        if asked_at is not None and time.monotonic() - asked_at > SILENCE_SECONDS:
            raise ClusterLostError(f"it has given no answer for {SILENCE_SECONDS:.0f} s")

    def _ask(self) -> None:
        while not self._over.wait(ASK_SECONDS):
            self._asked_at = self._asked_at or time.monotonic()
            try:
                nodes = ray.nodes()  # type: ignore[no-untyped-call]
            except Exception:  # noqa: S112  # whatever Ray raises: it is asked again until the silence is too long
                continue
            self._hear([node["Resources"] for node in nodes if node["Alive"]])

    def _hear(self, machines: Sequence[Mapping[str, float]]) -> None:
        """Note what the machines that are alive have."""
        self._machines = machines
        self._head_is_there = any(HEAD in has for has in machines)
        self._asked_at = None
