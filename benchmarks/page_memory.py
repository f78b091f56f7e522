"""The memory of the live page of a study: of the process that serves it, and of one that would draw it by itself.

    python -m benchmarks.page_memory STUDY

The server (`privsearch watch`) has a process draw the page, which ends when there is nothing left to draw. The other
process draws the same document itself, as the server did before. Both are read from /proc/PID/smaps_rollup, which Linux
alone has, when the page is complete; the peak is the largest sum over the server and its process, looked at four times
a second. Measured with the quickstart's study of 72 trials, in MB of resident memory:

    served: 67 before the page is drawn, 424 at the peak, 71 from then on
    drawn by itself: 322
"""

import argparse
import json
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any, Final

import psutil

LOOK_SECONDS: Final = 0.25

DRAWS_ITSELF: Final = """
import sys
from pathlib import Path
from privsearch.report.page.document import build_document
from privsearch.report.page.html import document_room
from privsearch.report.page.server import PageServer
from privsearch.study.folder import StudyFolder
document = build_document(StudyFolder(Path(sys.argv[1])), document_room())
print("drawn", flush=True)
input()
"""


def resident(process: psutil.Process) -> float:
    """Return the resident memory of a process in MB; 0 if it has ended."""
    try:
        rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    found = re.search(r"^Rss:\s+(\d+) kB", rollup, re.MULTILINE)
    return int(found[1]) * 1024 / 1e6 if found else 0.0


def served(study: str) -> str:
    """Measure the server from its start until its page is complete."""
    command = [sys.executable, "-m", "privsearch", "watch", study]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as page:  # noqa: S603  # our own command line
        assert page.stdout is not None
        address = page.stdout.readline().split()[1]
        process = psutil.Process(page.pid)
        first, peak = resident(process), 0.0
        while not _status(address)["whole"]:
            peak = max(peak, sum(map(resident, [process, *process.children()])))
            time.sleep(LOOK_SECONDS)
        time.sleep(1.0)
        last = sum(map(resident, [process, *process.children()]))
        page.terminate()
    return f"served: {first:.0f} before the page is drawn, {peak:.0f} at the peak, {last:.0f} from then on"


def drawn(study: str) -> str:
    """Measure a process that draws the page and keeps running."""
    command = [sys.executable, "-c", DRAWS_ITSELF, study]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as page:  # noqa: S603  # our own words
        assert page.stdout is not None
        page.stdout.readline()
        held = resident(psutil.Process(page.pid))
        page.communicate("\n")
    return f"drawn by itself: {held:.0f}"


def _status(address: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{address}status.json") as answer:  # noqa: S310  # our own server
        status: dict[str, Any] = json.load(answer)
    return status


def main() -> None:
    """Measure both, and print their memory in MB."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", help="the directory of a study")
    study = parser.parse_args().study
    for measure in (served, drawn):
        print(measure(study))  # noqa: T201  # a script's output


if __name__ == "__main__":
    main()
