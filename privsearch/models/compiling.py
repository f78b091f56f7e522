"""Listeners to the compilation of kernels. numba compiles a kernel at its first call, once a machine, which takes long.

numba itself is loaded with the first spiking network, and so a listener must not need it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

_listeners: list[Callable[[bool], None]] = []


@contextmanager
def heard_compiling(listener: Callable[[bool], None]) -> Iterator[None]:
    """Call `listener` with True when a kernel's compilation begins in this block, and with False when it has ended."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def tell_of_numba() -> None:
    """Have numba tell the listeners, from now on; what it finds compiled on the disk it does not tell of."""
    from numba.core.event import Event, Listener, register  # takes half a second

    class Teller(Listener):
        """A listener of numba's; a kernel that calls another one compiles it on the way."""

        depth = 0

        def on_start(self, event: Event) -> None:  # noqa: ARG002
            self.depth += 1
            self._tell()

        def on_end(self, event: Event) -> None:  # noqa: ARG002
            self.depth -= 1
            self._tell()

        def _tell(self) -> None:
            for listener in _listeners:
                listener(self.depth > 0)

    register("numba:compile", Teller())
