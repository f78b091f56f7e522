from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from privsearch.api.study import Study
from privsearch.data import Persons
from privsearch.report.terminal.data import class_words, data_lines, finding_lines, person_words
from privsearch.spec import SweepSpec
from privsearch.sweep.plan import make_plan


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ({"a": 50, "b": 50}, "50 each"),
        ({"yes": 357, "no": 2120}, "yes 357, no 2,120"),
        ({"a": 9, "b": 8, "c": 7, "d": 6, "e": 5}, "a 9, b 8, ... e 5"),
    ],
)
def test_classes_are_told_in_a_few_words(sizes: dict[str, int], words: str) -> None:
    """The largest and the least; all at once if they are alike."""
    assert class_words(sizes) == words


@pytest.mark.parametrize(
    ("persons", "words"),
    [
        (Persons("patient", 1200, 1, 31), "1,200 by patient, 1 to 31 rows each"),
        (Persons("patient", 80, 3, 3), "80 by patient, 3 rows each"),
        (None, ""),
    ],
)
def test_persons_are_counted(persons: Persons | None, words: str) -> None:
    """With the fewest and the most rows of one; a dataset without them has nothing to tell."""
    assert person_words(persons) == words


def test_a_plan_shows_what_it_is_about_to_train_on(tiny_sweep: SweepSpec, tmp_path: Path) -> None:
    """Shapes, classes and identical rows of each dataset, and a line for what may not be meant."""
    x, y = np.random.default_rng(0).normal(size=(50, 3)), np.repeat(["no", "No"], [40, 10])
    np.savez(tmp_path / "mine.npz", x=np.concatenate([x, x]), y=np.concatenate([y, y]))
    mine = {"name": "mine", "path": str(tmp_path / "mine.npz"), "kind": "npz"}
    sweep = SweepSpec.model_validate(tiny_sweep.model_dump() | {"datasets": ["iris", mine]})
    plan = make_plan(sweep, Study(tmp_path / "study"))
    console = Console(width=100)
    with console.capture() as captured:
        console.print(*data_lines(plan), sep="\n")
    rows = [line.split() for line in captured.get().splitlines()]
    assert ["iris", "120", "30", "4", "3", "50", "each", "1"] in rows
    assert ["mine", "80", "20", "3", "2", "no", "80,", "No", "20", "50"] in rows
    spelling, uneven, repeats = finding_lines(plan.sweep.datasets)
    assert spelling.startswith("mine: Labels that differ only in blanks, capitals")
    assert "'no' every time has an accuracy of 0.800" in uneven
    assert "50 of 100 examples repeat an earlier one" in repeats
    assert plan.summary()["data"]["mine"]["classes"] == {"no": 80, "No": 20}


def test_a_plan_says_what_networks_see_of_inputs_over_time(tiny_sweep: SweepSpec, tmp_path: Path) -> None:
    """An SNN one step after the other; an ANN, which has no steps, something else."""
    x, y = np.random.default_rng(0).random(size=(50, 6, 2, 8, 8)), np.arange(50) % 2
    np.savez(tmp_path / "frames.npz", x=x, y=y)
    np.savez(tmp_path / "table.npz", x=x[:, :, 0, 0], y=y, lengths=y + 5)
    given = [{"name": name, "path": str(tmp_path / f"{name}.npz"), "kind": "npz"} for name in ("frames", "table")]
    plan = make_plan(
        SweepSpec.model_validate(tiny_sweep.model_dump() | {"datasets": ["iris", *given]}), Study(tmp_path / "study")
    )
    console = Console(width=100)
    with console.capture() as captured:
        console.print(*data_lines(plan), sep="\n")
    told = captured.get()
    assert "6 steps of 2x8x8" in told
    assert "6 steps of 8 " in told
    assert "frames: over time; an SNN is driven step by step, an ANN sees the mean of an example's frames" in told
    assert "table: over time; an SNN is driven step by step, an ANN sees all steps side by side" in told
    assert "iris: over time" not in told


def test_a_plan_counts_the_examples_that_encodings_cut(tiny_sweep: SweepSpec, tmp_path: Path) -> None:
    """Those of the test split with a value beyond the training split's; nothing is told where nothing is encoded."""
    x, y = np.linspace(0, 1, 40)[:, None], np.arange(40) % 2
    beyond = np.array([[0.5], [1.5], [-0.5], [0.1]])
    np.savez(tmp_path / "mine.npz", x_train=x, y_train=y, x_test=beyond, y_test=y[:4])
    mine = {"name": "mine", "path": str(tmp_path / "mine.npz"), "kind": "npz"}
    for encoding, told in (("rate", True), ("direct", False)):
        fields = {"datasets": [mine], "grids": {"first": {"model": ["snn", "ann"], "encoding": [encoding]}}}
        sweep = SweepSpec.model_validate(tiny_sweep.model_dump() | fields)
        lines = [line for line in data_lines(make_plan(sweep, Study(tmp_path / "study"))) if isinstance(line, str)]
        assert any(line.startswith("mine: 2 of 4 test examples have a value beyond") for line in lines) == told
