import io
from collections.abc import Callable

import pandas as pd
import pytest
from rich.console import Console

from privsearch.analysis.frames import results_frame
from privsearch.analysis.paper.verdicts import Verdict, verdicts
from privsearch.report.documents.paper_comparison import compare_cells
from privsearch.report.documents.paper_readings import reading_names
from privsearch.report.documents.paper_tables import paper_tables, to_csv
from privsearch.report.documents.paper_verdicts import verdict_views, verdicts_csv, verdicts_markdown
from privsearch.spec import TrialSpec
from privsearch.study.result import TrialResult

StudyOf = Callable[..., list[TrialResult]]


def printed(found: list[Verdict]) -> list[str]:
    log = io.StringIO()
    Console(file=log, width=80, markup=False, emoji=False, highlight=False).print(
        *verdict_views(found, "svm"), sep="\n"
    )
    return [line.rstrip() for line in log.getvalue().splitlines()]


def readout_costs(spec: TrialSpec) -> dict[str, float]:
    return {"accuracy": 0.9 - 0.1 * bool(spec.quantize_readout)}


@pytest.fixture
def results(study_of: StudyOf) -> list[TrialResult]:
    """A study of four readings, two of which quantise the readout, at a cost."""
    return study_of(readout_costs, quantize_readout=[False, True], quantize_state=["before_firing", "after_firing"])


@pytest.fixture
def found(results: list[TrialResult]) -> list[Verdict]:
    return verdicts(results)


NAMES = (
    *("default", "quantize_state after_firing", "quantize_readout true"),
    "quantize_readout true, quantize_state after_firing",
)


def test_readings_stand_side_by_side_in_markdown(found: list[Verdict]) -> None:
    """First come a row a claim and dataset and a column a reading, for each success, the counts of findings last."""
    assert reading_names(found) == NAMES
    _, published, excess_and_rest = verdicts_markdown(found, "svm").split("## By reading of the paper, ")
    excess, _, rest = excess_and_rest.partition("## All claims")
    lines = [line for line in published.splitlines() if line.startswith("|")]
    assert lines[0] == f"| Claim | Dataset | {' | '.join(NAMES)} |"
    assert len(lines) == 2 + 7 * 3 + 2 + 1
    assert (
        "| 6. Quantised activations cost SNNs little accuracy | Iris | supported | supported | contradicted "
        "| contradicted |"
    ) in lines
    own = [v for v in found if v.reading == NAMES[2] and v.success == "as published" and v.dataset != "all"]
    counted = (("supported", "equivalent"), ("contradicted",))
    supported, contradicted = (sum(v.verdict in findings for v in own) for findings in counted)
    assert lines[-1].split(" | ")[4] == f"{supported} / {contradicted}"
    assert sum(line.startswith("| ") for line in excess.splitlines()) == 2 + 4 * 3 + 1
    assert "| Claim | Reading | Dataset | This study | Excess over placebo | The paper's means |" in rest
    assert "| 1. Quantised weights make ANNs leak less | - | Iris |" in rest


def test_terminal_has_numbers_for_readings_and_their_key(found: list[Verdict]) -> None:
    """Within 80 characters a column has a reading's number, a mark the finding, and the text below has the key."""
    lines = printed(found)
    assert max(map(len, lines)) <= 80
    assert lines[1].split() == ["1", "2", "3", "4"]
    costs = lines.index("6. Quantised activations cost SNNs little accuracy")
    assert lines[costs + 1].split() == ["Iris", "yes", "yes", "no", "no"]
    text = " ".join(" ".join(lines).split())
    assert (
        f"1: {NAMES[0]}; 2: {NAMES[1]}; 3: {NAMES[2]}; 4: {NAMES[3]}. yes: supported or equivalent; no: contradicted"
        in text
    )
    assert "These are the claims that it may decide, on n = 5 replicates." in text


def test_claim_that_readings_decide_stands_in_their_table_alone(found: list[Verdict]) -> None:
    """What is said for each reading is not said again; the list below it has the other claims."""
    once = {f"{v.claim}. {v.text}" for v in found if v.reading != "-"}
    lines = printed(found)
    below = lines[next(place for place, line in enumerate(lines) if "paper's means" in line) :]
    assert not once & set(below)
    assert {f"{v.claim}. {v.text}" for v in found} - once <= set(below)


def test_csv_has_the_reading_of_each_comparison_if_there_are_several(found: list[Verdict], study_of: StudyOf) -> None:
    """With one reading a line is as without any."""
    several, one = (verdicts_csv(v) for v in (found, verdicts(study_of(lambda spec: {}))))
    header = "claim,text,{}dataset,success,verdict,bar,paper_means,what,n,difference,low,high,p,p_corrected,published"
    assert several.splitlines()[0] == header.format("reading,")
    assert one.splitlines()[0] == header.format("")
    assert f',"{NAMES[3]}",' not in one
    assert sum(f",{NAMES[1]}," in line for line in several.splitlines()) == sum(
        len(v.comparisons) for v in found if v.reading == NAMES[1]
    )


@pytest.mark.parametrize(("quantised", "ending"), [(False, ""), (True, ", with quantize_readout true")])
def test_single_reading_is_named_if_it_is_not_the_default(study_of: StudyOf, quantised: bool, ending: str) -> None:
    """A study of one reading has no table of readings, and the headings of what it may decide name one of its own."""
    found = verdicts(study_of(lambda spec: {}, quantize_readout=[quantised]))
    text, lines = verdicts_markdown(found, "svm"), printed(found)
    assert text.startswith(f"# The paper's claims{ending}\n")
    assert "eading" not in text
    assert f"6. Quantised activations cost SNNs little accuracy{ending}" in " ".join(" ".join(lines).split())
    assert "6. Quantised activations cost ANNs little accuracy" in lines


def test_tables_of_the_paper_are_the_same_for_all_readings(results: list[TrialResult]) -> None:
    """Tables II and III have full-precision activations, on which no reading has an effect."""
    frame = results_frame(results)
    one = frame[frame["quantize_readout"].ne(True) & frame["quantize_state"].ne("after_firing")]
    pd.testing.assert_frame_equal(compare_cells(frame), compare_cells(one))
    assert [to_csv(table) for table in paper_tables(frame)] == [to_csv(table) for table in paper_tables(one)]
    assert [table.caption for table in paper_tables(frame)] == [table.caption for table in paper_tables(one)]
