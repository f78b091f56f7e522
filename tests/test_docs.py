import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, get_args

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from privsearch.cli.commands import app
from privsearch.spec import AXES, SweepSpec
from privsearch.spec.attacks import ATTACK_KINDS
from privsearch.spec.datasets import DatasetName
from privsearch.spec.protocols import PROTOCOLS, TRAINABLE
from privsearch.spec.recipe import RECIPE_AXES
from privsearch.spec.sweep_file import read_sweep

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
_BLOCK = re.compile(r"^```(python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@pytest.mark.usefixtures("forgetting")
@pytest.mark.parametrize("page", ["api.md", "extending.md", "foreign.md", "time.md"])
def test_the_examples_of_a_page_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each Python example runs after those before it, and prints what the page says right below it."""
    monkeypatch.chdir(tmp_path)
    blocks = _BLOCK.findall((DOCS / page).read_text())
    names: dict[str, Any] = {"__name__": f"docs_{page[:-3]}"}
    printed = ""
    for language, text in blocks:
        if language == "text":
            assert printed == text
            printed = ""
            continue
        assert not printed
        with redirect_stdout(StringIO()) as out:
            exec(compile(text, page, "exec"), names)  # noqa: S102  # our own documentation
        printed = out.getvalue()
    assert not printed


def test_examples_of_extending_have_ten_lines_at_most() -> None:
    """A dataset, a model and an attack each take no more than ten lines, imports and empty lines left out."""
    for language, text in _BLOCK.findall((DOCS / "extending.md").read_text())[:3]:
        lines = [line for line in text.splitlines() if line and not line.startswith("import")]
        assert (language, len(lines) <= 10) == ("python", True)


def prose(page: Path) -> str:
    """Return a page without its blocks of code."""
    return re.sub(r"^ *```.*?^ *```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Return the fragments that lead to the headings of a page, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@every_page
def test_every_link_leads_somewhere(page: Path) -> None:
    """A relative link leads to a file, and its fragment to a heading of that file."""
    links = re.findall(r"\]\(([^)\s]+)\)", prose(page))
    for link in links:
        path, _, fragment = link.partition("#")
        if "://" in link:
            continue
        to = (page.parent / path).resolve() if path else page
        assert to.exists(), link
        assert to.is_relative_to(ROOT), link
        if fragment:
            assert fragment in anchors(to), link


def test_the_index_names_every_page() -> None:
    """docs/README.md links each page of docs/ once, and what is told elsewhere, and the README links the index."""
    linked = re.findall(r"^\| \[\S+\]\((\S+)\) \|", (DOCS / "README.md").read_text(), re.MULTILINE)
    pages = {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")} - {"README.md"}
    assert {page for page in linked if not page.startswith("../")} == pages
    assert len(linked) == len(set(linked))
    assert "](docs/README.md)" in (ROOT / "README.md").read_text()


@every_page
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    """A path of Python code is given from the top on, or from privsearch/ or tests/ on."""
    written_by_an_export = {"model.py"}
    for path in set(re.findall(r"`([\w/]+\.py)`", prose(page))) - written_by_an_export:
        assert any((ROOT / top / path).is_file() for top in ("", "privsearch", "tests")), path


def test_the_readme_and_contributing_are_short() -> None:
    """They are read to the end."""
    for page, most in [("README.md", 150), ("CONTRIBUTING.md", 50)]:
        lines = (ROOT / page).read_text().splitlines()
        assert len(lines) <= most
        assert [line for line in lines if len(line) > 120 and not line.startswith("|")] == []


@pytest.mark.parametrize("page", ["README.md", "docs/sweeps.md", "docs/audit.md", "docs/start.md"])
def test_the_sweep_files_of_the_pages_are_read(page: str, tmp_path: Path) -> None:
    """An example of a sweep file is one."""
    (example,) = re.findall(r"^```yaml\n(.*?)^```$", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / "mine.yaml").write_text(example)
    assert read_sweep(tmp_path / "mine.yaml").name in ("mine", "one-run")


def test_sweeps_has_every_field_axis_and_attack() -> None:
    """docs/sweeps.md leaves nothing out that may stand in a sweep file."""
    told = set(re.findall(r"`(\w+)", (DOCS / "sweeps.md").read_text()))
    trainable = {kind: PROTOCOLS[kind] for kind in TRAINABLE}
    protocols = {*trainable, *(field for protocol in trainable.values() for field in protocol.model_fields)}
    protocols -= {"kind", "race"}  # a race stands in the place of a number
    names = {*get_args(DatasetName), *AXES, *RECIPE_AXES, *ATTACK_KINDS, *protocols}
    assert {*names, *SweepSpec.model_fields} - told == set()


def test_commands_has_every_command_and_option() -> None:
    """docs/commands.md leaves out no command, and no option of any."""
    told = (DOCS / "commands.md").read_text()
    program = get_command(app)
    assert isinstance(program, TyperGroup)
    assert {"plan", "sweep", "data"} <= program.commands.keys()
    for name, command in program.commands.items():
        assert f"\nprivsearch {name} " in told
        options = [parameter.opts[0] for parameter in command.params if parameter.param_type_name == "option"]
        assert [option for option in options if f"`{option}" not in told] == []


def test_the_glossary_has_the_words_of_the_readme() -> None:
    """Whoever has never heard of a shadow network finds it there, and each word stands there once."""
    words = re.findall(r"^- \*\*(.+?)\*\*:", (DOCS / "glossary.md").read_text(), re.MULTILINE)
    assert len(words) == len(set(words))
    needed = "Membership inference, Target, Shadow, Placebo, Excess, Noise floor, Surrogate gradient, Membrane, LIF, "
    needed += "Pareto front, Cohort, Protocol, Task, Trial, Study, Sweep, Member, AUC, TPR at low FPR, Epsilon"
    assert set(needed.split(", ")) <= set(words)


def test_the_tour_shows_five_small_pictures() -> None:
    """Each is shown once, and together they weigh less than a report."""
    pictures = sorted((DOCS / "tour").glob("*.png"))
    assert re.findall(r"^!\[.+\]\((tour/.+)\)$", (DOCS / "tour.md").read_text(), re.MULTILINE) == [
        f"tour/{picture.name}" for picture in pictures
    ]
    assert len(pictures) == 5
    assert sum(picture.stat().st_size for picture in pictures) < 1_500_000


def test_notebooks_are_kept_without_outputs() -> None:
    """They are Markdown, which is run when the site is built."""
    notebooks = sorted((DOCS / "notebooks").iterdir())
    assert len(notebooks) >= 2
    for notebook in notebooks:
        assert notebook.suffix == ".md"
        assert notebook.read_text().startswith("---\nfile_format: mystnb\n")
