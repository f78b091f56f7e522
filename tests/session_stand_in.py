"""A stand-in for the session process, without a Ray, that ends as a test asks: `python session_stand_in.py CHANNEL`.

The file `starts` in the current directory has a line for each start to come, of which the first is taken. It says what
becomes of that start; if there is none, it finishes all trials.
"""

import os
import signal
import subprocess
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from privsearch.errors import ClusterLostError, SpecError

COMMAND: Final = (__file__,)
"""What Python is to run in the place of the session process."""
PLACE: Final = "privsearch.sweep.runners.ray_tune.session_process.COMMAND"
"""Where the command of the session process stands."""


def main(channel: int) -> None:
    connection = Connection(channel)
    begin(next_start(), connection)
    from builders import make_failed  # no sooner: most starts end before, and it takes a second

    connection.send(("connected",))
    connection.recv()
    connection.recv()
    connection.send(("take",))
    for trial in connection.recv():
        connection.send(("started", trial.trial_id))
        connection.send(("finished", make_failed(trial.trial_id)))
    connection.send(("warned", "privsearch.test", "all done"))
    connection.send(("ended", None))


def next_start() -> str:
    starts = Path("starts")
    first, *others = starts.read_text().split() if starts.exists() and starts.read_text() else ["finish"]
    starts.write_text("\n".join(others))
    return first


def begin(how: str, connection: Connection) -> None:
    match how:
        case "exit":
            print("the last that was said", flush=True)  # noqa: T201  # it is to be told
            os._exit(1)
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "lose":
            connection.send(("ended", ClusterLostError("its raylet was ended by SIGKILL")))
            os._exit(0)
        case "refuse":
            connection.send(("ended", SpecError("must be less", where=("resources", "cpu"))))
            os._exit(0)
        case "leave":
            Path("left").write_text(str(subprocess.Popen(["sleep", "600"]).pid))
            os._exit(0)
        case "hang":
            Path("starting").touch()
            time.sleep(600)


if __name__ == "__main__":
    main(int(sys.argv[1]))
