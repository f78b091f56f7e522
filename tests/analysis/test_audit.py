from collections.abc import Callable

import pandas as pd
import pytest
from builders import make_failed
from scipy.stats import t

from privsearch.analysis.audit import audit_table, clearest_excess, highest_mean_aucs, paper_attack
from privsearch.analysis.frames import results_frame
from privsearch.study.result import Completed

Audited = Callable[..., Completed]
Without = Callable[[Completed, str], Completed]


def test_every_attack_of_every_completed_trial_has_a_row(audited: Audited) -> None:
    """A row stands for a trial and an attack, with one more for the strongest; a failed trial has none."""
    results = [
        audited([0.6] * 4, [0.5] * 4),
        audited([0.6] * 3, [0.5] * 3, protocol="paper", trial_id="b" * 16, model="snn"),
        make_failed("c" * 16),
    ]
    table = audit_table(results)
    assert table["attack"].tolist() == ["svm", "loss", "worst"] * 2
    assert table["protocol"].tolist() == ["halves"] * 3 + ["paper"] * 3
    assert table["configuration"].tolist() == ["ANN"] * 3 + ["SNN"] * 3
    assert table["targets"].tolist() == [4] * 3 + [3] * 3


def test_numbers_are_those_of_the_results_table(audited: Audited) -> None:
    """Means, spreads and the AUC's interval of an attack are the results table's, under both protocols."""
    results = [
        audited([0.6, 0.61, 0.58, 0.6], [0.5] * 4, protocol=protocol, trial_id=protocol)
        for protocol in ("halves", "paper")
    ]
    frame, table = results_frame(results), audit_table(results)
    own = table[table["attack"] == "svm"]
    shared = [column for column in own if f"svm.{column}" in frame]
    assert len(shared) > 15
    for column in shared:
        expected = frame[f"svm.{column}"].astype(float).tolist()
        assert own[column].tolist() == pytest.approx(expected, nan_ok=True), column
    assert own["test_accuracy"].tolist() == pytest.approx(frame["test_accuracy"].tolist())


def test_placebo_is_the_papers_alone(audited: Audited) -> None:
    """Placebo and excess have numbers for each attack under `paper` but `worst`, and none under `halves`."""
    table = audit_table(
        [audited([0.6] * 4, [0.5] * 4, protocol=protocol, trial_id=protocol) for protocol in ("halves", "paper")]
    )
    given = table.groupby("protocol")[["placebo_auc", "excess_auc"]].count()
    assert given.loc["halves"].tolist() == [0, 0]
    assert given.loc["paper"].tolist() == [2, 2]


def test_worst_that_is_one_attack_is_that_attack(audited: Audited) -> None:
    """Where both halves of the examples choose the same attack, `worst` has its numbers."""
    table = audit_table([audited([0.6, 0.61, 0.62, 0.63], [0.5] * 4)]).set_index("attack")
    columns = ["auc", "auc_sd", "advantage", "tpr_at_fpr_1e-1_low", "tpr_at_fpr_1e-1_high", "noise_floor"]
    assert table.loc["worst", columns].tolist() == pytest.approx(table.loc["svm", columns].tolist())
    assert table["strongest"].tolist()[2:] == ["svm"]
    assert table["strongest"].isna().tolist() == [True, True, False]


def test_worst_is_the_row_of_one_attack(audited: Audited) -> None:
    """It has that attack's numbers, and an interval of its AUC that accounts for the choice."""
    table = audit_table([audited([0.55] * 4, [0.53] * 4)]).set_index("attack")
    worst, svm = table.loc["worst"], table.loc["svm"]
    assert (worst["strongest"], worst["auc"]) == ("svm", pytest.approx(0.55))
    assert worst["advantage"] == svm["advantage"]
    assert worst["auc_low"] < svm["auc_low"] < svm["auc_high"] < worst["auc_high"]


def test_attack_that_is_still_to_come_leaves_no_worst(audited: Audited, without: Without) -> None:
    """A trial that lacks one of its attacks has a row for each of the others alone."""
    table = audit_table([without(audited([0.6] * 4, [0.5] * 4), "svm")])
    assert table["attack"].tolist() == ["loss"]


def test_targets_that_share_their_examples_have_wider_intervals(audited: Audited) -> None:
    """Under `paper` the noise of the examples does not average out over the targets; under `halves` it does."""
    results = [audited([0.6] * 4, [0.5] * 4, protocol=kind, trial_id=kind) for kind in ("halves", "paper")]
    table = audit_table(results).set_index(["protocol", "attack"])
    width = table["tpr_at_fpr_1e-1_high"] - table["tpr_at_fpr_1e-1_low"]
    assert width["paper", "svm"] == pytest.approx(width["halves", "svm"] * 3**0.5)


def test_one_target_has_no_interval_of_its_accuracy(audited: Audited) -> None:
    """One network says nothing of others: its accuracies have no interval, its attacks have their own."""
    table = audit_table([audited([0.6], [0.5], protocol="paper")])
    assert table["test_accuracy_low"].isna().all()
    assert table["auc_low"].notna().all()


def test_missing_rate_comes_with_the_reason(audited: Audited) -> None:
    """A rate that the non-members cannot resolve is missing, and the table says what it needs."""
    row = audit_table([audited([0.6] * 4, [0.5] * 4)]).iloc[0]
    assert pd.isna(row["tpr_at_fpr_1e-3"])
    assert row["tpr_at_fpr_1e-3_missing"] == "needs 2000 non-members, has 200"
    assert row["tpr_at_fpr_1e-2_low"] < row["tpr_at_fpr_1e-2"] < row["tpr_at_fpr_1e-2_high"]
    assert pd.isna(row["tpr_at_fpr_1e-2_missing"])


def test_gap_is_training_less_test_accuracy(audited: Audited) -> None:
    """The accuracy gap is the mean of the networks' own gaps, with the interval of these."""
    result = audited([0.6] * 4, [0.5] * 4)
    gaps = iter([0.1, 0.2, 0.1, 0.2])
    replicates = [
        r.model_copy(
            update={"target": r.target.model_copy(update={"test_accuracy": r.target.train_accuracy - next(gaps)})}
        )
        for r in result.replicates
    ]
    row = audit_table([result.model_copy(update={"replicates": tuple(replicates)})]).iloc[0]
    assert row["accuracy_gap"] == pytest.approx(0.15)
    assert row["accuracy_gap_high"] - 0.15 == pytest.approx(3.1824 * 0.057735 / 2, rel=1e-3)


def test_study_without_numbers_has_an_empty_table() -> None:
    """Without a completed trial the table has its columns and no row."""
    table = audit_table([make_failed()])
    assert table.empty
    assert {"dataset", "auc", "epsilon_low"} <= set(table)


def test_papers_attack_is_its_svm(audited: Audited) -> None:
    """The SVM stands for the paper's protocol, and the first of those that most trials have where there is no SVM."""
    table = audit_table([audited([0.6] * 3, [0.5] * 3, protocol="paper")])
    assert paper_attack(table) == "svm"
    table = table[table["attack"] != "svm"]
    assert paper_attack(table) == "loss"
    only_spiking = table.head(1).assign(trial_id="b" * 16, attack="svm_spike_counts")
    assert paper_attack(pd.concat([only_spiking, table, table.assign(trial_id="b" * 16)])) == "loss"


def test_attack_with_the_highest_mean_is_found(audited: Audited) -> None:
    """For each configuration the attack with the highest mean AUC is found, `worst` not being one."""
    weak = audited([0.5] * 4, [0.55] * 4, trial_id="b" * 16, model="snn")
    found = highest_mean_aucs(audit_table([audited([0.6] * 4, [0.5] * 4), weak]))
    assert found[["configuration", "attack"]].to_numpy().tolist() == [["ANN", "svm"], ["SNN", "loss"]]


def test_clearest_excess_of_another_attack_is_found_and_tested(audited: Audited) -> None:
    """It is that of an attack that does not stand for the protocol, corrected for all that were looked at."""
    weak = audited([0.6] * 4, [0.5] * 4, protocol="paper", trial_id="b" * 16, model="snn")
    table = audit_table([audited([0.6] * 4, [0.5] * 4, protocol="paper"), weak])
    is_loss = table["attack"] == "loss"
    table.loc[is_loss, ["excess_auc", "excess_auc_low", "excess_auc_high"]] = [[0.04, -0.05, 0.13], [0.02, 0.01, 0.03]]
    found = clearest_excess(table)
    assert found is not None
    row, p, family = found
    assert (row["attack"], row["configuration"], family) == ("loss", "SNN", 2)
    standard_error = 0.01 / t.ppf(0.975, 3)
    assert p == pytest.approx(2 * 2 * t.sf(0.02 / standard_error, 3))
    assert clearest_excess(table[~is_loss]) is None
