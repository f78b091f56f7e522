"""The open connections of a server: so many at most, and each for a while only.

A browser has a handful, and each brings one request. A program that opens hundreds and says nothing, or only half of
what it has to say, must not take from others what the system gives a process: files and threads.
"""

import resource
import socket
import threading
import time
from contextlib import suppress
from typing import Final

MOST: Final = 32
"""The number of connections that are open at a time; the oldest is dropped for a new one."""

SHARE_OF_FILES: Final = 4
"""The divisor of the files that this process may open, by which the connections are limited where few are allowed."""

SECONDS: Final = 20.0
"""The time after which a connection is dropped, whatever it is waiting for."""


class Connections:
    """The open connections of a server, the oldest first; threads may share them."""

    def __init__(self) -> None:
        """Begin without any."""
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.most = MOST if files == resource.RLIM_INFINITY else max(1, min(MOST, files // SHARE_OF_FILES))
        self._opened_at: dict[socket.socket, float] = {}
        self._lock = threading.Lock()

    def add(self, connection: socket.socket) -> int:
        """Add a connection, drop the oldest ones that are too many then, and return how many were dropped."""
        with self._lock:
            excess = list(self._opened_at)[: max(0, len(self._opened_at) + 1 - self.most)]
            self._opened_at[connection] = time.monotonic()
        return self._drop(excess)

    def remove(self, connection: socket.socket) -> None:
        """Forget a connection, which is about to be closed."""
        with self._lock:
            self._opened_at.pop(connection, None)

    def drop_late(self) -> int:
        """Drop the connections that have been open for too long, and return how many there were."""
        before = time.monotonic() - SECONDS
        with self._lock:
            late = [connection for connection, opened_at in self._opened_at.items() if opened_at < before]
        return self._drop(late)

    def drop_oldest(self) -> int:
        """Drop the oldest connection, and return 1, or 0 if there is none."""
        with self._lock:
            oldest = list(self._opened_at)[:1]
        return self._drop(oldest)

    def _drop(self, connections: list[socket.socket]) -> int:
        for connection in connections:
            self.remove(connection)
            # The thread that waits for it hears of it, and closes it.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        return len(connections)
