"""The site of the documentation, built from the pages, the program and the docstrings."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import privsearch

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site, with what its notebooks print; whatever Sphinx warns of fails."""
    pytest.importorskip("sphinx", reason="needs the site's packages, as of `uv sync --group docs`")
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-c", "docs", ".", str(folder)]
    notebooks = {"PRIVSEARCH_NOTEBOOKS": "force"}
    done = subprocess.run(build, cwd=ROOT, env=os.environ | notebooks, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def _links(page: Path) -> Sequence[str]:
    return re.findall(r'href="([^"#:]+)(?:#[^"]*)?"', page.read_text(encoding="utf-8"))


def _text(page: Path) -> str:
    return re.sub("<[^>]*>", "", page.read_text(encoding="utf-8"))


def test_every_page_is_reached_from_the_first(site: Path) -> None:
    """Whoever follows links from the site's address comes to every page, and no link is broken."""
    reached, ahead = set[Path](), [site / "docs" / "README.html"]
    assert "docs/README.html" in (site / "index.html").read_text()
    while ahead:
        page = ahead.pop()
        if page in reached or page.suffix != ".html":
            continue
        reached.add(page)
        ahead += [(page.parent / link).resolve() for link in _links(page)]
    assert {page.name for page in reached if not page.is_file()} == set()
    pages = {page.resolve() for page in (site / "docs").rglob("*.html")}
    assert len(pages) > 25
    assert pages <= reached


def test_the_reference_is_made_from_the_code(site: Path) -> None:
    """It has every command with its options, and every public name."""
    commands, calls = (_text(site / "docs" / "reference" / f"{name}.html") for name in ("cli", "python"))
    for told in ("$ privsearch sweep [OPTIONS]", "$ privsearch data describe", "--min-accuracy FRACTION"):
        assert told in commands
    assert [name for name in privsearch.__all__ if f"privsearch.{name}" not in calls] == []
