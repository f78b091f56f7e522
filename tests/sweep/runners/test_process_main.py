import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from socket import socketpair

import numpy as np
import pytest
from builders import make_completed
from doomed_trials import asleep, with_a_child
from ray import cloudpickle
from training_kinds import NETWORK, Training, same, train

from privsearch.models.checkpoint import unpack
from privsearch.study.result import TrialResult, parse_result
from privsearch.sweep.planned import PlannedTrial
from privsearch.sweep.runners.jobs import Job

pytestmark = pytest.mark.usefixtures("forgetting")
TRIAL = PlannedTrial("a", make_completed().spec, (), (), False, 0.1, 0)
HANGS_UP = "the worker process is gone"


class Running:
    """A training process at work on a trial."""

    def __init__(self, job: Job) -> None:
        ours, theirs = socketpair()
        lifeline, self._lifeline = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "privsearch.sweep.runners.process_main", str(theirs.fileno()), str(lifeline), "600"],
            pass_fds=(theirs.fileno(), lifeline),
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        theirs.close()
        os.close(lifeline)
        self._connection = Connection(ours.detach())
        self._connection.send_bytes(cloudpickle.dumps((job, "cpu")))
        assert self._connection.recv_bytes() == b"ready"
        self._connection.send(TRIAL)

    def end_by(self, how: signal.Signals | str) -> int:
        """End it, and return its exit status once it has ended."""
        if isinstance(how, str):
            os.close(self._lifeline)
        else:
            self._process.send_signal(how)
        status = self._process.wait(60)
        self._connection.close()
        return status

    def result(self) -> TrialResult:
        """Wait for its result, and end it."""
        result = parse_result(self._connection.recv_bytes().decode())
        self.end_by(HANGS_UP)
        return result


def wait_until(condition: Callable[[], object]) -> None:
    give_up = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.01)


@pytest.mark.slow
def test_a_long_training_killed_at_random_moments_ends_bit_equal(tmp_path: Path) -> None:
    """If it is told to end, it loses no step. The checkpoint stays until the caller removes it."""
    job = Training(tmp_path, "registered", 2500, 1.0)
    undisturbed = train(job.spec)
    dice, reached = np.random.default_rng(3), 0
    for how in (signal.SIGTERM, signal.SIGKILL, HANGS_UP, signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
        seen = len(job.epochs_seen())
        running = Running(job)
        wait_until(lambda: len(job.epochs_seen()) > seen + reached)  # noqa: B023  # called at once
        time.sleep(dice.uniform(0.2, 1.2))
        assert running.end_by(how) == {signal.SIGTERM: 143, signal.SIGKILL: -9, HANGS_UP: 1}[how]
        life = job.epochs_seen()[seen:]
        assert life == list(range(len(life))), "earlier epochs are told again, and none is left out"
        assert list(tmp_path.glob("*.pt")) == [tmp_path / f"{NETWORK}.pt"]
        reached = len(unpack((tmp_path / f"{NETWORK}.pt").read_bytes()).history)
        # It goes on for the moment between its checkpoint and its end, and an epoch takes a millisecond or two. Without
        # that checkpoint it would have lost up to a second's.
        assert len(life) - reached <= 100 or how == signal.SIGKILL
    assert Running(job).result().status == "completed"
    outcome = job.outcome()
    assert outcome
    assert same(outcome, undisturbed)
    job.checkpoints.remove([NETWORK])
    assert not list(tmp_path.glob("*.pt"))


@pytest.mark.parametrize(("how", "status"), [(signal.SIGTERM, 143), (HANGS_UP, 1)])
def test_a_process_that_trains_nothing_ends_at_once(how: signal.Signals | str, status: int) -> None:
    """Whatever it does, there is nothing to finish."""
    running = Running(asleep)
    started = time.monotonic()
    assert running.end_by(how) == status
    assert time.monotonic() - started < 10


def test_a_child_of_a_plugin_is_ended_alone() -> None:
    """SIGTERM for a process that a plugin has forked ends that one, as anywhere, and not the training."""
    assert Running(with_a_child).result().status == "completed"
