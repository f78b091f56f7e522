"""The page: a template, a style sheet, a script, and the document that the script draws."""

import base64
import hashlib
from importlib.resources import files
from pathlib import Path
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from privsearch.disk import replace_file
from privsearch.report.page.budget import MOST_BYTES, ROC_TRIALS, encoded
from privsearch.report.page.document import Document, build_document
from privsearch.store import Study

SCRIPTS: Final = (
    "dom",
    "theme",
    "charts",
    "tables",
    "front",
    "compare",
    "leakage",
    "paper",
    "trial",
    "failures",
    "about",
    "page",
)
"""The parts of the page's own script, in the order in which they stand in it."""

_ESCAPES: Final = str.maketrans({c: f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"})
_MARGIN: Final = 50_000
"""Bytes for the template around all else."""


def write_report(study: Study, path: Path, roc_trials: int = ROC_TRIALS) -> Path:
    """Write the page of a study; returns its file.

    Args:
        study: what is shown.
        path: the file.
        roc_trials: as many trials get ROC curves, where their signals are kept.

    Raises:
        StudyError: the study cannot be read, or the file cannot be written.
    """
    room = MOST_BYTES - len(_page("null").encode()) - _MARGIN
    replace_file(path, render(build_document(study, room, roc_trials)))
    return path


def render(document: Document) -> str:
    """The page as HTML."""
    return _page(embedded(document), document["name"])


def embedded(document: Document) -> str:
    """The document as JSON that can stand in a script element, whatever texts are in it."""
    return encoded(document).translate(_ESCAPES)


def _page(document: str, name: str = "") -> str:
    from plotly.offline import get_plotlyjs  # slow to import

    scripts = [get_plotlyjs(), _part("vendor/dataTables.min.js"), _own_script()]
    environment = Environment(loader=PackageLoader(__package__, "."), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("template.html.j2").render(
        name=name,
        style=_part("assets/page.css"),
        scripts=scripts,
        hashes=[_hash(script) for script in scripts],
        document=document,
    )


def _own_script() -> str:
    parts = "\n".join(_part(f"assets/{name}.js") for name in SCRIPTS)
    return f'"use strict";\n(() => {{\n{parts}\n}})();\n'


def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    """A script as a Content-Security-Policy names it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
