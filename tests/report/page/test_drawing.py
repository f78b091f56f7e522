import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from growing_study import GrowingStudy, asked

from privsearch.errors import StudyError
from privsearch.report.page import drawing
from privsearch.report.page.drawing import Drawer

MOST_MEGABYTES = 150
"""The resident memory of a server that has drawn everything; the libraries that draw take twice as much."""


@pytest.fixture
def growing(tmp_path: Path) -> GrowingStudy:
    """A study with two results."""
    study = GrowingStudy(tmp_path / "study")
    study.begin()
    study.finish(2)
    return study


def _drawers() -> list[psutil.Process]:
    """The processes that draw for this one."""
    return [child for child in psutil.Process().children() if "drawing_main" in " ".join(child.cmdline())]


def test_a_process_draws_until_it_is_ended(growing: GrowingStudy) -> None:
    """One for all documents, which is replaced if it dies, and ended when there is nothing to draw."""
    drawer = Drawer()
    assert not _drawers()
    first = drawer.draw(growing.study.path, growing=True, whole=False)
    assert (first.done, first.asked, json.loads(first.document)["name"]) == (2, 6, "tiny")
    (process,) = _drawers()
    growing.finish(1)
    assert drawer.draw(growing.study.path, growing=True, whole=False).done == 3
    assert _drawers() == [process]
    process.kill()
    with pytest.raises(StudyError, match="study: the process that draws its page must run until it is drawn"):
        drawer.draw(growing.study.path, growing=True, whole=False)
    assert drawer.draw(growing.study.path, growing=True, whole=False).done == 3
    drawer.rest()
    assert len(_drawers()) == 1, "it has drawn a moment ago"
    drawer.end()
    assert not _drawers()


def test_an_idle_process_is_ended(growing: GrowingStudy, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while; the next document has another."""
    monkeypatch.setattr(drawing, "IDLE_SECONDS", 0.0)
    drawer = Drawer()
    drawer.draw(growing.study.path, growing=True, whole=False)
    time.sleep(0.01)
    drawer.rest()
    assert not _drawers()


def test_what_it_says_is_said_once(growing: GrowingStudy, caplog: pytest.LogCaptureFixture) -> None:
    """Its warnings are those of the server, and its refusals are raised."""
    with growing.study.record_path.open("a") as record:
        record.write("torn\n")
    drawer = Drawer()
    for _ in range(2):
        drawer.draw(growing.study.path, growing=False, whole=False)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "cannot read, and leave out, line 3" in caplog.text
    (growing.study.path / "plan.json").write_text("[]")
    with pytest.raises(StudyError, match=r"plan\.json: must be readable"):
        drawer.draw(growing.study.path, growing=False, whole=False)
    drawer.end()


def test_a_server_holds_little_and_takes_its_process_along(growing: GrowingStudy) -> None:
    """Once everything is drawn the memory that it took is the system's again; a killed server leaves no process."""
    command = [sys.executable, "-m", "privsearch", "watch", str(growing.study.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as page:
        try:
            assert page.stdout is not None
            found = re.search(r"http\S+", page.stdout.readline())
            assert found
            process, seen = psutil.Process(page.pid), set[psutil.Process]()
            deadline = time.monotonic() + 120
            while not asked(f"{found[0]}status.json").json["whole"]:
                seen |= set(process.children())
                assert time.monotonic() < deadline
                time.sleep(0.1)
            assert seen
            assert not process.children()
            assert process.memory_info().rss < MOST_MEGABYTES * 2**20
            growing.finish(1)
            while not process.children():
                asked(f"{found[0]}status.json")
                assert time.monotonic() < deadline
                time.sleep(0.02)
            (child,) = process.children()
        finally:
            os.kill(page.pid, signal.SIGKILL)
    assert not psutil.wait_procs([child], timeout=10)[1]
