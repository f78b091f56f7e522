"""The site: the Markdown of this repository as pages, the command line and the Python calls from the code.

`uv run --group docs sphinx-build -W -c docs . site` builds it. The pages link one another as files, so they can be read
here too. The order of the pages is that of the tables in docs/README.md: whoever adds a page adds it there. With
`PRIVSEARCH_NOTEBOOKS=force` in the environment the notebooks are run; else they are shown without what they print.
"""

import os
import re
from pathlib import Path
from typing import Any, Final

import typer.cli
import typer.main

import privsearch
from privsearch.cli.commands import app as program

ROOT: Final = Path(__file__).parent.parent

project = "privsearch"
author = "the authors of privsearch"
copyright = author  # noqa: A001  # Sphinx's name for it
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
root_doc = "docs/README"
include_patterns = ["docs/**", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "*/README.md", "studies/LOG.md"]
include_patterns += ["studies/*/audit/*.md", "studies/*/comparison/*.md", "studies/*/tables/*.md"]
exclude_patterns = [".*", "**/.*", "site", "shared", "privsearch", "tests"]
html_theme = "furo"
html_title = "privsearch"
html_show_sphinx = False
default_role = "literal"
myst_heading_anchors = 4
myst_enable_extensions = ["dollarmath"]
suppress_warnings = ["toc.no_title"]
nb_execution_mode = os.environ.get("PRIVSEARCH_NOTEBOOKS", "off")
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True
napoleon_attr_annotations = False  # those of checked fields are no types that a reader could use
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
copybutton_exclude = ".linenos, .gp, .go"


def _navigation(index: str) -> str:
    """Return the index with a list of pages for the side of the site, from the table below each of its headings."""
    parts = re.split(r"^## (.*)$", index, flags=re.MULTILINE)
    lists = []
    for heading, text in zip(parts[1::2], parts[2::2], strict=True):
        pages = re.findall(r"^\| \[[^]]+\]\((\S+)\.md\) \|", text, re.MULTILINE)
        if pages:
            lines = "\n".join(os.path.normpath(f"/docs/{page}") for page in pages)
            lists.append(f"```{{toctree}}\n:hidden:\n:caption: {heading}\n\n{lines}\n```\n")
    return index + "\n" + "\n".join(lists)


def _commands() -> str:
    """Return every command with its options, as `--help` says it."""
    command = typer.main.get_command(program)
    told = typer.cli.get_docs_for_click(obj=command, ctx=typer.Context(command), name="privsearch")
    # The page has a title already, and no page begins at its commands' names.
    return told.partition("**Usage**")[0].partition("\n")[2] + "\n" + told[told.index("\n## ") :]


def _calls() -> str:
    """Return a directive for each public name."""
    directives = []
    for name in sorted(privsearch.__all__, key=str.lower):
        if name == "PrivsearchError":
            directives.append(f".. autoexception:: privsearch.{name}")
        elif name[0].isupper():
            directives.append(f".. autoclass:: privsearch.{name}\n   :members:\n   :no-index:")
        else:
            directives.append(f".. autofunction:: privsearch.{name}")
    return "```{eval-rst}\n" + "\n\n".join(directives) + "\n```\n"


def _without_folders(page: Path, text: str) -> str:
    """Return a page whose links to folders, which the site has not, are plain text."""

    def plain(link: re.Match[str]) -> str:
        return link[1] if (page.parent / link[2]).is_dir() else link[0]

    return re.sub(r"(?<!!)\[([^]]*)\]\(([^)\s#:]+)\)", plain, text)


def _read(_: Any, name: str, source: list[str]) -> None:
    makers = {"docs/reference/cli": _commands, "docs/reference/python": _calls}
    text = _without_folders(ROOT / f"{name}.md", source[0])
    if name in makers:
        text = f"{text}\n{makers[name]()}"
    if name == "studies/README":
        text += "\n```{toctree}\n:hidden:\n:glob:\n\n*/*/*\n```\n"
    source[0] = _navigation(text) if name == root_doc else text


def _front_page(app: Any, exception: Exception | None) -> None:
    """Lead from the site's address to its first page."""
    if exception is None:
        to = f'<!doctype html><title>privsearch</title><meta http-equiv="refresh" content="0; url={root_doc}.html">\n'
        (Path(app.outdir) / "index.html").write_text(to, encoding="utf-8")


def setup(app: Any) -> None:
    """Let Sphinx call what is above."""
    app.connect("source-read", _read)
    app.connect("build-finished", _front_page)
