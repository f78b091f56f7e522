"""The process that draws the documents of a study for its live page.

    python -m privsearch.report.page.drawing_main CHANNEL LIFELINE

Both are file descriptors: CHANNEL of a connection, on which requests come and documents go; LIFELINE of a pipe that
closes when the process that serves the page is gone.
"""

import logging
import os
import signal
import sys
import threading
import traceback
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

from privsearch._util.collector import collect_seldom

collect_seldom()  # before what is imported, which takes as long as the drawing of a small study

from privsearch.errors import PrivsearchError  # noqa: E402
from privsearch.report.page.budget import ROC_TRIALS, encoded  # noqa: E402
from privsearch.report.page.document import build_document  # noqa: E402
from privsearch.report.page.drawing import Answer, Drawing, Request  # noqa: E402
from privsearch.report.page.html import document_room  # noqa: E402
from privsearch.study.folder import StudyFolder  # noqa: E402

_log = logging.getLogger("privsearch.report.page.drawing")


class _Warnings(logging.Handler):
    """A log handler that keeps messages for the process that serves the page."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def main(channel: int, lifeline: int) -> None:
    """Draw what is asked for, until the process that asks is gone."""
    # Ctrl-C on a terminal reaches all its processes; this one ends with the one that serves.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()
    warnings = _Warnings()
    logging.getLogger("privsearch").addHandler(warnings)
    connection = Connection(channel)
    with suppress(EOFError, OSError):
        while True:
            drawing, problem = _drawn(connection.recv())
            connection.send(Answer(drawing, problem, tuple(warnings.messages)))
            warnings.messages.clear()


def _drawn(request: Request) -> tuple[Drawing | None, str]:
    """Return the drawing that was asked for, or why there is none."""
    study = StudyFolder(Path(request.folder), growing=request.growing)
    try:
        document = build_document(study, document_room(), ROC_TRIALS if request.whole else 0, whole=request.whole)
    except PrivsearchError as error:
        return None, str(error)
    except Exception as error:  # a document that cannot be made must not end what shows the others
        _log.warning("the page cannot be drawn, which is a mistake in privsearch\n%s", traceback.format_exc())
        return None, f"a mistake in privsearch: {type(error).__name__}: {error}"
    counts = document["asked"]["counts"]
    return Drawing(encoded(document), counts["completed"] + counts["failed"], counts["asked for"]), ""


def _end_with(lifeline: int) -> None:
    """Wait until the process that serves the page is gone, and end this one then, whatever it is doing."""
    os.read(lifeline, 1)
    os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
