import numpy as np
import pytest
from builders import make_completed

from privsearch._util.interval import Interval
from privsearch.analysis.audit import audit_table
from privsearch.analysis.blind import BlindFinding, blind_findings, widened
from privsearch.analysis.frames import results_frame
from privsearch.spec import HalvesProtocol, SvmAttack, ThresholdAttack
from privsearch.study.blind import BlindBaselines, InputsBaseline, UntrainedBaseline, UntrainedTarget
from privsearch.study.result import Completed

NOTHING = Interval(0.5, 0.45, 0.55)


def inputs(auc: Interval = NOTHING) -> InputsBaseline:
    return InputsBaseline(auc=auc, num_members=60, num_non_members=30)


def untrained(auc: Interval = NOTHING, placebo: float | None = 0.5) -> UntrainedBaseline:
    target = UntrainedTarget(auc=auc, placebo_auc=placebo, excess_auc=None if placebo is None else 0.01)
    return UntrainedBaseline(auc=auc, targets=(target,))


def with_blind(trial_id: str = "a" * 16, **attacks: UntrainedBaseline) -> Completed:
    blind = BlindBaselines(inputs=inputs(), untrained=attacks or {"svm": untrained()})
    return make_completed(trial_id).model_copy(update={"blind": blind})


def finding_of(*results: Completed) -> BlindFinding:
    (finding,) = blind_findings(results)
    return finding


def test_splits_that_nothing_tells_apart_explain_no_auc() -> None:
    """Neither the classifier nor an attack on untrained networks is outside its noise."""
    assert finding_of(with_blind()).explained_auc is None


@pytest.mark.parametrize(
    ("auc", "explained"),
    [(Interval(0.6, 0.55, 0.65), 0.65), (Interval(0.4, 0.35, 0.45), None), (Interval(0.52, 0.5, 0.54), None)],
)
def test_a_classifier_counts_if_its_interval_is_above_one_half(auc: Interval, explained: float | None) -> None:
    """One that is wrong more often than right has learnt nothing but chance."""
    result = with_blind()
    assert result.blind is not None
    result = result.model_copy(update={"blind": result.blind.model_copy(update={"inputs": inputs(auc)})})
    assert finding_of(result).explained_auc == explained


@pytest.mark.parametrize(
    ("auc", "placebo", "explained"),
    [
        (Interval(0.7, 0.6, 0.8), 0.5, 0.7),
        (Interval(0.3, 0.2, 0.4), 0.5, 0.7),
        (Interval(0.7, 0.6, 0.8), None, 0.7),
        (Interval(0.7, 0.6, 0.8), 0.65, None),
        (Interval(0.5, 0.4, 0.6), 0.5, None),
    ],
)
def test_an_attack_on_untrained_networks_counts_on_either_side_and_beyond_its_placebo(
    auc: Interval, placebo: float | None, explained: float | None
) -> None:
    """Random weights have no side, and recognising examples tells no splits apart."""
    found = finding_of(with_blind(svm=untrained(auc, placebo))).explained_auc
    assert found == (None if explained is None else pytest.approx(explained))


def test_one_attack_of_many_must_be_farther_from_guessing() -> None:
    """What is enough for one look is not for forty; the one farthest from guessing is told."""
    barely = untrained(Interval(0.56, 0.505, 0.615))
    assert finding_of(with_blind(svm=barely)).explained_auc is not None
    many = [with_blind(f"{k:016x}", svm=untrained()) for k in range(39)]
    finding = finding_of(with_blind(loss=barely), *many)
    assert finding.explained_auc is None
    assert finding.untrained is not None
    assert (finding.untrained.attack, finding.untrained.looks) == ("loss", 40)


def test_an_interval_is_widened_as_bonferroni_asks() -> None:
    """For one look it stays; for forty, a normal one is 1.65 times as wide; an end never leaves 0 to 1."""
    assert widened(NOTHING, 1) == NOTHING
    wide = widened(NOTHING, 40)
    assert (wide.high - wide.low) / 0.1 == pytest.approx(3.227 / 1.96, rel=0.01)
    assert 0 <= widened(Interval(0.5, 0.0, 1.0), 40).low < 1e-6


def test_only_trials_that_need_baselines_are_counted_as_without() -> None:
    """Under halves nothing is needed, nor where a split was drawn by chance; a user's file is not read for it."""
    older = [
        make_completed("1" * 16, dataset="iris"),
        make_completed("2" * 16, dataset="mnist", protocol=HalvesProtocol(networks=4)),
        make_completed("3" * 16, dataset={"kind": "npz", "name": "gone", "path": "/nowhere/gone.npz"}),
    ]
    assert blind_findings(older) == []
    finding = finding_of(make_completed("4" * 16, dataset="mnist"))
    assert (finding.dataset, finding.unmeasured, finding.explained_auc) == ("mnist", 1, None)


def test_an_attack_that_ran_on_trained_networks_alone_is_told() -> None:
    """What was refused on both has its reason elsewhere."""
    refused = {"loss": "dead", "svm": "too few"}
    blind = BlindBaselines(inputs=None, untrained={}, refused=refused)
    result = make_completed().model_copy(update={"blind": blind, "refused": {"svm": "too few"}})
    assert finding_of(result).refused == {"loss": "dead"}


def test_the_tables_have_a_column_for_each_baseline() -> None:
    """With its interval, beside the AUC that it belongs to; nothing where none was measured."""
    attacks = (SvmAttack(), ThresholdAttack(kind="loss"))
    blind = BlindBaselines(inputs=inputs(), untrained={"svm": untrained(Interval(0.6, 0.5, 0.7))})
    result = make_completed(attacks=attacks).model_copy(update={"blind": blind})
    (row,) = results_frame([result]).to_dict("records")
    assert (row["inputs_auc"], row["inputs_auc_low"], row["inputs_auc_high"]) == (0.5, 0.45, 0.55)
    assert (row["svm.blind_auc"], row["svm.blind_auc_low"], row["svm.blind_excess_auc"]) == (0.6, 0.5, 0.01)
    assert "loss.blind_auc" not in row
    table = audit_table([result]).set_index("attack")
    assert table.loc["svm", ["inputs_auc", "blind_auc", "blind_auc_high"]].tolist() == [0.5, 0.6, 0.7]
    assert np.isnan(table.loc["loss", "blind_auc"])
    assert not [column for column in results_frame([make_completed()]) if "blind" in column or "inputs" in column]
