"""The calls that serve the live page of a study, for which none of the large libraries is imported."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from privsearch.api.study import Study

if TYPE_CHECKING:
    from privsearch.api.arguments import AnyStudy
    from privsearch.report.page.server import PageServer


@contextmanager
def serve_study(study: "AnyStudy", port: int = 0) -> Iterator[str]:
    """Serve the page of a study on this machine alone, live, from a process of its own, during a `with` block.

    Args:
        study: the study, or its folder, which need not be there yet.
        port: the port; 0 for one that is free.

    Yields:
        The address.

    Raises:
        PortError: the port is not to be had.
    """
    from privsearch.report.page.background import served_beside

    with served_beside(study.path if isinstance(study, Study) else Path(study), port) as address:
        yield address


@contextmanager
def watch_study(study: "AnyStudy", port: int = 0) -> Iterator["PageServer"]:
    """Get ready to serve the page of a study from this process: the server's `serve` returns when it is interrupted.

    Args:
        study: the study, or its folder, which need not be there yet.
        port: the port; 0 for one that is free.

    Yields:
        The server, which has the page's address.

    Raises:
        PortError: the port is not to be had.
    """
    from privsearch.report.page.following import StudyFollower
    from privsearch.report.page.server import PageServer, listening

    follower = StudyFollower(study.path if isinstance(study, Study) else Path(study))
    follower.attend()  # whoever watches is about to look
    with listening(port) as listener:
        yield PageServer(listener, follower)
