"""The training process, which runs trials for a worker process, one at a time, and may die of one.

    python -m privsearch.sweep.runners.process_main CHANNEL LIFELINE SECONDS

CHANNEL and LIFELINE are file descriptors. The first is a connection, on which the job and the trials come and the
results go, and before a result how far its trial is (`ADVANCE`). The second is a pipe that closes when the worker
process is gone. SECONDS is the time between two words of how far a trial is.
"""

import faulthandler
import os
import pickle
import signal
import sys
import threading
from multiprocessing.connection import Connection
from typing import Final

from privsearch.sweep.advance import Advance, Teller

ADVANCE: Final = b"~"
"""The first byte of a message that says how far a trial is; a result is JSON, and never begins so."""


def main(channel: int, lifeline: int, told_every: float) -> None:
    """Receive a job, and do it with every trial that follows, until the worker process hangs up."""
    # Ctrl-C on a terminal reaches all its processes; this one ends when its worker process does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A crash leaves the stack in the log, and so does the signal of a worker process that has waited too long.
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()
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


def _end_with(lifeline: int) -> None:
    """Wait until the worker process is gone, and end this process then, in whatever state it is."""
    os.read(lifeline, 1)
    os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
