from collections.abc import Callable

import pandas as pd
import pytest

from privsearch.analysis.paper.claims import Success
from privsearch.analysis.paper.figure_claims import ALIKE, FIGURE_CLAIMS, FLAT, SMALL_DROP
from privsearch.analysis.paper.published import published_cells
from privsearch.analysis.paper.verdicts import ALL, Verdict, verdicts
from privsearch.spec import TrialSpec
from privsearch.study.result import TrialResult

StudyOf = Callable[..., list[TrialResult]]
Rule = Callable[[TrialSpec], dict[str, float]]

DATASETS = ("iris", "breast_cancer", "cifar10")


def quantised(spec: TrialSpec, model: str, *bit_widths: int) -> bool:
    return spec.model == model and spec.act_bit_width in (bit_widths or (8, 4, 2))


def shifted(column: str, shift: Callable[[TrialSpec], float]) -> Callable[[float], Rule]:
    """An accuracy of 0.9, or an AUC of 0.6, plus an effect in proportion to what a shift says."""
    base = {"accuracy": 0.9, "auc": 0.6}[column]
    return lambda effect: lambda spec: {column: base + effect * shift(spec)}


def above_one(spec: TrialSpec) -> float:
    return (spec.threshold or 1.0) - 1.0


TRUTHS: dict[str, tuple[Callable[[float], Rule], float, float]] = {
    "Quantised activations cost ANNs little accuracy": (
        *(shifted("accuracy", lambda spec: quantised(spec, "ann")), -SMALL_DROP / 2, -2 * SMALL_DROP),
    ),
    "Quantised activations cost SNNs little accuracy": (
        *(shifted("accuracy", lambda spec: quantised(spec, "snn")), -SMALL_DROP / 2, -2 * SMALL_DROP),
    ),
    "Accuracy of quantised ANNs is flat over the thresholds": (
        *(shifted("accuracy", lambda spec: quantised(spec, "ann") * above_one(spec)), FLAT / 2, 2 * FLAT),
    ),
    "2-bit SNNs on Breast Cancer start near full precision": (
        shifted("accuracy", lambda spec: quantised(spec, "snn", 2) * (spec.threshold == 0.5)),
        *(-FLAT / 2, -2 * FLAT),
    ),
    "2-bit SNNs on Breast Cancer fall as the threshold rises": (
        *(shifted("accuracy", lambda spec: quantised(spec, "snn", 2) * above_one(spec)), -0.05, 0.05),
    ),
    "2-bit SNNs on CIFAR-10 gain with the threshold at first, then lose": (
        *(shifted("accuracy", lambda spec: -quantised(spec, "snn", 2) * abs(above_one(spec))), 0.1, -0.1),
    ),
    "2, 4 and 8 bits of activation leak alike in SNNs": (
        *(shifted("auc", lambda spec: quantised(spec, "snn", 2)), ALIKE / 2, 2 * ALIKE),
    ),
    "2-bit activations leak most among ANNs": (*(shifted("auc", lambda spec: quantised(spec, "ann", 2)), 0.05, -0.05),),
}
"""For each claim a truth, the effect with which it holds, and one with which it does not."""

ONLY = {8: {"breast_cancer"}, 9: {"cifar10"}}


def of(text: str, results: list[TrialResult]) -> list[Verdict]:
    return [verdict for verdict in verdicts(results) if verdict.text == text]


def test_every_claim_has_its_test() -> None:
    """The truths above are about all the statements, in their numbering."""
    assert [claim.text for claim in FIGURE_CLAIMS] == list(TRUTHS)
    assert [claim.number for claim in FIGURE_CLAIMS] == [6, 6, 7, 8, 8, 9, 10, 11]


@pytest.mark.parametrize("text", TRUTHS)
def test_true_claim_is_supported(study_of: StudyOf, text: str) -> None:
    """Where a claim holds in the data, every dataset that it is about supports it, and all together if it is of all."""
    rule, true, _ = TRUTHS[text]
    found = of(text, study_of(rule(true), datasets=DATASETS))
    assert {v.verdict for v in found} == {"supported"}
    assert {v.dataset for v in found} == ONLY.get(found[0].claim, {*DATASETS, ALL})
    assert {v.success for v in found} == (set(Success) if found[0].claim >= 10 else {Success.PUBLISHED})


@pytest.mark.parametrize("text", TRUTHS)
def test_false_claim_is_contradicted(study_of: StudyOf, text: str) -> None:
    """Where the opposite of a claim holds in the data, it is contradicted."""
    rule, _, false = TRUTHS[text]
    assert {v.verdict for v in of(text, study_of(rule(false), datasets=DATASETS))} == {"contradicted"}


@pytest.mark.parametrize("text", TRUTHS)
@pytest.mark.parametrize("how", [{"replicates": 1}, {"noise": 0.2}], ids=["one replicate", "noise"])
def test_true_claim_without_evidence_is_left_open(study_of: StudyOf, text: str, how: dict[str, float]) -> None:
    """One replicate, or noise far above the effect, tells nothing of a claim that holds."""
    rule, true, _ = TRUTHS[text]
    found = of(text, study_of(rule(true), datasets=DATASETS, **how))
    assert found[0].verdict == "cannot tell"


@pytest.mark.parametrize("effect", [-2 * FLAT, 2 * FLAT])
def test_a_line_that_rises_or_falls_is_not_flat(study_of: StudyOf, effect: float) -> None:
    """A flat line is one that neither rises nor falls."""
    text = "Accuracy of quantised ANNs is flat over the thresholds"
    assert {v.verdict for v in of(text, study_of(TRUTHS[text][0](effect)))} == {"contradicted"}


def test_two_thresholds_have_no_middle(study_of: StudyOf) -> None:
    """A gain at first and a loss then take three thresholds at least; with four, the upper middle one counts."""
    text = "2-bit SNNs on CIFAR-10 gain with the threshold at first, then lose"
    two = of(text, study_of(lambda spec: {}, datasets=("cifar10",), threshold=[0.5, 1.5]))
    assert [v.verdict for v in two] == ["not tested"]
    four = study_of(TRUTHS[text][0](0.1), datasets=("cifar10",), threshold=[0.25, 0.5, 1.0, 1.5])
    (verdict,) = of(text, four)
    assert [c.difference for c in verdict.comparisons] == pytest.approx([0.075, 0.05], abs=0.003)


def test_statement_of_one_dataset_is_silent_on_others(study_of: StudyOf) -> None:
    """A study without the dataset that a statement is about has no verdict on it."""
    claims = {verdict.claim for verdict in verdicts(study_of(lambda spec: {}, datasets=("iris",)))}
    assert claims == {1, 2, 3, 4, 5, 6, 7, 10, 11}


@pytest.fixture
def quantised_weights() -> pd.DataFrame:
    """Table II, a row a dataset and model, a column a bit width for each quantity; full precision is 32."""
    table = published_cells().query("table == 'II'").fillna({"weight_bit_width": 32})
    return table.pivot_table(["test_accuracy", "attack_auc"], ["dataset", "model"], "weight_bit_width")


def test_small_drop_is_the_largest_that_the_paper_calls_minor(quantised_weights: pd.DataFrame) -> None:
    """At 8 and 4 bits, and Iris aside, no published loss of test accuracy is larger."""
    accuracy = quantised_weights["test_accuracy"].drop("iris", level="dataset")
    losses = accuracy[[8, 4]].rsub(accuracy[32], axis=0)
    largest = losses.loc[("cifar10", "snn"), 4]
    assert losses.to_numpy().max() == largest == pytest.approx(0.0607)
    assert round(largest, 2) == SMALL_DROP


def test_alike_are_aucs_as_far_apart_as_those_the_paper_calls_similar(quantised_weights: pd.DataFrame) -> None:
    """The AUCs of SNNs with weights of 8, 4 and 2 bits are at most so far apart, rounded to a hundredth."""
    aucs = quantised_weights["attack_auc"].xs("snn", level="model")[[8, 4, 2]]
    spans = aucs.max(axis=1) - aucs.min(axis=1)
    assert spans.max() == pytest.approx(0.0155)
    assert round(spans.max(), 2) == ALIKE
