from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from privsearch.data.describe import describe_file
from privsearch.report.terminal.description import description_lines

ROWS = "".join(f"{k},{'xyz'[k % 3]},{k * 37 % 101},{'yes' if k % 2 else 'no'}\n" for k in range(40))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table lies where the command is run, as a long path would break its line."""
    monkeypatch.chdir(tmp_path)


def lines(path: Path, label: str | None) -> list[str]:
    """What is printed on a terminal of 80 columns, blanks at the ends of lines left out."""
    console = Console(file=StringIO(), width=80)
    with console.capture() as captured:
        for line in description_lines(describe_file(str(path), label)):
            console.print(line)
    return [line.rstrip() for line in captured.get().splitlines() if line.strip()]


def test_what_a_table_holds_is_said_with_the_entry() -> None:
    """The rows, each column, the classes, and lines to paste at the end."""
    path = Path("t.csv")
    path.write_text("id,kind,size,label\n" + ROWS)
    said = lines(path, "label")
    assert said[0] == "t.csv: 40 rows"
    assert said[1].split() == ["column", "type", "missing", "different", "content", "note"]
    assert any(line.startswith(" kind   text") and line.endswith("categories") for line in said)
    assert "Classes: 20 each. A network's input: 5." in said
    entry = said[said.index("For a sweep file:") + 1 :]
    assert entry[:2] == ["datasets:", "- name: t"]
    assert entry[-2:] == ["  categorical: [kind]", "  drop: [id]"]
    assert max(map(len, said)) <= 80


def test_without_a_label_it_is_asked_for() -> None:
    """There are no classes and no entry then."""
    path = Path("t.csv")
    path.write_text("id,kind,size,label\n" + ROWS)
    said = " ".join(lines(path, None))
    assert "Say which column holds the class, with --label COLUMN" in said
    assert "For a sweep file" not in said


def test_the_terminal_obeys_no_name() -> None:
    """Column and class names of strangers are shown as they are, markup and control characters included."""
    path = Path("t.csv")
    path.write_text("\x1b[31mid,[red]kind,size,label\n" + ROWS.replace("yes", "\x07yes"))
    said = "\n".join(lines(path, "label"))
    assert "\x1b" not in said
    assert "\x07" not in said
    assert r"\x1b[31mid" in said
    assert "[red]kind" in said
