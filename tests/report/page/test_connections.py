import re
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from growing_study import GrowingStudy, asked

from privsearch.report.page import connections
from privsearch.report.page.following import StudyFollower
from privsearch.report.page.server import PageServer, address, listening

HALF = b"GET /status.json HTTP/1.0\r\nHost: 127"
"""A request that is not finished."""


@pytest.fixture
def growing(tmp_path: Path) -> GrowingStudy:
    """A study that has begun."""
    study = GrowingStudy(tmp_path / "study")
    study.begin()
    return study


@pytest.fixture
def url(growing: GrowingStudy, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of its page, whose server has less patience than others."""
    monkeypatch.setattr(connections, "SECONDS", 1.0)
    listener = listening(0)
    with PageServer(listener, StudyFollower(growing.study.path, whole=False)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield address(listener)
        server.shutdown()
        thread.join()


def _connected(url: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1].strip("/"))), timeout=20)


def test_a_request_that_comes_letter_by_letter_is_dropped(url: str) -> None:
    """It does not keep its place by saying something now and then."""
    with _connected(url) as slow:
        began = time.monotonic()
        slow.settimeout(0.1)
        answer: bytes | None = None
        for letter in HALF * 10:
            try:
                slow.sendall(bytes([letter]))
                answer = slow.recv(1)
                break
            except TimeoutError:
                continue
            except OSError:
                answer = b""
                break
        assert answer == b""
        assert time.monotonic() - began < 10


def test_the_oldest_makes_room(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes last is answered, however many are there that say nothing."""
    monkeypatch.setattr(connections, "SECONDS", 60.0)
    silent = [_connected(url) for _ in range(connections.MOST + 8)]
    assert asked(f"{url}status.json").status == 200
    assert [one.recv(1) for one in silent[:8]] == [b""] * 8
    for one in silent:
        one.close()


@pytest.mark.parametrize(("files", "most"), [(1024, connections.MOST), (64, 16), (3, 1), (-1, connections.MOST)])
def test_few_files_mean_few_connections(files: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The study itself must still be read."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))
    assert connections.Connections().most == most


def test_a_page_under_a_low_limit_answers_and_rests(growing: GrowingStudy) -> None:
    """Hundreds of half requests: the next whole one is answered, the processor rests, and a sentence says why."""
    page = subprocess.Popen(
        [sys.executable, "-m", "privsearch", "watch", str(growing.study.path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (48, 48)),  # noqa: PLW1509  # its own limit
    )
    assert page.stdout is not None
    found = re.search(r"http\S+", page.stdout.readline())
    assert found
    halves = []
    for _ in range(200):
        half = _connected(found[0])
        half.sendall(HALF)
        halves.append(half)
    assert asked(f"{found[0]}status.json").json["study"] == str(growing.study.path)
    while not asked(f"{found[0]}status.json").json["document"]:
        time.sleep(0.1)
    process = psutil.Process(page.pid)
    before = process.cpu_times()
    time.sleep(3)
    after = process.cpu_times()
    assert after.user + after.system - before.user - before.system < 1.5
    page.terminate()
    _, errors = page.communicate(timeout=30)
    for half in halves:
        half.close()
    assert errors.count("drops requests that take more than 20 s, and the oldest of more than 12 at once") == 1
    assert "Traceback" not in errors
