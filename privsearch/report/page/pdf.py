"""The page as a PDF, printed by a browser, as scripts draw it."""

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from privsearch._util.disk import replace_file
from privsearch._util.text import cut
from privsearch.errors import StudyError

_BROWSERS: Final = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge"),
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
"""The programs that print a page from the command line, in the order in which they are looked for."""

_SECONDS: Final = 180
_DRAWING: Final = 20_000
"""The milliseconds of the page's own clock that it may draw for; they pass as fast as it is idle."""


def needed_browser() -> str:
    """Return the path of a browser that prints pages.

    Raises:
        StudyError: there is none.
    """
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found is None:
        raise StudyError(
            "report --pdf: Chromium, Chrome or Edge must be installed, as scripts draw the page, but none is on the "
            "PATH; install one (`apt-get install chromium`), or print report.html from any browser"
        )
    return found


def print_page(browser: str, page: Path, to: Path) -> Path:
    """Print a page into a PDF, and return its file.

    Args:
        browser: the browser's path.
        page: the page, a file.
        to: the file to write; its folder is created if missing.

    Raises:
        StudyError: the browser fails, or the file cannot be written.
    """
    with TemporaryDirectory(prefix="privsearch-", ignore_cleanup_errors=True) as scratch:
        printed = Path(scratch) / "page.pdf"
        words = [browser, "--headless", "--disable-gpu", f"--user-data-dir={scratch}/profile", "--no-first-run"]
        if os.geteuid() == 0:
            words.append("--no-sandbox")  # which Chromium cannot make for root
        words += ["--no-pdf-header-footer", f"--virtual-time-budget={_DRAWING}", f"--print-to-pdf={printed}"]
        try:
            done = subprocess.run(  # noqa: S603  # a browser of the user's, and a page of ours
                [*words, page.absolute().as_uri()], capture_output=True, text=True, timeout=_SECONDS, check=False
            )
            why = " ".join(done.stderr.split())
        except (OSError, subprocess.TimeoutExpired) as error:
            why = str(error)
        if not printed.is_file():
            told = f" ({cut(why)})" if why else ""
            raise StudyError(f"{to}: {browser} must print the page, but did not{told}; print report.html yourself")
        to.parent.mkdir(parents=True, exist_ok=True)
        replace_file(to, printed.read_bytes())
    return to
