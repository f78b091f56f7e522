import gzip
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from growing_study import GrowingStudy, asked

from privsearch.errors import PortError
from privsearch.report.page.background import served_beside
from privsearch.report.page.following import StudyFollower
from privsearch.report.page.server import PageServer, address, listening


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the page of a study that has begun."""
    growing = GrowingStudy(tmp_path_factory.mktemp("studies") / "study")
    growing.begin()
    listener = listening(0)
    with PageServer(listener, StudyFollower(growing.study.path, whole=False)) as server:
        thread = threading.Thread(target=server.serve)
        thread.start()
        yield address(listener)
        server.shutdown()
        thread.join()


def _drawn(url: str) -> str:
    """Wait for the document; its tag."""
    deadline = time.monotonic() + 60
    while not (tag := asked(f"{url}status.json").json["document"]):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return str(tag)


def test_what_has_not_changed_is_not_sent_again(url: str) -> None:
    """The page and the document have tags; with them, the answer is that nothing is new, and empty."""
    tag = _drawn(url)
    for path, own in (("", asked(url).headers["ETag"]), ("document.json", f'W/"{tag}"')):
        first = asked(url + path, Accept_Encoding="gzip")
        assert (first.status, first.headers["ETag"]) == (200, own)
        assert len(gzip.decompress(first.body)) > len(first.body)
        again = asked(url + path, If_None_Match=own)
        assert (again.status, again.body) == (304, b"")
        assert asked(url + path, If_None_Match='"other"').status == 200
    assert json.loads(asked(f"{url}document.json").body)["name"] == "tiny"
    head = asked(f"{url}document.json", "HEAD")
    assert (head.status, head.body) == (200, b"")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "127.0.0.1:1", "", "127.0.0.1"])
def test_no_other_name_leads_here(url: str, host: str) -> None:
    """A page of a stranger, whose name was made to lead to this machine, gets nothing."""
    for path in ("", "status.json", "document.json"):
        refused = asked(url + path, Host=host)
        assert refused.status == 403
        assert b"tiny" not in refused.body


def test_names_of_this_machine_lead_here(url: str) -> None:
    """With the port, in small letters and capitals."""
    port = url.rsplit(":", 1)[1].strip("/")
    for name in ("127.0.0.1", "localhost", "LOCALHOST", "[::1]"):
        assert asked(url, "HEAD", Host=f"{name}:{port}").status == 200


@pytest.mark.parametrize(
    "path", ["sweep.yaml", "../study/sweep.yaml", "%2e%2e/sweep.yaml", "/etc/passwd", "status.json/"]
)
def test_there_are_no_files(url: str, path: str) -> None:
    """Three addresses are known, and no path leads into the file system."""
    assert asked(url + path).status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_it_can_only_be_read(url: str, method: str) -> None:
    """Whatever would change something is refused, and other sites are not told that they may ask."""
    refused = asked(url, method)
    assert refused.status == 501
    assert not [name for name in refused.headers if name.lower().startswith("access-control")]


def test_every_answer_says_what_it_is_not(url: str) -> None:
    """No type is to be guessed, no other site may frame it or read it; the page may ask nobody but this server."""
    for answer in (asked(url), asked(f"{url}status.json"), asked(f"{url}x"), asked(url, Host="evil")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    policy = asked(url).body.decode().partition('Content-Security-Policy" content="')[2].partition('"')[0]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert policy.endswith("connect-src 'self'; base-uri 'none'; form-action 'none'")


def test_nobody_else_can_connect(url: str) -> None:
    """It listens on the loopback interface alone."""
    port = url.rsplit(":", 1)[1].strip("/")
    listening_on = {
        line.split()[1]
        for line in Path("/proc/net/tcp").read_text().splitlines()
        if line.split()[1].endswith(f":{int(port):04X}") and line.split()[3] == "0A"
    }
    assert listening_on == {f"0100007F:{int(port):04X}"}


def test_a_port_that_is_taken_is_told() -> None:
    """With what to do."""
    with listening(0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(PortError, match=rf"--port: .* but {port} is not to be had: .*; choose another"):
            listening(port)


def _refuses(url: str) -> bool:
    """Whether nobody listens there any more, which may take a moment."""
    port = int(url.rsplit(":", 1)[1].strip("/"))
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("how", ["returns", "raises"])
def test_a_page_beside_ends_with_its_block(tmp_path: Path, how: str) -> None:
    """It answers from a process of its own, which is gone when the block is, however it ends."""
    where = ""
    try:
        with served_beside(tmp_path / "study", 0) as where:
            assert asked(f"{where}").status == 200
            if how == "raises":
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        assert how == "raises"
    assert _refuses(where)


def test_a_page_beside_ends_with_a_killed_process(tmp_path: Path) -> None:
    """One that could do nothing about it, too."""
    code = """
import sys
from pathlib import Path
from privsearch.report.page.background import served_beside
with served_beside(Path(sys.argv[1]), 0) as where:
    print(where, flush=True)
    input()
"""
    driver = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "study")], stdin=-1, stdout=-1, text=True)
    assert driver.stdout is not None
    where = driver.stdout.readline().strip()
    assert asked(f"{where}status.json").json["state"] == "waiting"
    driver.kill()
    driver.communicate()
    assert _refuses(where)
