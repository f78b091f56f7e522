"""The training process, which runs trials for a worker process, one at a time, and may die of one.

    python -m privsearch.sweep.runners.process_main CHANNEL LIFELINE SECONDS

CHANNEL and LIFELINE are file descriptors. The first is a connection, on which the job and the trials come and the
results go, and before a result how far its trial is (`ADVANCE`). The second is a pipe that closes when the worker
process is gone. SECONDS is the time between two words of how far a trial is.

It ends when the worker process is gone, or on SIGTERM, which Slurm and Kubernetes send some seconds before SIGKILL. A
training may write a checkpoint first.
"""

import faulthandler
import os
import pickle
import select
import signal
import sys
import threading
from multiprocessing.connection import Connection
from typing import Final

from privsearch._util import ending
from privsearch._util.interrupts import SIGNALLED
from privsearch.sweep.advance import Advance, Teller

GRACE_SECONDS: Final = 20.0
"""The time that a training has for its step and a checkpoint; Slurm and Kubernetes wait for 30 s."""

ADVANCE: Final = b"~"
"""The first byte of a message that says how far a trial is; a result is JSON, and never begins so."""


def main(channel: int, lifeline: int, told_every: float) -> None:
    """Receive a job, and do it with every trial that follows, until the worker process hangs up."""
    # Ctrl-C on a terminal reaches all its processes; this one ends when its worker process does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A crash leaves the stack in the log, and so does the signal of a worker process that has waited too long.
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    threading.Thread(target=_end_with, args=(lifeline, _terminations()), daemon=True).start()
    connection = Connection(channel)
    job, device = pickle.loads(connection.recv_bytes())  # noqa: S301  # from the process that started this one
    connection.send_bytes(b"ready")

    def tell(advance: Advance) -> None:
        connection.send_bytes(ADVANCE + advance.model_dump_json().encode())

    with Teller(told_every) as teller:
        while True:
            try:
                trial = connection.recv()
            except EOFError:
                return
            with teller.work(trial.part, tell):
                result = job(trial, device)
            connection.send_bytes(result.model_dump_json().encode())


def _terminations() -> int:
    """Return a file descriptor that can be read from once the system has asked this process to end."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    # Python itself writes there as the signal comes, also while a library computes and lets no handler run.
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGTERM, lambda number, _: os.write(writer, bytes([number])))
    # A child that a plugin forks must not end its parent with itself.
    os.register_at_fork(after_in_child=_end_at_once_on_sigterm)
    return reader


def _end_at_once_on_sigterm() -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _end_with(lifeline: int, terminations: int) -> None:
    """Wait for one of two reasons to end, and end this process then, when a training has got its checkpoint."""
    readable, _, _ = select.select([lifeline, terminations], [], [])
    # Nothing is read where a trial has closed what is not its own; then the worker process alone decides.
    is_terminated = terminations in readable and os.read(terminations, 1)
    if not is_terminated:
        os.read(lifeline, 1)
    ending.tell(GRACE_SECONDS)
    os._exit(SIGNALLED + signal.SIGTERM if is_terminated else 1)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
