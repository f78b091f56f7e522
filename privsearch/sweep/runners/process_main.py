"""A process that runs trials for its supervisor, one at a time, and that may die of one.

    python -m privsearch.sweep.runners.process_main CHANNEL LIFELINE

Both are file descriptors: of the connection on which the job and the trials come and the results go, and of a pipe that
closes when the supervisor is gone.
"""

import faulthandler
import os
import pickle
import signal
import sys
import threading
from multiprocessing.connection import Connection


def main(channel: int, lifeline: int) -> None:
    """Do the job that comes first with every trial that comes after it, until the supervisor hangs up."""
    # Ctrl-C on a terminal reaches all its processes; this one ends when its supervisor does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A crash, and a supervisor that has waited too long, leave the stack in the log.
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()
    connection = Connection(channel)
    job, device = pickle.loads(connection.recv_bytes())  # noqa: S301  # from the process that started this one
    connection.send_bytes(b"ready")
    while True:
        try:
            trial = connection.recv()
        except EOFError:
            return
        connection.send_bytes(job(trial, device).model_dump_json().encode())


def _end_with(lifeline: int) -> None:
    """End this process, whatever it is doing, when the one that started it is gone."""
    os.read(lifeline, 1)
    os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
