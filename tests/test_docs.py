import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parent.parent / "docs"
_BLOCK = re.compile(r"^```(python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.usefixtures("forgetting")
@pytest.mark.parametrize("page", ["api.md", "extending.md"])
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
