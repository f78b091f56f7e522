from collections.abc import Callable
from pathlib import Path

import pandas as pd
from builders import make_failed

from privsearch.analysis.audit import audit_table
from privsearch.report.documents.audit import write_audit
from privsearch.report.wording.formats import MISSING
from privsearch.spec import PaperProtocol
from privsearch.study.result import Completed, TrialResult

Audited = Callable[..., Completed]
Without = Callable[[Completed, str], Completed]


def document(folder: Path, results: list[TrialResult]) -> str:
    """The Markdown of an audit."""
    return write_audit(folder, results, audit_table(results))[1].read_text(encoding="utf-8")


def test_csv_holds_the_table(audited: Audited, tmp_path: Path) -> None:
    """What stands in audit.csv is the audit's table."""
    results = [audited([0.6] * 4, [0.5] * 4)]
    csv, markdown = write_audit(tmp_path / "audit", results, audit_table(results))
    assert (csv.name, markdown.name) == ("audit.csv", "audit.md")
    table = audit_table(results)
    pd.testing.assert_frame_equal(pd.read_csv(csv, dtype=table.dtypes.to_dict()), table)


def test_every_protocol_has_its_section(audited: Audited, tmp_path: Path) -> None:
    """Each dataset and protocol has a section with all attacks' AUCs, marked where guessing could give them."""
    results = [audited([0.6] * 4, [0.51] * 4, protocol=p, trial_id=p) for p in ("halves", "paper")]
    text = document(tmp_path, results)
    assert [line for line in text.splitlines() if line.startswith("## ")] == ["## iris, halves", "## iris, paper"]
    assert text.count("| ANN | 0.600 [0.579, 0.622] | ~0.510 [0.489, 0.532] | ") == 2
    assert "4 targets per configuration, each with 300 members and 200 non-members." in text
    assert "~ not shown to be above guessing: the 95 % interval contains 0.5." in text
    assert "hierarchical bootstrap" in text
    assert "worst: the attack with the highest mean AUC over the targets" in text
    assert MISSING not in text.split("The strongest attack")[0]


def test_strongest_attack_is_told_in_full(audited: Audited, tmp_path: Path) -> None:
    """The strongest attack has its rates, its advantage and its epsilon, or the reason why a rate is not there."""
    text = document(tmp_path, [audited([0.6] * 4, [0.51] * 4)])
    row = next(line for line in text.splitlines() if line.startswith("| ANN | 0.905"))
    cells = [cell.strip() for cell in row.split("|")[1:-1]]
    assert cells[2] == "svm"
    assert cells[3].startswith("0.600 [0.5")
    assert cells[4].startswith("0.200 [0.1")
    assert cells[6] == MISSING
    assert cells[8] == "0.00 of 1.5"
    assert f"{MISSING} TPR at 0.1 % FPR: needs 2000 non-members, has 200." in text


def test_bound_on_epsilon_says_what_it_rests_on(audited: Audited, tmp_path: Path) -> None:
    """Under `one_run` it assumes nothing of the examples, and the document says so; elsewhere it does not."""
    text = document(tmp_path, [audited([0.6], [0.51], protocol="one_run")])
    row = next(line for line in text.splitlines() if line.startswith("| ANN | 0.900"))
    assert [cell.strip() for cell in row.split("|")[1:-1]][8] == "0.00 of 1.5"
    guaranteed = "the bound holds whatever the examples do to one another"
    assert guaranteed in text
    assert guaranteed not in document(tmp_path, [audited([0.6] * 4, [0.51] * 4)])


def test_slices_are_told_at_their_extremes(audited: Audited, tmp_path: Path) -> None:
    """The most and the least exposed class are named; a slice without a number is a dash."""
    text = document(tmp_path, [audited([0.6] * 4, [0.51] * 4)])
    assert f"| ANN | svm | 0.600 | 0.600 (class 1) | 0.400 (class 0) | 0.600 | {MISSING} |" in text
    assert "of the attack with the highest mean AUC." in text
    assert "chosen on these very data, so its numbers are a little too high" in text


def test_exposed_examples_are_counted_over_configurations(audited: Audited, tmp_path: Path) -> None:
    """An example's accusations are summed over the configurations, beside what a guess would give.

    Under `paper`, where all examples are members, there is no such list.
    """
    trials = [audited([0.6] * 4, [0.5] * 4, trial_id=model, model=model) for model in ("ann", "snn")]
    text = document(tmp_path, trials)
    assert "| 7 | 2 | 2 | 6 of 8 | 0.8 | 2 of 8 |" in text
    assert "their trainings are not independent" in text
    paper = audited([0.6] * 4, [0.5] * 4, protocol="paper")
    assert "most exposed examples" not in document(tmp_path, [paper])


def test_targets_with_splits_of_their_own_tell_who_is_exposed(audited: Audited, tmp_path: Path) -> None:
    """Where each replicate of `paper` cuts the examples anew, an example is a member of one target and not of the next.

    The document says that, and not that they are shared.
    """
    paper = audited([0.6] * 4, [0.5] * 4, protocol="paper")
    protocol = PaperProtocol(replicates=4, resplit=True)
    resplit = paper.model_copy(update={"spec": paper.spec.model_copy(update={"protocol": protocol})})
    shared_text, own_text = document(tmp_path, [paper]), document(tmp_path, [resplit])
    assert "| 7 | 2 | 1 | 3 of 4 | 0.4 | 1 of 4 |" in own_text
    assert "All targets share their members" in shared_text
    assert "All targets share their members" not in own_text
    assert "the same examples, cut anew for each replicate" in own_text


def test_placebo_stands_beside_the_papers_numbers(audited: Audited, tmp_path: Path) -> None:
    """Under `paper` every attack has its placebo and its excess; under `halves` there is none."""
    paper = document(tmp_path, [audited([0.6] * 4, [0.5] * 4, protocol="paper")])
    assert "| ANN | 0.520 - 0.500 = +0.020 [+0.020, +0.020] | 0.520 - 0.500 = +0.020 [+0.020, +0.020] |" in paper
    decided = [line for line in paper.splitlines() if line.startswith("| ANN | 0.905")]
    sums = ("; 0.040 - 0.000 = +0.040 [+0.040, +0.040]", "; 0.130 - 0.110 = +0.020 ")
    assert any(all(words in line for words in sums) for line in decided)
    assert "no bound on epsilon" in paper
    assert "lacebo" not in document(tmp_path, [audited([0.6] * 4, [0.5] * 4)])


def test_study_without_worst_says_why(audited: Audited, without: Without, tmp_path: Path) -> None:
    """Where not every attack has been run, the document has the others' numbers and the reason."""
    text = document(tmp_path, [without(audited([0.6], [0.5], protocol="paper"), "svm")])
    assert "1 target per configuration" in text
    assert "no worst: not every attack" in text
    assert "The strongest attack (worst)." not in text


def test_attack_that_a_trial_lacks_is_a_dash(audited: Audited, without: Without, tmp_path: Path) -> None:
    """A trial without one of the attacks has a dash there, and the notes say what that means."""
    whole, lacking = (audited([0.6] * 4, [0.51] * 4, trial_id=model, model=model) for model in ("snn", "ann"))
    text = document(tmp_path, [whole, without(lacking, "svm")])
    assert f"| ANN | {MISSING} | ~0.510 [0.489, 0.532] | {MISSING} |" in text
    assert f"{MISSING}: the attack cannot be run on this model or these examples" in text


def test_failed_trials_are_counted(audited: Audited, tmp_path: Path) -> None:
    """How many trials failed, and so are missing, is said at the beginning."""
    text = document(tmp_path, [audited([0.6] * 4, [0.5] * 4), make_failed()])
    assert "1 of 2 trials failed and are left out." in text
