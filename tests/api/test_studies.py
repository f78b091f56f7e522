import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders import make_completed
from command_line import files

import privsearch
from privsearch.api.arguments import read_request
from privsearch.api.study import Study
from privsearch.errors import SpecError, StudyError
from privsearch.spec import SweepSpec
from privsearch.study.record import RecordWriter


@pytest.fixture
def study(tmp_path: Path, tiny_sweep: SweepSpec) -> Study:
    """A study of one trial, beside whose record nothing can be written: files lie where folders must be."""
    made = Study(tmp_path / "study")
    made.begin(tiny_sweep, {"a" * 16: "iris"}, {})
    with RecordWriter(made.record_path) as record:
        record.append(make_completed())
    for folder in (made.outputs.audit, made.outputs.analysis, made.outputs.tables, made.outputs.comparison):
        folder.write_text("in the way")
    return made


@pytest.mark.parametrize(
    "call",
    [
        lambda study, show: privsearch.audit_study(study, write=True, show=show),
        lambda study, show: privsearch.explain_study(study, show=show),
        lambda study, show: privsearch.write_paper_tables(study, show=show),
        lambda study, show: privsearch.compare_with_paper(study, write=True, show=show),
        lambda study, show: privsearch.remake_outputs(study, show=show),
    ],
)
def test_what_was_computed_is_shown_before_it_is_written(
    study: Study, call: Callable[[Study, Callable[[Any], None]], None]
) -> None:
    """So it is not lost if no file can be written."""
    study.outputs.table("results").mkdir()
    reports: list[Any] = []
    with pytest.raises(StudyError):
        call(study, reports.append)
    assert len(reports) == 1
    assert re.search("0 files written|published numbers|1 fronts", repr(reports[0]))


def test_a_page_elsewhere_asks_for_no_right_to_write_into_the_study(study: Study, tmp_path: Path) -> None:
    """A colleague's study can be read as a page."""
    before = files(study.path)
    privsearch.write_report(study, tmp_path / "page.html")
    assert files(study.path) == before
    assert (tmp_path / "page.html").exists()


def test_repairs_are_told_as_they_are_made(study: Study) -> None:
    """A caller hears of each, whatever comes after it."""
    with study.record_path.open("ab") as file:
        file.write(b'{"torn\n')
    heard: list[str] = []
    report = privsearch.check_study(study, repair=True, on_repair=heard.append)
    assert heard == list(report.repaired)
    assert heard[0].startswith("trials.jsonl, line 2: moved to")


def test_a_request_takes_no_second_study(tiny_sweep: SweepSpec, tmp_path: Path) -> None:
    """Its study and settings are those that it was read with; others beside it are refused, not ignored."""
    request = read_request(tiny_sweep, tmp_path / "one")
    with pytest.raises(SpecError, match="has its study and its settings already"):
        privsearch.plan_sweep(request, study=tmp_path / "two")
