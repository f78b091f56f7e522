import subprocess
import sys

import pytest

from privsearch._util.system import refuse_windows


def test_windows_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """With the exit status of bad input and the way out; no other system is."""
    for system in ("linux", "darwin", "freebsd14"):
        monkeypatch.setattr(sys, "platform", system)
        refuse_windows()
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(SystemExit) as caught:
        refuse_windows()
    told = capsys.readouterr().err
    assert (caught.value.code, told.count("\n")) == (2, 1)
    assert told.startswith("error: ")
    assert "wsl" in told


def test_windows_is_refused_before_anything_that_it_lacks() -> None:
    """The command line refuses as it is imported: it needs signals that Windows has not got."""
    code = """
import signal, sys
sys.platform = "win32"
for name in ("SIGHUP", "SIGPIPE"):
    delattr(signal, name)
from privsearch.cli import main
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
