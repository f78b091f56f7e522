"""A study that grows, as one document after the other, for all who look at it.

A document is made once a change, at most every few seconds, in one thread, and only while somebody looks.
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
from privsearch.report.page.budget import ROC_TRIALS, encoded
from privsearch.report.page.html import document_room
from privsearch.study.folder import StudyFolder
from privsearch.study.lock import LeaseObserver

LOOK_SECONDS: Final = 0.5
"""How often the files of the study are looked at."""

LEAST_SECONDS: Final = 2.0
REST_FOR_WORK: Final = 3.0
"""Seconds between two documents at least, and, while a sweep runs, for each second that the last one took."""

ATTENTION_SECONDS: Final = 15.0
"""Somebody looks who has asked so recently; a page that is in the background asks every 10 s."""

State = Literal["waiting", "running", "resting", "over"]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent.

    Attributes:
        plain: as it is.
        packed: the same, by gzip.
        tag: names the content.
    """

    plain: bytes
    packed: bytes
    tag: str

    @classmethod
    def of(cls, text: str) -> Self:
        """A text as it is sent."""
        plain = text.encode()
        return cls(plain, gzip.compress(plain, compresslevel=1, mtime=0), hashlib.sha256(plain).hexdigest()[:16])


class Status(TypedDict):
    """How it stands with a study.

    Attributes:
        state: `waiting` for it to be begun; a sweep is `running`; it is `resting`; the sweep is `over`, and whoever
            serves it is about to end.
        study: its directory.
        done: trials that have a result in the document; None where there is none.
        asked: trials that the sweep asks for; likewise.
        seconds_since: the last result was recorded; None where there is none.
        document: the tag of the document, or nothing.
        whole: whether that has the paper's figures and ROC curves.
        problem: why there is no newer one, or nothing.
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
class _Made:
    body: Body
    done: int
    asked: int
    stamp: tuple[object, ...]
    whole: bool


class StudyFollower:
    """Follows one study, and never writes into it."""

    def __init__(self, folder: Path, *, whole: bool = True) -> None:
        """Follow the study in `folder`, whether it is there yet or not.

        Args:
            folder: its directory.
            whole: whether to draw the paper's figures and ROC curves as well whenever no sweep is running.
        """
        self._study = StudyFolder(folder, growing=True)
        self._at_rest = StudyFolder(folder)
        self._onlooker = LeaseObserver(folder)
        self._whole = whole
        self._made: _Made | None = None
        self._problem = ""
        self._not_before = self._asked_at = float("-inf")
        self._looked_for = threading.Event()
        self._ending = False

    @property
    def body(self) -> Body | None:
        """The document, as JSON."""
        return self._made.body if self._made else None

    @property
    def is_watched(self) -> bool:
        """Whether somebody looks."""
        return time.monotonic() - self._asked_at < ATTENTION_SECONDS

    def attend(self) -> None:
        """Take note that somebody looks."""
        self._asked_at = time.monotonic()
        self._looked_for.set()

    def status(self) -> Status:
        """How it stands."""
        made, problem = self._made, self._problem
        state: State = "waiting"
        try:
            if self._study.exists():
                state = "running" if self._onlooker.held() else "resting"
        except PrivsearchError as error:
            problem = str(error)
        if self._ending and made and made.stamp == self._study.stamp():
            state = "over"
        return {
            "state": state,
            "study": printable(str(self._study.path)),
            "done": made.done if made else None,
            "asked": made.asked if made else None,
            "seconds_since": _age(self._study.record_path),
            "document": made.body.tag if made else "",
            "whole": bool(made and (made.whole or not self._whole)),
            "problem": printable(problem),
        }

    def follow(self) -> NoReturn:
        """Make documents for ever."""
        while True:
            self._looked_for.wait(None if not self.is_watched else LOOK_SECONDS)
            self._looked_for.clear()
            self.look()
            time.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Make the document that is due, if one is."""
        started = time.monotonic()
        if not self.is_watched or started < self._not_before:
            return
        try:
            if not self._study.exists():
                return
            resting = not self._onlooker.held()
            stamp, made = self._study.stamp(), self._made
            if made is None or made.stamp != stamp:
                self._make(self._at_rest if resting else self._study, stamp, whole=False)
            elif resting and self._whole and not made.whole:
                self._make(self._at_rest, stamp, whole=True)
            else:
                return
            self._problem = ""
        except PrivsearchError as error:
            self._problem = str(error)
        except Exception as error:  # a document that cannot be made must not end what shows the others
            _log.warning("the page cannot be drawn, which is a mistake in privsearch", exc_info=True)
            self._problem = f"a mistake in privsearch: {type(error).__name__}: {error}"
        now = time.monotonic()
        rest = REST_FOR_WORK * (now - started) if self._onlooker.held() else 0.0
        self._not_before = now + max(LEAST_SECONDS, rest)

    def end(self) -> None:
        """Wait until everybody who looks can have the last document; at once where nobody does."""
        self._ending = True
        while self.is_watched and self.status()["state"] != "over":
            self._not_before = float("-inf")
            time.sleep(LOOK_SECONDS)

    def _make(self, study: StudyFolder, stamp: tuple[object, ...], *, whole: bool) -> None:
        from privsearch.report.page.document import build_document  # slow to import

        document = build_document(study, document_room(), ROC_TRIALS if whole else 0, whole=whole)
        counts = document["asked"]["counts"]
        done = counts["completed"] + counts["failed"]
        self._made = _Made(Body.of(encoded(document)), done, counts["asked for"], stamp, whole)


def _age(path: Path) -> float | None:
    """How long ago a file was written, in seconds; None where there is none."""
    try:
        return max(0.0, round(time.time() - path.stat().st_mtime, 1))
    except OSError:
        return None
