import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import INLINE, record_lines, run
from growing_study import asked

from privsearch.report.page.server import listening

pytestmark = pytest.mark.usefixtures("heeded")

COMMAND = (sys.executable, "-c", "from privsearch.cli import main; main()")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, tiny_sweep_file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory that every command is run in; it holds tiny.yaml."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Started:
    """A command that serves a page, as a process of its own session."""

    def __init__(self, *words: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("page: http"):
                self.url = line.split()[1]
                return
        raise AssertionError(self.process.communicate())

    def members(self) -> list[str]:
        """The processes of its session that are still alive after a moment."""
        deadline = time.monotonic() + 15
        while (alive := list(self._alive())) and time.monotonic() < deadline:
            time.sleep(0.05)
        return alive

    def _alive(self) -> Iterator[str]:
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                name, _, rest = stat.read_text().rpartition(")")
            except (FileNotFoundError, ProcessLookupError):
                continue
            state, _, _, session, *_ = rest.split()
            if int(session) == self.process.pid and state != "Z":
                yield name


@pytest.fixture
def started() -> Iterator[list[Started]]:
    """What a test starts; it is gone at the end."""
    commands: list[Started] = []
    yield commands
    for command in commands:
        command.process.kill()
        command.process.communicate()


def test_ctrl_c_ends_a_watch(started: list[Started]) -> None:
    """With its status and one word; until then, the page waits for the study that is to come, and writes nothing."""
    started.append(watch := Started("watch", "studies/none"))
    assert asked(f"{watch.url}status.json").json["study"] == "studies/none"
    watch.process.send_signal(signal.SIGINT)
    _, errors = watch.process.communicate(timeout=30)
    assert watch.process.returncode == 130
    assert errors.splitlines() == [
        "note: no sweep has begun in studies/none yet; the page waits for it",
        "interrupted",
    ]
    assert watch.members() == []
    assert not Path("studies").exists()


def test_a_port_that_cannot_be_had_ends_the_command() -> None:
    """Before anything is written, in both commands; so does a port where nothing is to be served."""
    with listening(0) as listener:
        port = listener.getsockname()[1]
        for words in (("watch", "studies/none"), ("sweep", "tiny.yaml", *INLINE, "--serve")):
            result = run(*words, "--port", port)
            assert result.exit_code == 2
            assert "choose another, or leave it out, which finds a free one" in result.stderr
    result = run("sweep", "tiny.yaml", *INLINE, "--port", 8000)
    assert (result.exit_code, "--port: must come with --serve" in result.stderr) == (2, True)
    assert not Path("studies").exists()


@pytest.mark.slow
def test_a_sweep_serves_its_page_and_leaves_nothing_behind(started: list[Started]) -> None:
    """The address is printed before the sweep runs, the page answers, and its process ends with the sweep."""
    started.append(sweep := Started("sweep", "tiny.yaml", *INLINE, "--serve"))
    assert asked(sweep.url).status == 200
    output, errors = sweep.process.communicate(timeout=120)
    assert (sweep.process.returncode, errors) == (0, "")
    assert "trials: 4 finished" in output
    assert output.splitlines()[-1] == "page: ends now; `privsearch report studies/tiny` writes it as a file"
    assert sweep.members() == []


@pytest.mark.slow
def test_an_open_page_has_the_last_results_before_its_process_ends(started: list[Started]) -> None:
    """Whoever looks when the sweep ends is told of all its trials, and that it is over."""
    started.append(sweep := Started("sweep", "tiny.yaml", *INLINE, "--serve"))
    last = {}
    while sweep.process.poll() is None:
        try:
            last = asked(f"{sweep.url}status.json").json
        except OSError:
            break
        time.sleep(0.2)
    assert (last["state"], last["done"], last["asked"]) == ("over", 4, 4)
    sweep.process.communicate(timeout=60)
    assert (sweep.process.returncode, sweep.members()) == (0, [])


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_sweep_that_is_ended_takes_its_page_along(started: list[Started], number: signal.Signals) -> None:
    """However it ends, and though somebody looks."""
    longer = ("--set", "protocol.replicates=4", "--set", "recipe.epochs=40")
    started.append(sweep := Started("sweep", "tiny.yaml", *INLINE, *longer, "--serve"))
    while not record_lines(Path("studies/tiny")):
        assert asked(f"{sweep.url}status.json").status == 200
        time.sleep(0.05)
    sweep.process.send_signal(number)
    _, errors = sweep.process.communicate(timeout=30)
    assert sweep.members() == []
    assert "Traceback" not in errors
