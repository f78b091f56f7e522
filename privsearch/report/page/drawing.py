"""The documents of a live page, drawn by a process that ends when there is nothing left to draw.

Drawing takes large libraries, tables and signals. A process returns to the system what it has taken when it ends, and
not before: a server that drew by itself would hold hundreds of megabytes for as long as a page is open.
"""

import logging
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from socket import socketpair
from typing import Final

from privsearch.errors import StudyError

IDLE_SECONDS: Final = 30.0
"""The time after which a process that has nothing to draw is ended; starting one takes some seconds."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A document of a study.

    Attributes:
        document: the document as JSON.
        done: the number of trials with a result in it.
        asked: the number of trials that the sweep asks for.
    """

    document: str
    done: int
    asked: int


@dataclass(frozen=True, slots=True)
class Request:
    """A request for a drawing: the directory of a study, whether it is growing, and whether to draw all of it."""

    folder: str
    growing: bool
    whole: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the process: a drawing or the reason why there is none, and the warnings on the way."""

    drawing: Drawing | None
    problem: str
    warnings: Sequence[str]


class Drawer:
    """A drawer of documents, each in a process that is started when it is needed."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._process: _Process | None = None
        self._told: set[str] = set()
        self._drew_at = 0.0

    def draw(self, folder: Path, *, growing: bool, whole: bool) -> Drawing:
        """Draw the document of a study as it is now.

        Args:
            folder: the directory of the study.
            growing: a sweep may be running, as in `StudyFolder`.
            whole: draw what takes longest as well, as in `build_document`.

        Raises:
            StudyError: the study cannot be read, or the process that draws it was ended.
        """
        self._process = self._process or _Process()
        try:
            answer = self._process.answer(Request(os.fspath(folder), growing, whole))
        except (EOFError, OSError):
            self.end()
            raise StudyError(
                f"{folder}: the process that draws its page must run until it is drawn, but was ended, as the system "
                "does where memory runs out; it is tried again"
            ) from None
        self._drew_at = time.monotonic()
        for warning in answer.warnings:
            if warning not in self._told:
                self._told.add(warning)
                _log.warning("%s", warning)
        if answer.drawing is None:
            raise StudyError(answer.problem)
        return answer.drawing

    def rest(self) -> None:
        """End the process if it has had nothing to draw for a while."""
        if time.monotonic() - self._drew_at > IDLE_SECONDS:
            self.end()

    def end(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process:
            process.end()


class _Process:
    """The process, as seen from the one that serves the page."""

    def __init__(self) -> None:
        ours, theirs = socketpair()
        lifeline, self._lifeline = os.pipe()
        self._connection = Connection(ours.detach())
        self._process = subprocess.Popen(  # noqa: S603  # our own module
            [sys.executable, "-m", f"{__name__}_main", str(theirs.fileno()), str(lifeline)],
            pass_fds=(theirs.fileno(), lifeline),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={
                **os.environ,
                # What this process can import, that one can.
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
            },
        )
        theirs.close()
        os.close(lifeline)

    def __del__(self) -> None:
        self.end()

    def answer(self, request: Request) -> Answer:
        self._connection.send(request)
        answer: Answer = self._connection.recv()
        return answer

    def end(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
            self._process.wait()
            self._connection.close()
            os.close(self._lifeline)
