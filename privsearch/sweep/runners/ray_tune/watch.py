"""A watch on the processes of a Ray of our own, for which Ray itself would wait half a minute, or for ever."""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from privsearch.sweep.runners.failures import ended_by

NAMES: Final = ("raylet", "gcs_server")
"""The processes without which there is no Ray, as the system shows their names."""
WATCH_SECONDS: Final = 0.1
"""The time between two looks at them."""


def watch(on_end: Callable[[str], None]) -> None:
    """Call `on_end` once with a clause that says which of Ray's processes has ended and how, from another thread.

    The processes are those that this process's main thread starts. Only Linux shows them; elsewhere nothing is called.
    """
    threading.Thread(target=_watch, args=(on_end,), daemon=True).start()


def _watch(on_end: Callable[[str], None]) -> None:
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    while children.exists():
        for pid in children.read_text().split():
            if how := _end_of(int(pid)):
                on_end(how)
                return
        time.sleep(WATCH_SECONDS)


def _end_of(pid: int) -> str | None:
    """Say how a process ended, if it is one of Ray's and waits to be reaped."""
    try:
        name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
        if name not in NAMES or not rest.startswith(" Z"):
            return None
        # Ray reaps it.
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
    except OSError:
        return None
    if ended is None:
        return None
    if ended.si_code == os.CLD_EXITED:
        return f"its {name} ended with exit code {ended.si_status}"
    return f"its {name} {ended_by(signal.Signals(ended.si_status).name)}"
