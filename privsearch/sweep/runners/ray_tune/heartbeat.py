"""A heartbeat that notices if a Ray is gone, in which case Ray itself would let its callers wait."""

import logging
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self

import ray

from privsearch.errors import ClusterLostError

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
        self._noted = False
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

    def note_waiting(self, needed: Mapping[str, float]) -> None:
        """Warn the user once if no worker has started for long; an autoscaler may still add the `needed` resources."""
        if not self._noted and time.monotonic() - self._began_at > START_SECONDS:
            self._noted = True
            free = ray.available_resources()  # type: ignore[no-untyped-call]
            _LOG.warning(
                "no worker has started for %.0f s: each needs %s, and there is free %s",
                START_SECONDS,
                dict(needed),
                {name: free.get(name, 0) for name in needed},
            )

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
            self._head_is_there = any(node["Alive"] and HEAD in node["Resources"] for node in nodes)
            self._asked_at = None
