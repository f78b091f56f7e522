import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.plot import plot_results
from benchmarks.result import Result, append_result, load_results
from benchmarks.table import measured, print_results
from benchmarks.worker import Timing

ENVIRONMENT = {
    "written_at": "2026-01-01T00:00:00+00:00",
    "python": "3.11.7",
    "packages": {"torch": "2.11.0"},
    "machine": {"processor": "A processor", "cores": 2},
    "privsearch": {"version": "1", "commit": "abc"},
}
PAIRS = ((Timing(1.0, 0.5), Timing(2.0, 1.5)), (Timing(1.0, 0.5), Timing(2.0, 2.0)))
RESULT = Result(
    "pair", "a step", "a loop", 2.2, "x", False, ENVIRONMENT, PAIRS[0], PAIRS, (3.0, 2.0, 2.5), True, "all alike"
)


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    """JSON Lines keep every field of every result, in their order; before the first there are none."""
    path = tmp_path / "results.jsonl"
    assert load_results(path) == []
    failed = replace(RESULT, values=(), timings=(), warm_up=(), agrees=None, failure="no\nluck")
    for result in (RESULT, failed):
        append_result(path, result)
    assert load_results(path) == [RESULT, failed]


@pytest.mark.parametrize(
    ("fields", "is_met"),
    [
        ({}, True),
        ({"target": 2.6}, False),
        ({"agrees": False}, False),
        ({"unit": "s"}, False),
        ({"unit": "s", "target": 2.6}, True),
        ({"values": ()}, False),
    ],
)
def test_a_ratio_reaches_its_target_and_a_bound_stays_below(fields: dict[str, object], is_met: bool) -> None:
    """The median decides, and a side that computed something else never wins."""
    assert replace(RESULT, **fields).is_met is is_met


def test_the_table_says_what_was_measured_and_where() -> None:
    """Median, smallest and largest value, their number, the check's outcome, and the machine."""
    assert measured(RESULT) == "2.5x (2-3, n = 3)"
    assert measured(replace(RESULT, unit="share", values=(0.031,))) == "0.031 (n = 1)"
    out = io.StringIO()
    failed = replace(RESULT, values=(), failure="Traceback\nValueError: no such luck")
    print_results([RESULT, failed], Console(file=out, width=400))
    lines = [" ".join(line.split()) for line in out.getvalue().splitlines() if line.strip()]
    row = "| a step | a loop | at least 2.2x | 2.5x (2-3, n = 3) | yes | 1.0 s, 2.0 s | yes: all alike |"
    assert row in lines
    assert "not measured: ValueError: no such luck" in lines[3]
    assert "A processor, 2 cores, one thread a side; Python 3.11.7, torch 2.11.0" in lines[-1]


def test_the_plot_has_a_panel_for_each_row_that_was_measured(tmp_path: Path) -> None:
    """A PNG and an SVG with the row's name and the machine's; without measurements, neither."""
    assert plot_results([replace(RESULT, values=())], tmp_path / "none") == []
    png, svg = plot_results([RESULT, replace(RESULT, row="other", quick=True)], tmp_path / "results")
    assert png.stat().st_size > 0
    assert all(word in svg.read_text() for word in ("pair", "other", "A processor, 2 cores", "target"))
