"""The HTML of the page: a template, a style sheet, a script, and the document that the script draws."""

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from privsearch._util.disk import replace_file
from privsearch._util.html import in_script
from privsearch.report.page.budget import MOST_BYTES, ROC_TRIALS, encoded
from privsearch.report.vendored import DATA_TABLES, PLOTLY, vendored
from privsearch.study.folder import StudyFolder

if TYPE_CHECKING:
    from privsearch.report.page.document import Document

SCRIPTS: Final = (
    "dom",
    "scroll",
    "theme",
    "charts",
    "tables",
    "verdict",
    "front",
    "compare",
    "leakage",
    "growth",
    "paper",
    "trial",
    "failures",
    "about",
    "page",
)
"""The parts of the page's own script, in order."""

FOLLOWING: Final = ("keep", "follow")
"""The further parts of the script in a page that is served."""

_MARGIN: Final = 50_000
"""Bytes reserved for the template."""


def write_report(study: StudyFolder, path: Path, roc_trials: int = ROC_TRIALS) -> Path:
    """Write the page of a study, and return its file.

    Args:
        study: the study to show.
        path: the file to write.
        roc_trials: the most trials with ROC curves, which need kept signals.

    Raises:
        StudyError: the study cannot be read, or the file cannot be written.
    """
    from privsearch.report.page.document import build_document  # slow to import

    # Elsewhere it may be the page of a colleague's study, in which nothing is to be written.
    is_in_study = path.resolve().is_relative_to(study.path.resolve())
    document = build_document(study, document_room(), roc_trials, keep_curves=is_in_study)
    replace_file(path, render(document))
    return path


def document_room() -> int:
    """Return the bytes that a document may have on a page."""
    return MOST_BYTES - len(_page("null").encode()) - _MARGIN


def render(document: "Document") -> str:
    """Return the page with a document as HTML."""
    return _page(embedded(document), document["name"])


def render_following(name: str) -> str:
    """Return the page without a document, which keeps asking its server for one."""
    return _page("null", name, following=True)


def embedded(document: "Document") -> str:
    """Return the document as JSON that is safe within a script element, whatever its texts."""
    return in_script(encoded(document))


def _page(document: str, name: str = "", *, following: bool = False) -> str:
    script_names = (*SCRIPTS, *FOLLOWING) if following else SCRIPTS
    scripts = [vendored(PLOTLY), vendored(DATA_TABLES), _own_script(script_names)]
    environment = Environment(loader=PackageLoader(__package__, "."), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("template.html.j2").render(
        name=name,
        style=_part("assets/page.css") + (_part("assets/follow.css") if following else ""),
        following=following,
        scripts=scripts,
        hashes=[_hash(script) for script in scripts],
        document=document,
    )


def _own_script(names: Sequence[str]) -> str:
    parts = "\n".join(_part(f"assets/{name}.js") for name in names)
    return f'"use strict";\n(() => {{\n{parts}\n}})();\n'


def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    """Return the hash of a script in the form of a Content-Security-Policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
