import io
import math
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from builders import make_completed, not_learnt
from rich.console import Console

from privsearch.analysis.frames import results_frame
from privsearch.analysis.paper.verdicts import verdicts
from privsearch.errors import StudyError
from privsearch.report.documents.paper_claims import claims_markdown, published_markdown
from privsearch.report.documents.paper_comparison import (
    compare_cells,
    comparison_markdown,
    comparison_view,
    write_comparison,
)
from privsearch.report.documents.paper_verdicts import verdict_views, verdicts_csv, verdicts_markdown
from privsearch.report.wording.formats import MISSING
from privsearch.spec import HalvesProtocol, TrialSpec
from privsearch.study.result import Completed, Failed, TrialResult

StudyOf = Callable[..., list[TrialResult]]


def printed(*renderables: object) -> list[str]:
    log = io.StringIO()
    Console(file=log, width=80, markup=False, emoji=False, highlight=False).print(*renderables, sep="\n")
    return log.getvalue().splitlines()


@pytest.fixture
def frame(study_of: StudyOf) -> pd.DataFrame:
    return results_frame(study_of(lambda spec: {"accuracy": 0.95, "auc": 0.55}))


def test_every_published_number_has_a_row(frame: pd.DataFrame) -> None:
    """65 configurations with three numbers each, the study's beside those that it has."""
    cells = compare_cells(frame)
    assert len(cells) == 195
    assert cells["status"].value_counts().to_dict() == {"missing": 117, "completed": 78}
    assert set(cells.loc[cells["ours"].notna(), "dataset"]) == {"iris", "breast_cancer"}


def test_difference_is_in_units_of_the_joint_spread(frame: pd.DataFrame) -> None:
    """Ours minus published, divided by the root of the summed squares of both standard deviations."""
    cells = compare_cells(frame)
    cell = cells.query(
        "table == 'II' and dataset == 'iris' and model == 'ann' and weight_bit_width == 4 and quantity == 'attack_auc'"
    ).iloc[0]
    row = frame.query("dataset == 'iris' and model == 'ann' and weight_bit_width == 4").iloc[0]
    assert (cell["published"], cell["published_sd"], cell["n"]) == (0.7163, 0.16, 5)
    assert cell["difference"] == pytest.approx(row["svm.auc"] - 0.7163)
    assert cell["difference_in_sd"] == pytest.approx((row["svm.auc"] - 0.7163) / math.hypot(row["svm.auc_sd"], 0.16))


def test_both_tables_are_compared_with_the_same_trial(frame: pd.DataFrame) -> None:
    """The full-precision SNN with fast sigmoid stands in both tables: two published numbers, one of ours."""
    same = compare_cells(frame).query(
        "dataset == 'iris' and surrogate_gradient == 'fast_sigmoid' and weight_bit_width.isna() "
        "and quantity == 'attack_auc'"
    )
    assert same["table"].tolist() == ["II", "III"]
    assert same["published"].tolist() == [0.5728, 0.654]
    assert len(set(same["ours"])) == 1


def test_unknown_spread_gives_no_ratio(study_of: StudyOf) -> None:
    """With one replicate the difference stands, and its ratio to the spread is n/a."""
    cells = compare_cells(results_frame(study_of(lambda spec: {}, replicates=1)))
    ours = cells[cells["status"] == "completed"]
    assert ours["difference"].notna().all()
    assert ours["difference_in_sd"].isna().all()
    line = next(line for line in comparison_markdown(cells, "svm").splitlines() if "| Iris |" in line)
    assert line.endswith("| n/a |")


def test_spread_of_zero_on_both_sides_gives_no_ratio(study_of: StudyOf) -> None:
    """Where neither side varies, there is no unit to count in."""
    frame = results_frame(study_of(lambda spec: {})).assign(test_accuracy_sd=0.0)
    cells = compare_cells(frame).query("quantity == 'test_accuracy' and status == 'completed'")
    assert cells["difference_in_sd"].isna().equals(cells["published_sd"] == 0)
    assert (cells["published_sd"] == 0).any()


def test_what_has_not_learnt_is_compared_in_accuracy_alone(study_of: StudyOf) -> None:
    """Its attack AUC is not set beside the paper's."""
    results = [
        not_learnt(result) if isinstance(result, Completed) and result.spec.model == "ann" else result
        for result in study_of(lambda _: {})
    ]
    cells = compare_cells(results_frame(results))
    ann = cells[(cells["model"] == "ann") & (cells["status"] == "completed")]
    assert ann[ann["quantity"] == "attack_auc"]["difference"].isna().all()
    assert ann[ann["quantity"] == "test_accuracy"]["difference"].notna().all()
    assert cells[(cells["model"] == "snn") & (cells["quantity"] == "attack_auc")]["difference"].notna().any()


def test_failed_and_missing_trials_are_told_apart(study_of: StudyOf) -> None:
    """A failed trial says so where its numbers would be; a configuration that was not asked for is a dash."""
    first = study_of(lambda spec: {})
    spec = first[0].spec
    first[0] = Failed(trial_id="f", spec=spec, error="E", message="m", traceback="", seconds=1.0)
    text = comparison_markdown(compare_cells(results_frame(first)), "svm")
    assert "| II | Iris | ANN fp32 | test accuracy | 1.0000 ± 0.0000 | failed | failed | failed |" in text
    assert f"| II | MNIST | ANN fp32 | test accuracy | 0.9921 ± 0.0001 | {MISSING} | {MISSING} | {MISSING} |" in text


def test_trials_of_another_protocol_are_left_aside(study_of: StudyOf) -> None:
    """The published numbers are set beside trials under the paper's protocol, and a study without one is refused."""
    results = study_of(lambda spec: {})
    halves = [make_completed(f"{k:015x}h", protocol=HalvesProtocol(), **r.spec.axes()) for k, r in enumerate(results)]
    alone, mixed = (compare_cells(results_frame(trials)) for trials in (results, [*halves, *results]))
    pd.testing.assert_frame_equal(mixed, alone)
    with pytest.raises(StudyError, match="'paper' can be set beside the paper, but this study has none"):
        compare_cells(results_frame(halves))


def test_terminal_shows_what_the_study_has(frame: pd.DataFrame) -> None:
    """The terminal leaves out datasets that the study has not, counts them, and stays within 80 characters."""
    lines = printed(comparison_view(compare_cells(frame), "svm"))
    text = " ".join(" ".join(lines).split())
    assert "Table II, Iris" in text
    assert "Table III, Breast Cancer" in text
    assert "MNIST" not in text
    assert "117 of 195 published numbers have no counterpart" in text
    assert max(map(len, lines)) <= 80
    assert sum(line.startswith("  attack AUC") for line in lines) == 26


def lower_auc_with_quantised_weights(spec: TrialSpec) -> dict[str, float]:
    return {"auc": 0.6 - 0.05 * (spec.weight_bit_width is not None)}


def test_terminal_has_a_line_for_each_verdict(study_of: StudyOf) -> None:
    """A claim, and below it each dataset with the verdicts of the study and of the paper's means, on one line."""
    lines = printed(*verdict_views(verdicts(study_of(lower_auc_with_quantised_weights)), "svm"))
    assert lines[0].split("  ")[-1].strip() == "paper's means"
    start = lines.index("1. Quantised weights make ANNs leak less")
    assert [" ".join(line.split()) for line in lines[start + 1 : start + 4]] == [
        f"{dataset} supported (n = 5) supported (n = 5) holds" for dataset in ("Iris", "Breast Cancer", "all")
    ]
    escape = lines.index("20. Spike rate escape leaks least on most datasets")
    assert " ".join(lines[escape + 3].split()) == "most not significant (n = 5) not significant (n = 5) violated"
    accuracy = lines.index("5. Higher thresholds make 4- and 8-bit SNNs more accurate")
    assert " ".join(lines[accuracy + 1].split()) == f"Iris not significant (n = 5) {MISSING} not published"
    assert sum(re.match(r"\d+\. \S", line) is not None for line in lines) == 37
    assert max(map(len, lines)) <= 80


def test_words_are_those_of_a_test(study_of: StudyOf) -> None:
    """Significant or not, equivalent or not tested: no riddles."""
    results = study_of(lambda spec: {})
    found = verdicts([*results[:-1], *study_of(lambda spec: {}, replicates=1)[-1:]])
    text = verdicts_markdown(found, "svm") + " ".join(printed(*verdict_views(found, "svm")))
    assert not [words for words in ("annot", "told", "tell", "no attack") if words in text]
    assert "not significant (n = 5)" in text


def test_claims_in_markdown_list_every_comparison(study_of: StudyOf) -> None:
    """All the verdicts at a glance with what decides them, all the numbers, the claims, and the paper's own tables."""
    found = verdicts(study_of(lower_auc_with_quantised_weights, noise=1e-6))
    glance, numbers, claims, own = verdicts_markdown(found, "svm").split("\n## ")
    assert glance.count("\n| ") == 2 + 35 * 3 + 2
    assert numbers.count("\n| ") == 2 + sum(len(verdict.comparisons) for verdict in found)
    assert glance.count(f"| {MISSING} |") == 16 * 3 + 2
    line = next(line for line in glance.splitlines() if line.startswith("| 1. Quantised weights make ANNs leak less |"))
    assert "| **supported: significant** (n = 5); fp32 - w" in line
    assert ": +0.0500 [+0.0500, +0.0500] |" in line
    assert line.endswith("| holds |")
    assert claims_markdown() in claims
    assert published_markdown() in own


def test_published_difference_stands_beside_the_studys(study_of: StudyOf) -> None:
    """In the numbers and in the CSV, for what the tables have; an excess has no published counterpart."""
    found = verdicts(study_of(lambda spec: {}))
    claims = pd.read_csv(io.StringIO(verdicts_csv(found)))
    two = claims[(claims["claim"] == 2) & (claims["dataset"] == "breast_cancer")].set_index(["success", "what"])
    assert two["published"].loc["as published"].to_dict() == {
        "ANN w8 - SNN fp32": pytest.approx(-0.0034),
        "ANN w4 - SNN fp32": pytest.approx(-0.0130),
        "ANN w2 - SNN fp32": pytest.approx(0.0266),
        **{f"ANN a{k} - SNN fp32": pytest.approx(math.nan, nan_ok=True) for k in (8, 4, 2)},
    }
    assert two["published"].loc["excess over placebo"].isna().all()
    assert set(two["paper_means"]) == {"violated"}
    assert "| Breast Cancer | as published | ANN w4 - SNN fp32 | > 0 | -0.0130 |" in verdicts_markdown(found, "svm")


def test_files_say_the_same_as_the_objects(study_of: StudyOf, tmp_path: Path) -> None:
    """Four files: the published numbers and the claims, each to read and to compute with."""
    results = study_of(lambda spec: {})
    found = verdicts(results)
    paths = write_comparison(tmp_path / "new", compare_cells(results_frame(results)), found)
    assert [path.name for path in paths] == ["comparison.csv", "comparison.md", "claims.csv", "claims.md"]
    claims = pd.read_csv(tmp_path / "new" / "claims.csv")
    assert len(claims) == sum(len(verdict.comparisons) for verdict in found)
    assert claims["verdict"].tolist() == [verdict.verdict for verdict in found for _ in verdict.comparisons]
    assert len(pd.read_csv(tmp_path / "new" / "comparison.csv")) == 195
