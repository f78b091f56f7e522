"""A study at a glance: what its repr says, and a notebook shows, without ever failing or taking long."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from privsearch._util.html import html_text
from privsearch._util.text import printable, remedy
from privsearch.analysis.tasks import Task
from privsearch.errors import PrivsearchError, StudyError

if TYPE_CHECKING:
    from privsearch.spec import SweepSpec

MOST_BYTES: Final = 50_000_000
"""A larger record is not read for a glance."""

_HEAD: Final = re.compile(rb'\{"status":"completed","trial_id":"([^"]{1,200})"')


class Viewed(Protocol):
    """As much of a study as is looked at."""

    path: Path

    @property
    def record_path(self) -> Path:
        """The record."""

    def exists(self) -> bool:
        """Whether it is one."""

    def sweep(self) -> "SweepSpec":
        """What was asked."""

    def tasks(self, dataset: str | None = None, protocol: str | None = None) -> list[Task]:
        """What competes for each front."""


def progress_words(study: Viewed) -> str:
    """How far a study is, such as `36 of 36 trials, iris and digits, paper`."""
    try:
        if not study.exists():
            return "not begun"
        trials = json.loads((study.path / "plan.json").read_bytes())["trials"]
        datasets = list(dict.fromkeys(str(name) for name in trials.values()))
        protocols = [protocol.kind for protocol in study.sweep().protocol]
        count = f"{_completed(study.record_path, trials)} of {len(trials)} trials"
        return printable(", ".join([count, _joined(datasets), _joined(protocols)]))
    except (PrivsearchError, OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "cannot be read; privsearch check tells why"


def study_html(study: Viewed) -> str:
    """The same, and the fronts."""
    line = html_text(repr(study))
    try:
        if not study.exists() or study.record_path.stat().st_size > MOST_BYTES:
            return line
        return line + "".join(task._repr_html_() for task in study.tasks())
    except Exception:  # a notebook that shows less is better than one that shows a traceback
        return line


def chosen(found: list[Task], dataset: str | None, protocol: str | None, path: Path) -> list[Task]:
    """The tasks of a dataset and a protocol, where these are named.

    Raises:
        StudyError: there is none of that name.
    """
    for field, name in {"dataset": dataset, "protocol": protocol}.items():
        known = list(dict.fromkeys(str(task.rows[field].iloc[0]) for task in found))
        if name is not None and name not in known:
            raise StudyError(
                f"{path}: the {field} must be one that the study has results of ({', '.join(known) or 'none'}), but "
                f"got {name!r}; {remedy(name, known)}"
            )
        found = [task for task in found if name in (None, task.rows[field].iloc[0])]
    return found


def _completed(record: Path, trials: dict[str, str]) -> str:
    if not record.exists():
        return "0"
    if record.stat().st_size > MOST_BYTES:
        return "many"
    with record.open("rb") as file:
        return str(len({match[1].decode() for line in file if (match := _HEAD.match(line))} & trials.keys()))


def _joined(names: Sequence[str]) -> str:
    first, last = names[:-1], names[-1:]
    if len(names) > 5:
        first, last = names[:4], [f"{len(names) - 4} more"]
    return " and ".join(filter(None, [", ".join(first), *last]))
