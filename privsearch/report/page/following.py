"""A growing study, as one document after the other, for all open pages.

One thread makes a document after each change, at most every few seconds, and only while a page is open.
"""

import gzip
import hashlib
import logging
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NoReturn, Self, TypedDict

from privsearch._util.text import printable
from privsearch.errors import PrivsearchError
from privsearch.report.page.drawing import Drawer
from privsearch.study.folder import StudyFolder
from privsearch.study.lock import LeaseObserver

LOOK_SECONDS: Final = 0.5
"""Seconds between two looks at the study's files."""

LEAST_SECONDS: Final = 2.0
REST_FOR_WORK: Final = 3.0
"""The least seconds between two documents; while a sweep runs, also the rest for each second that the last one took."""

ATTENTION_SECONDS: Final = 15.0
"""Seconds after a request for which a page counts as open; a page in the background asks every 10 s."""

State = Literal["waiting", "running", "resting", "over"]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a response.

    Attributes:
        plain: the bytes of the content.
        packed: the content compressed by gzip.
        tag: the hash that identifies the content.
    """

    plain: bytes
    packed: bytes
    tag: str

    @classmethod
    def of(cls, text: str) -> Self:
        """Return the body of a text."""
        plain = text.encode()
        return cls(plain, gzip.compress(plain, compresslevel=1, mtime=0), hashlib.sha256(plain).hexdigest()[:16])


class Status(TypedDict):
    """The state of a study and its document.

    Attributes:
        state: `waiting` for the study to begin; `running` a sweep; `resting` without one; `over` if the sweep has ended
            and its server is about to end.
        study: the directory of the study.
        done: the number of trials with a result in the document; None without a document.
        asked: the number of trials that the sweep asks for; None without a document.
        seconds_since: the seconds since the last result was recorded; None if there is none.
        document: the tag of the document; empty without one.
        whole: True if the document has the paper's figures and ROC curves.
        problem: the reason why there is no newer document; empty if there is no problem.
    """

    state: State
    study: str
    done: int | None
    asked: int | None
    seconds_since: float | None
    document: str
    whole: bool
    problem: str


@dataclass(frozen=True, slots=True)
class _Drawn:
    body: Body
    done: int
    asked: int
    stamp: tuple[object, ...]
    whole: bool


class StudyFollower:
    """A follower of one study, which never writes into it."""

    def __init__(self, folder: Path, *, whole: bool = True) -> None:
        """Follow the study in `folder`, which need not exist yet.

        Args:
            folder: the directory of the study.
            whole: True to draw the paper's figures and ROC curves as well whenever no sweep is running.
        """
        self._study = StudyFolder(folder, growing=True)
        self._lease = LeaseObserver(folder)
        self._drawer = Drawer()
        self._whole = whole
        self._drawn: _Drawn | None = None
        self._problem = ""
        self._not_before = self._asked_at = float("-inf")
        self._looked_for = threading.Event()
        self._ending = False

    @property
    def body(self) -> Body | None:
        """The document as JSON; None if there is none yet."""
        return self._drawn.body if self._drawn else None

    @property
    def is_watched(self) -> bool:
        """True if a page is open."""
        return time.monotonic() - self._asked_at < ATTENTION_SECONDS

    def attend(self) -> None:
        """Note that a page is open."""
        self._asked_at = time.monotonic()
        self._looked_for.set()

    def status(self) -> Status:
        """Return the state of the study and its document."""
        document, problem = self._drawn, self._problem
        state: State = "waiting"
        try:
            if self._study.exists():
                state = "running" if self._lease.held() else "resting"
        except PrivsearchError as error:
            problem = str(error)
        if self._ending and document and document.stamp == self._study.stamp():
            state = "over"
        return {
            "state": state,
            "study": printable(str(self._study.path)),
            "done": document.done if document else None,
            "asked": document.asked if document else None,
            "seconds_since": _age(self._study.record_path),
            "document": document.body.tag if document else "",
            "whole": bool(document and (document.whole or not self._whole)),
            "problem": printable(problem),
        }

    def follow(self) -> NoReturn:
        """Make documents forever."""
        while True:
            if not self.is_watched:
                self._drawer.end()
            self._looked_for.wait(None if not self.is_watched else LOOK_SECONDS)
            self._looked_for.clear()
            self.look()
            self._drawer.rest()
            time.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Make the document that is due, if one is."""
        started = time.monotonic()
        if not self.is_watched or started < self._not_before:
            return
        resting = False
        try:
            if not self._study.exists():
                return
            resting = not self._lease.held()
            stamp, document = self._study.stamp(), self._drawn
            if document is None or document.stamp != stamp:
                self._make(stamp, growing=not resting, whole=False)
            elif resting and self._whole and not document.whole:
                self._make(stamp, growing=False, whole=True)
            else:
                return
            self._problem = ""
        except PrivsearchError as error:
            self._problem = str(error)
        except Exception as error:  # a document that cannot be made must not end what shows the others
            _log.warning("the page cannot be drawn, which is a mistake in privsearch", exc_info=True)
            self._problem = f"a mistake in privsearch: {type(error).__name__}: {error}"
        now = time.monotonic()
        if resting and self._whole and self._drawn and not (self._drawn.whole or self._problem):
            return  # nothing else asks for this machine, so the rest of the document may follow at once
        rest = REST_FOR_WORK * (now - started) if self._lease.held() else 0.0
        self._not_before = now + max(LEAST_SECONDS, rest)

    def end(self) -> None:
        """Wait until the last document is made and open pages can fetch it; return at once if no page is open."""
        self._ending = True
        while self.is_watched and self.status()["state"] != "over":
            self._not_before = float("-inf")
            time.sleep(LOOK_SECONDS)

    def _make(self, stamp: tuple[object, ...], *, growing: bool, whole: bool) -> None:
        drawing = self._drawer.draw(self._study.path, growing=growing, whole=whole)
        if whole:
            self._drawer.end()  # nothing more is to come until the study changes; gone before anybody is told
        self._drawn = _Drawn(Body.of(drawing.document), drawing.done, drawing.asked, stamp, whole)


def _age(path: Path) -> float | None:
    """Return the seconds since a file was written; None if there is no such file."""
    try:
        return max(0.0, round(time.time() - path.stat().st_mtime, 1))
    except OSError:
        return None
