"""The plan of the house: what lies where, said once, and in plain English."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import privsearch

HOUSE: Final = Path(privsearch.__file__).parent
ROOT: Final = HOUSE.parent
PACKAGES: Final = sorted(path.parent for path in HOUSE.rglob("__init__.py") if path.parent != HOUSE)
RIDDLES: Final = {"What", "Whether", "Who", "Whom", "Whose", "How", "Where", "Why", "Which", "When"}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_a_package_says_what_lies_in_it(package: Path) -> None:
    """Every file and every package in it has one line in the docstring, which begins with its name."""
    docstring = ast.get_docstring(ast.parse((package / "__init__.py").read_text())) or ""
    listed = re.findall(r"^(\w+(?:\.py|/))  *\S", docstring, re.MULTILINE)
    files = [path.name for path in package.glob("*.py") if path.name != "__init__.py"]
    packages = [f"{path.parent.name}/" for path in package.glob("*/__init__.py")]
    assert sorted(listed) == sorted(files + packages)


def test_the_top_is_seen_at_a_glance() -> None:
    """A newcomer looks at no more than fourteen things, the marker for type checkers aside."""
    entries = {path.name for path in HOUSE.iterdir()} - {"__pycache__", "py.typed"}
    assert len(entries) <= 14, sorted(entries)


def test_no_file_is_long() -> None:
    """A file has one reason to exist, and at most 350 lines."""
    lengths = {str(path.relative_to(HOUSE)): len(path.read_text().splitlines()) for path in HOUSE.rglob("*.py")}
    assert not {name: length for name, length in lengths.items() if length > 350}


def test_the_floors_are_few() -> None:
    """One contract of at most eleven layers holds all packages, and one contract alone makes exceptions: the last."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (floors,) = (contract for contract in contracts if contract["type"] == "layers")
    assert floors["exhaustive"]
    assert len(floors["layers"]) <= 11
    assert [contract["name"] for contract in contracts if "ignore_imports" in contract] == [contracts[-1]["name"]]


def test_the_readme_draws_the_house_as_it_is() -> None:
    """The tree in the README has a line for each package, and no other."""
    tree = (ROOT / "README.md").read_text().partition("\nprivsearch/\n")[2].partition("```")[0]
    drawn = re.findall(r"^  (\w+/)", tree, re.MULTILINE)
    assert sorted(drawn) == sorted(f"{path.name}/" for path in PACKAGES if path.parent == HOUSE)


def _docstrings() -> Iterator[tuple[str, str]]:
    """Yield every docstring of the package with the place that it stands in."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for path in sorted(HOUSE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, kinds) and (docstring := ast.get_docstring(node)):
                yield f"{path.relative_to(HOUSE)}:{getattr(node, 'lineno', 1)}", docstring


def test_docstrings_name_a_thing() -> None:
    """At most one in fifty opens with an interrogative or a relative word, as a riddle does."""
    docstrings = list(_docstrings())
    riddles = [where for where, docstring in docstrings if docstring.split(maxsplit=1)[0] in RIDDLES]
    assert len(docstrings) > 1000
    assert len(riddles) <= 0.02 * len(docstrings), riddles
