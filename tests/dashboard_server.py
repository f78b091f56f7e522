"""The real optuna-dashboard on this machine, and what its pages are made from."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Dashboard:
    """A running dashboard."""

    address: str

    def get(self, path: str) -> Any:
        """What its HTTP API answers."""
        with urllib.request.urlopen(f"{self.address}{path}", timeout=30) as answer:  # noqa: S310
            return json.loads(answer.read(), parse_constant=_refuse)

    def study(self, name: str) -> Any:
        """All that its page shows of a study."""
        (found,) = (study for study in self.get("/api/studies")["study_summaries"] if study["study_name"] == name)
        return self.get(f"/api/studies/{found['study_id']}")


@contextmanager
def dashboard_of(journal: Path) -> Iterator[Dashboard]:
    """Start `optuna-dashboard JOURNAL` on a free port of the loopback interface, and kill it at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("optuna-dashboard")
    command = [str(program), str(journal), "--host", "127.0.0.1", "--port", str(port), "--server", "wsgiref"]
    log = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | {"PYTHONWARNINGS": "ignore"}) as process:
        try:
            dashboard = Dashboard(f"http://127.0.0.1:{port}")
            _wait(dashboard, process)
            yield dashboard
        finally:
            process.kill()


def _wait(dashboard: Dashboard, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while True:
        assert process.poll() is None, "optuna-dashboard has ended"
        try:
            dashboard.get("/api/studies")
        except (urllib.error.URLError, ConnectionError):
            assert time.monotonic() < deadline, "optuna-dashboard does not answer"
            time.sleep(0.1)
        else:
            return


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON, and no browser reads it")
