import fcntl
import os
import pty
import shlex
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import session_stand_in
from command_line import INLINE, numbers, record_lines, run

LONGER = ("--set", "protocol.replicates=4", "--set", "recipe.epochs=20")
"""Makes a trial of the tiny sweep take about half a second, so that a signal can find one at work."""

pytestmark = pytest.mark.usefixtures("heeded", "blank_fronts")

MAIN = "from privsearch.cli import main; main()"
COMMAND = (sys.executable, "-c", MAIN, "sweep", "tiny.yaml")
ON_RAY = ("--runner", "tune", "--workers", "1")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, tiny_sweep_file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory that every command is run in; it holds tiny.yaml."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


Starter = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Starter]:
    """Starts a sweep as a process of its own session, as a terminal does, and waits for its n-th recorded trial."""
    started = []

    def start(*words: str, until: int) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        started.append(process)
        while len(record_lines(Path("studies/tiny"))) < until:
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_killed_sweep_goes_on_where_it_was(start: Starter, folder: Path) -> None:
    """However often a sweep is killed, every trial is recorded once, none twice, with the numbers of a quiet run."""
    study = folder / "studies" / "tiny"
    for recorded in (1, 3):
        before = record_lines(study)
        process = start(*INLINE, *LONGER, until=recorded)
        process.kill()
        process.wait()
        assert record_lines(study)[: len(before)] == before
    before = record_lines(study)
    again = run("sweep", "tiny.yaml", *INLINE, *LONGER)
    assert f"trials: {4 - len(before)} finished, {len(before)} recorded already, 0 failed" in again.stdout
    assert record_lines(study)[: len(before)] == before
    assert len(record_lines(study)) == 4
    run("sweep", "tiny.yaml", *INLINE, *LONGER, "--study", "undisturbed")
    assert numbers(study) == numbers(folder / "undisturbed")
    assert len(numbers(study)) == 4


@pytest.mark.parametrize(
    ("runner", "signals", "status", "how"),
    [
        (INLINE, [signal.SIGINT], 130, "interrupted"),
        pytest.param(INLINE, [signal.SIGTERM], 143, "ended by SIGTERM", marks=pytest.mark.slow),
        pytest.param(INLINE, [signal.SIGHUP], 129, "ended by SIGHUP", marks=pytest.mark.slow),
        pytest.param(ON_RAY, [signal.SIGINT] * 3, 130, "interrupted", marks=pytest.mark.slow),
    ],
    ids=["inline, Ctrl-C", "inline, SIGTERM", "inline, SIGHUP", "tune, Ctrl-C thrice"],
)
def test_interrupted_sweep_says_how_to_go_on(
    start: Starter, runner: tuple[str, ...], signals: list[signal.Signals], status: int, how: str, folder: Path
) -> None:
    """A signal stops a sweep and its workers, what is kept is told, and the same command completes it."""
    process = start(*runner, *LONGER, until=1)
    for number in signals:
        os.killpg(process.pid, number)
        time.sleep(0.2)
    _, errors = process.communicate(timeout=60)
    kept = len(record_lines(folder / "studies" / "tiny"))
    assert process.returncode == status
    assert errors.splitlines()[0] == f"{how}; trials kept in studies/tiny: {kept}; run the same command to go on"
    deadline = time.monotonic() + 30
    while members(process.pid):
        assert time.monotonic() < deadline, members(process.pid)
        time.sleep(0.1)
    again = run("sweep", "tiny.yaml", *INLINE, *LONGER)
    assert again.exit_code == 0
    assert f"trials: {4 - kept} finished, {kept} recorded already, 0 failed" in again.stdout


def test_a_terminal_that_is_closed_ends_the_sweep(folder: Path) -> None:
    """Nobody is there to be told any more, but the record is whole, and the status says what it was."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *INLINE, *LONGER],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509  # a terminal of its own
    )
    os.close(theirs)
    while not record_lines(folder / "studies" / "tiny"):
        os.read(ours, 4096)
    os.close(ours)
    assert process.wait(timeout=60) == 129
    assert run("check", "studies/tiny").exit_code == 1, "the tables are not made yet, and nothing else is wrong"
    assert run("sweep", "tiny.yaml", *INLINE, *LONGER).exit_code == 0
    assert run("check", "studies/tiny").exit_code == 0


SAID = {signal.SIGINT: "interrupted", signal.SIGTERM: "ended by SIGTERM", signal.SIGHUP: "ended by SIGHUP"}
"""What a sweep says when the signal ends it."""
PAUSE = """\
import pathlib, time
def pause(*_, **__):
    pathlib.Path("paused").touch()
    time.sleep(600)
"""
IMPORTS = """\
import sys, types
look = lambda name, *_: pause() if name == "privsearch.cli.commands" else None
sys.meta_path.insert(0, types.SimpleNamespace(find_spec=look))
"""
STAND_IN = f"import {session_stand_in.PLACE.rpartition('.')[0]} as s; s.COMMAND = {session_stand_in.COMMAND}"
PHASES = {
    "commands are imported": (IMPORTS, INLINE),
    "Ray starts": (STAND_IN, ON_RAY),
    "results are written": ("import privsearch.api.sweeps as s; s._write_outputs = pause", INLINE),
    "fronts are printed": ("import privsearch.cli.run as r; r._report = pause", INLINE),
    "Python ends": (
        "import atexit, privsearch.cli as cli; before = cli.handling\n"
        "cli.handling = lambda handler: atexit.register(pause) and before(handler)",
        INLINE,
    ),
}
"""For each phase of a sweep: code that stops it there, and its runner."""


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("number", SAID)
def test_a_signal_is_answered_in_every_phase(
    number: signal.Signals, phase: str, start: Starter, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its status, with words, and with what is kept wherever there is a study; nothing is left running."""
    if number != signal.SIGTERM and phase not in ("commands are imported", "Ray starts"):
        pytest.skip("its handler is that of SIGTERM, which is tested")
    code, runner = PHASES[phase]
    (folder / "starts").write_text("hang")
    if phase not in ("commands are imported", "Ray starts"):
        # Here, where torch and matplotlib are loaded: the other process will need neither.
        assert run("sweep", "tiny.yaml", *INLINE).exit_code == 0
    process = begin([sys.executable, "-c", "\n".join([PAUSE, code, MAIN]), "sweep", "tiny.yaml", *runner])
    try:
        await_event(lambda: (folder / "paused").exists() or (folder / "starting").exists(), process)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 128 + number
    kept = len(record_lines(folder / "studies" / "tiny"))
    told = f"{SAID[number]}; trials kept in studies/tiny: {kept}; run the same command to go on"
    assert errors.splitlines() == ["interrupted" if phase in ("commands are imported", "Python ends") else told]
    await_event(lambda: not members(process.pid))


@pytest.mark.slow
@pytest.mark.parametrize("number", SAID)
def test_a_signal_is_answered_at_every_moment(number: signal.Signals, folder: Path) -> None:
    """From the program's first line to the last results, on a real Ray, of which nothing is left."""
    # One handler answers all three, so they share the moments out among them.
    delays = {signal.SIGINT: (0.5, 6), signal.SIGTERM: (2, 4, 9), signal.SIGHUP: (1, 7)}[number]
    for index, delay in enumerate(delays):
        process = begin([*COMMAND, *ON_RAY, *LONGER, "--study", f"s{index}"])
        try:
            time.sleep(delay)
            process.send_signal(number)
            output, errors = process.communicate(timeout=60)
        finally:
            process.kill()
        kept = len(record_lines(folder / f"s{index}"))
        told = f"{SAID[number]}; trials kept in s{index}: {kept}; run the same command to go on"
        ended = (process.returncode, errors.splitlines())
        assert ended in [(128 + number, [told]), (128 + number, ["interrupted"])], (delay, output)
        assert "trials to do" not in output or ended[1] == [told], delay
        await_event(lambda: not members(process.pid))  # noqa: B023  # called before the next one begins


@pytest.mark.slow
def test_a_driver_that_is_killed_leaves_nothing_behind(folder: Path) -> None:
    """Whether Ray starts or runs."""
    for delay in (2, 7):
        process = begin([*COMMAND, *ON_RAY, *LONGER])
        time.sleep(delay)
        process.kill()
        process.communicate()
        await_event(lambda: not members(process.pid))  # noqa: B023  # called before the next one begins


@pytest.mark.slow
@pytest.mark.parametrize(("victim", "delays"), [("raylet", (0.0, 1.5)), ("gcs_server", (0.5, 3.0))])
def test_a_part_of_ray_that_dies_as_ray_starts_costs_a_start(
    victim: str, delays: tuple[float, ...], folder: Path
) -> None:
    """Ray is started again, whenever it was, and every trial is recorded."""
    for delay in delays:
        process = begin([*COMMAND, *ON_RAY, "--study", f"after{delay}"])
        await_event(lambda: f"({victim}" in str(members(process.pid)), process, every=0.005)  # noqa: B023
        time.sleep(delay)
        for found in psutil.process_iter(["name"]):
            if found.info["name"] == victim and os.getsid(found.pid) == process.pid:
                found.kill()
        output, errors = process.communicate(timeout=300)
        assert process.returncode == 0, (delay, output, errors)
        if delay <= 1.0:  # later, a quick machine is done already
            assert "note: Ray ended" in errors, delay
            # Ray's library may notice first that a file is missing which the dead part should have written.
            assert f": its {victim} was ended by SIGKILL, " in errors or f"{victim}_port" in errors, delay
        assert "trials: 4 finished" in output
        await_event(lambda: not members(process.pid))  # noqa: B023  # called before the next one begins


@pytest.mark.slow
def test_a_worker_that_is_stopped_for_a_while_goes_on(start: Starter, folder: Path) -> None:
    """So does the process that trains: nothing is tried again, and nothing fails."""
    process = start(*ON_RAY, *LONGER, until=1)
    below = psutil.Process(process.pid).children(recursive=True)
    (training,) = [found for found in below if "privsearch.sweep.runners.process_main" in found.cmdline()]
    worker = psutil.Process(training.ppid())
    for found in (worker, training):
        found.suspend()
        time.sleep(2)
        found.resume()
    output, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, "")
    assert "trials: 4 finished, 0 recorded already, 0 failed" in output


@pytest.mark.parametrize(
    ("runner", "ends"),
    [
        (INLINE, {signal.SIGHUP: 0, signal.SIGTERM: 143}),
        pytest.param(ON_RAY, {signal.SIGHUP: 0}, marks=pytest.mark.slow),
    ],
    ids=["inline", "tune"],
)
def test_a_sweep_under_nohup_outlives_its_terminal(
    runner: tuple[str, ...], ends: dict[signal.Signals, int], folder: Path
) -> None:
    """Ctrl-C and the end of a terminal do nothing to it; SIGTERM ends it as ever."""
    command = shlex.join([*COMMAND, *runner, *LONGER])
    for number, status in ends.items():
        study = folder / f"by_{number.name}"
        script = f"nohup {command} --study {study.name} > {study.name}.log 2>&1 & echo $!; wait $!; echo $?"
        shell = begin(["sh", "-c", script])
        assert shell.stdout is not None
        driver = int(shell.stdout.readline())
        await_event(lambda: record_lines(study), shell)  # noqa: B023  # called here
        for ignored in (signal.SIGHUP, signal.SIGINT):
            os.kill(driver, ignored)
        if number == signal.SIGTERM:
            os.kill(driver, number)
        rest, _ = shell.communicate(timeout=120)
        assert rest.split() == [str(status)], Path(f"{study.name}.log").read_text()
        assert len(record_lines(study)) == 4 or status == 143


def begin(command: list[str]) -> "subprocess.Popen[str]":
    """Start a program in a session of its own."""
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def await_event(
    happened: Callable[[], object], process: "subprocess.Popen[str] | None" = None, every: float = 0.05
) -> None:
    """Wait until something has happened, as long as `process` runs, and two minutes at most."""
    deadline = time.monotonic() + 120
    while not happened():
        assert time.monotonic() < deadline
        assert process is None or process.poll() is None, process.communicate()
        time.sleep(every)


def members(session: int) -> list[str]:
    """The processes of a session that are still alive."""
    alive = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().rpartition(")")
        except (FileNotFoundError, ProcessLookupError):
            continue
        state, _, _, its_session, *_ = rest.split()
        if int(its_session) == session and state != "Z":
            alive.append(name)
    return alive
