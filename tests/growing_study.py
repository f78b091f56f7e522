"""A study that grows as fast as a test wants it to, and what a browser asks of its page."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from builders import make_completed
from page_study import sweep_of

from privsearch.api.study import Study
from privsearch.spec import PaperProtocol
from privsearch.study.record import RecordWriter

TRIALS: Final = {f"{i:016x}": "iris" for i in range(6)}


class GrowingStudy:
    """A study of six trials, of which none is finished yet; its sweep is running as long as `held` lasts."""

    def __init__(self, path: Path) -> None:
        self.study = Study(path)
        self._done = 0

    def begin(self) -> None:
        self.study.begin(sweep_of("svm"), TRIALS, {"command": ["sweep"]})

    @contextmanager
    def held(self) -> Iterator[None]:
        with self.study.locked():
            yield

    def finish(self, count: int) -> None:
        """Record the next trials."""
        with RecordWriter(self.study.record_path) as record:
            for trial_id in list(TRIALS)[self._done : self._done + count]:
                axes = {"beta": 0.5 + 0.05 * self._done, "model": "snn" if self._done % 2 else "ann"}
                result = make_completed(
                    trial_id,
                    accuracy=0.8 + 0.02 * self._done,
                    auc=0.5 + 0.01 * self._done,
                    protocol=PaperProtocol(replicates=2, placebo_cuts=2),
                    epochs=10 + self._done,
                    **(axes if axes["model"] == "snn" else {"model": "ann"}),
                )
                record.append(result)
                self._done += 1


class Answer:
    """What a server said."""

    def __init__(self, status: int, headers: Any, body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def asked(url: str, method: str = "GET", **headers: str) -> Answer:
    """Ask a server, and take errors for answers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, method=method, headers=named)  # noqa: S310  # our own server
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  # likewise
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read())
