import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from privsearch import load_study
from privsearch.analysis.tasks import Task
from privsearch.report.unchanged import MEMORY, draw_changed

TABULAR = Path(__file__).parents[2] / "studies" / "tabular"


class Pencil:
    """Something that draws a file for each task, and notes which ones it has drawn."""

    def __init__(self) -> None:
        self.drawn: list[str] = []

    def __call__(self, folder: Path, tasks: list[Task]) -> list[Path]:
        for task in tasks:
            self.drawn.append(task.name)
            (folder / f"{task.name}.png").write_text(task.title)
        return [folder / f"{task.name}.png" for task in tasks]


@pytest.fixture(scope="module")
def two() -> list[Task]:
    """Two tasks that each have a front."""
    return load_study(TABULAR).tasks()


@pytest.fixture
def folder(tmp_path: Path, two: list[Task]) -> Path:
    """A folder in which both are drawn."""
    draw_changed(tmp_path, two, Pencil())
    return tmp_path


def redrawn(folder: Path, tasks: list[Task]) -> list[str]:
    pencil = Pencil()
    draw_changed(folder, tasks, pencil)
    return pencil.drawn


def test_what_is_drawn_already_is_not_drawn_again(folder: Path, two: list[Task]) -> None:
    """The same numbers are drawn once, and their files are not touched."""
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert redrawn(folder, two) == []
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_other_numbers_are_drawn(folder: Path, two: list[Task]) -> None:
    """One changed number of one task has that task drawn again, and no other."""
    rows = two[1].rows.assign(test_accuracy=two[1].rows["test_accuracy"] - 1e-9)
    assert redrawn(folder, [two[0], replace(two[1], rows=rows)]) == [two[1].name]


def test_other_objectives_are_drawn(folder: Path, two: list[Task]) -> None:
    """The same table under other objectives is another drawing."""
    changed = replace(two[0], objectives={**two[0].objectives, "train_accuracy": "maximize"})
    assert redrawn(folder, [changed]) == [two[0].name]


@pytest.mark.parametrize("harm", ["deleted", "cut short", "replaced", "moved here"])
def test_a_file_that_somebody_touched_is_drawn_again(folder: Path, two: list[Task], harm: str) -> None:
    """A drawing that is not as it was left is made again, even if a stranger gave it the size and date it had."""
    file = folder / f"{two[0].name}.png"
    content, status = file.read_bytes(), file.stat()
    if harm == "deleted":
        file.unlink()
    elif harm == "cut short":
        file.write_bytes(content[:3])
    else:
        file.write_bytes(content if harm == "moved here" else content[::-1])
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert redrawn(folder, two) == [two[0].name]
    assert file.read_bytes() == content


def test_a_copied_folder_is_drawn_again(folder: Path, two: list[Task], tmp_path: Path) -> None:
    """What comes from elsewhere with its own memory is not believed."""
    copy = Path(shutil.copytree(folder, tmp_path.with_name("elsewhere")))
    assert redrawn(copy, two) == [task.name for task in two]


@pytest.mark.parametrize("content", ["", "[]", '{"iris": 3}', '{"iris": {"made_from": "x"}}', "[" * 100_000])
def test_a_damaged_memory_is_no_memory(folder: Path, two: list[Task], content: str) -> None:
    """Whatever stands there, all are drawn, and remembered."""
    (folder / MEMORY).write_text(content)
    assert redrawn(folder, two) == [task.name for task in two]
    assert redrawn(folder, two) == []
