"""Jobs that end in ways of their own. A training process imports this file as it starts, so it is a light one."""

import ctypes
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from builders import make_completed

from privsearch.spec import Device
from privsearch.study.result import TrialResult
from privsearch.sweep.advance import current_activity
from privsearch.sweep.planned import PlannedTrial

MEMORY: Final = 400 * 2**20
"""What a trial that swells holds, in bytes."""


def doomed(trial: PlannedTrial, device: Device) -> TrialResult:
    """End as the trial's id says, or give a result."""
    # The log is what is tested.
    print("about to", trial.trial_id, os.environ.get("WEATHER", ""), flush=True)  # noqa: T201
    ENDS.get(trial.trial_id, lambda: None)()
    return make_completed(trial.trial_id)


def swell() -> None:
    held = bytearray(MEMORY)
    held[::4096] = b"x" * len(held[::4096])
    os._exit(1)


def hang_up() -> None:
    for number in range(3, 64):
        with suppress(OSError):
            os.close(number)
    time.sleep(600)


def dawdle() -> None:
    """Train a network for long enough to be heard of."""
    activity = current_activity()
    activity.train(epochs=4)
    for step in range(4):
        activity.on_step(2, 1, step, 8)
        time.sleep(0.1)


ENDS: Final[dict[str, Callable[[], object]]] = {
    "exit": lambda: os._exit(7),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "crash": lambda: ctypes.string_at(0),
    "swell": swell,
    "hang": lambda: time.sleep(600),
    "stop": lambda: os.kill(os.getpid(), signal.SIGSTOP),
    "hang up": hang_up,
    "dawdle": dawdle,
}


def asleep(trial: PlannedTrial, device: Device) -> TrialResult:
    time.sleep(600)
    raise AssertionError


def with_a_child(trial: PlannedTrial, device: Device) -> TrialResult:
    child = os.fork()
    if child == 0:
        time.sleep(600)
    time.sleep(0.2)
    os.kill(child, signal.SIGTERM)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGTERM
    time.sleep(0.5)
    return make_completed(trial.trial_id)
