import numpy as np
import pandas as pd
import pytest
from builders import completed_of
from compared_trials import ACCURATE, OPPOSITE, QUIET, A, attacked, trial

from privsearch.analysis.differences import differences_frame, leakage_column
from privsearch.analysis.margins import Margins
from privsearch.errors import StudyError
from privsearch.spec import LabelOnlyAttack, LiraAttack, PaperProtocol, SvmAttack
from privsearch.study.attack_result import Cut
from privsearch.study.result import Completed


def numbers_of(result: Completed) -> tuple[list[float], list[float]]:
    replicates = result.replicates
    return [r.target.test_accuracy for r in replicates], [r.attacks["svm"].auc.value for r in replicates]


def rows_of(found: pd.DataFrame, quantity: str) -> pd.DataFrame:
    return found[found["quantity"] == quantity].set_index("trial_id")


def test_difference_is_b_minus_a_in_every_target() -> None:
    """Targets that are alike in A and B are compared with each other, whatever the spread between targets."""
    row = rows_of(differences_frame(A, [QUIET], "svm.auc"), "svm.auc").loc[QUIET.trial_id]
    assert (row["a"], row["b"], row["difference"]) == pytest.approx((0.615, 0.565, -0.05))
    # The differences are 0.001 from their mean on either side.
    half_width = 3.182446 * np.sqrt(4 / 3) * 0.001 / 2
    assert (row["low"], row["high"]) == pytest.approx((-0.05 - half_width, -0.05 + half_width), abs=1e-8)
    assert (row["n"], row["verdict"]) == (4, "B leaks less (significant)")


@pytest.mark.parametrize("column", ["worst.auc", "lira_shrunken.auc"])
def test_targets_that_move_each_other_have_wider_intervals(column: str) -> None:
    """A correlation of 1 / (K - 1) multiplies the variance of the mean by 2 (K - 1) / (K - 2), for 4 networks by 3."""
    attacks = (SvmAttack(), LiraAttack())
    a, b = (
        completed_of(t.trial_id, *numbers_of(t), t.spec.model_copy(update={"attacks": attacks})) for t in (A, QUIET)
    )
    plain, wide = (rows_of(differences_frame(a, [b], name), name).iloc[0] for name in ("svm.auc", column))
    assert wide["difference"] == plain["difference"]
    assert wide["high"] - wide["low"] == pytest.approx(np.sqrt(3) * (plain["high"] - plain["low"]))


def test_verdicts_say_which_way_a_difference_goes() -> None:
    """Accuracy and leakage have words of their own for more, for less and for what chance would do."""
    found = differences_frame(A, [QUIET, ACCURATE, OPPOSITE])
    accuracy, leakage = (rows_of(found, name)["verdict"] for name in ("test_accuracy", "worst.auc"))
    assert accuracy.to_dict() == {
        QUIET.trial_id: "not significant (n = 4)",
        ACCURATE.trial_id: "B is more accurate (significant)",
        OPPOSITE.trial_id: "B is less accurate (significant)",
    }
    assert leakage.to_dict() == {
        QUIET.trial_id: "B leaks less (significant)",
        ACCURATE.trial_id: "not significant (n = 4)",
        OPPOSITE.trial_id: "B leaks more (significant)",
    }


@pytest.mark.parametrize(
    ("shift_a", "shift_b", "verdict"),
    [
        (0.05, 0.01, "B leaks less (significant)"),
        (0.05, -0.01, "B leaks less (significant)"),
        (0.01, -0.05, "B leaks more (significant)"),
        (-0.01, -0.05, "B leaks more (significant)"),
        (-0.05, -0.01, "B leaks less (significant)"),
        (-0.05, 0.01, "B leaks less (significant)"),
    ],
)
def test_auc_below_guessing_is_a_leak(shift_a: float, shift_b: float, verdict: str) -> None:
    """Whoever turns its scores has an AUC above 0.5: the further from guessing, the more a configuration leaks."""
    a, b = (
        trial(i * 16, [0.9, 0.92, 0.91, 0.93], [0.5 + shift + noise for noise in noises])
        for i, shift, noises in (("a", shift_a, (-0.002, 0.002, 0.0, 0.0)), ("b", shift_b, (-0.001, 0.0, 0.0, 0.001)))
    )
    assert rows_of(differences_frame(a, [b], "svm.auc"), "svm.auc")["verdict"].tolist() == [verdict]


def test_configurations_that_leak_least_come_first() -> None:
    """The table is in the order of the difference in leakage, all rows of a configuration together."""
    found = differences_frame(A, [OPPOSITE, ACCURATE, QUIET])
    assert found["trial_id"].tolist() == [t.trial_id for t in (QUIET, ACCURATE, OPPOSITE) for _ in range(3)]
    assert found["quantity"].tolist() == ["test_accuracy", "worst.auc", "svm.auc"] * 3


def test_each_quantity_is_corrected_for_its_own_comparisons() -> None:
    """Three configurations make three comparisons of accuracy, and three of leakage."""
    found = differences_frame(A, [QUIET, ACCURATE, OPPOSITE])
    for _, rows in found.groupby("role"):
        assert rows["family"].tolist() == [3, 3, 3]
        assert rows["p_corrected"].to_numpy() == pytest.approx(np.minimum(3 * rows["p"].to_numpy(), 1.0))
        excluded = (rows["low"] > 0) | (rows["high"] < 0)
        assert (excluded == (rows["p_corrected"] < 0.05)).all()


def test_what_is_not_tested_makes_nothing_harder_to_find() -> None:
    """Of two others, one has the same numbers as A: there is one comparison."""
    same = A.model_copy(update={"trial_id": "f" * 16})
    found = differences_frame(A, [QUIET, same], "svm.auc")
    assert found["family"].tolist() == [1] * 4
    alone = differences_frame(A, [QUIET], "svm.auc")
    assert found["low"].dropna().tolist() == alone["low"].tolist()


def test_leakage_is_the_excess_over_the_placebo_under_the_papers_protocol() -> None:
    """There an AUC may be owed to recognised examples; the paper's attack is taken before others."""
    attacks = (LiraAttack(), SvmAttack())
    assert leakage_column(A.spec) == "worst.auc"
    paper = A.spec.model_copy(update={"protocol": PaperProtocol(), "attacks": attacks})
    assert leakage_column(paper) == "svm.excess_auc"
    assert leakage_column(paper.model_copy(update={"attacks": attacks[:1]})) == "lira_shrunken.excess_auc"


def test_one_target_is_no_test() -> None:
    """A single pair gives a difference, and the verdict says that it is one."""
    one, other = (trial(i * 16, [0.9], [auc], PaperProtocol(replicates=1)) for i, auc in (("a", 0.6), ("b", 0.5)))
    found = differences_frame(one, [other], "svm.auc")
    assert found["n"].tolist() == [1, 1]
    assert found["verdict"].tolist() == ["one target: no test"] * 2
    assert rows_of(found, "svm.auc")["difference"].tolist() == pytest.approx([-0.1])


def test_number_that_b_lacks_cannot_be_compared() -> None:
    """An attack that only A has gives a row without numbers, and no pairs."""
    both = trial("a" * 16, [0.9, 0.91, 0.9, 0.92], [0.6, 0.61, 0.6, 0.62], attacks=(SvmAttack(), LiraAttack()))
    (row,) = rows_of(differences_frame(both, [QUIET], "lira_shrunken.auc"), "lira_shrunken.auc").to_dict("records")
    assert (row["n"], row["verdict"]) == (0, "number missing: no test")
    assert np.isnan(row["difference"])


def test_any_number_of_a_target_can_be_compared() -> None:
    """A column that is neither accuracy nor leakage is higher or lower."""
    a, b = (trial(i * 16, [0.9, 0.92, 0.91, 0.93], [0.6, 0.62, 0.61, 0.63], PaperProtocol(replicates=4)) for i in "ab")
    attacks = [
        {"svm": replicate.attacks["svm"].model_copy(update={"placebo": Cut(auc=0.5 + 0.1 * k / 4)})}
        for k, replicate in enumerate(b.replicates, start=8)
    ]
    moved = tuple(r.model_copy(update={"attacks": found}) for r, found in zip(b.replicates, attacks, strict=True))
    found = differences_frame(a, [b.model_copy(update={"replicates": moved})], "svm.placebo_auc")
    assert rows_of(found, "svm.placebo_auc")["verdict"].tolist() == ["B is higher (significant)"]


def test_targets_that_agree_are_no_test() -> None:
    """Where all targets have one difference, the verdict says that no spread is known."""
    found = differences_frame(A, [A.model_copy(update={"trial_id": "f" * 16})], "svm.auc")
    assert found["verdict"].tolist() == ["no spread: no test"] * 2


LIRA, SPIKES, LABELS = LiraAttack(), LiraAttack(signals="spike_counts"), LabelOnlyAttack()
ANN = attacked(A, {LIRA: [0.60, 0.62, 0.61, 0.63], LABELS: [0.55, 0.56, 0.57, 0.56]})
SNN = attacked(
    QUIET,
    {
        LIRA: [0.641, 0.661, 0.649, 0.669],
        LABELS: [0.552, 0.561, 0.569, 0.558],
        SPIKES: [0.70, 0.72, 0.71, 0.73],
    },
)


def test_strongest_attack_is_compared_like_for_like() -> None:
    """An attack that one side alone ran is no part of its `worst`; all attacks stand beside it, without a verdict."""
    found = differences_frame(ANN, [SNN]).set_index("role")
    assert found.loc["compared", ["a", "b", "difference"]].tolist() == pytest.approx([0.615, 0.655, 0.04])
    assert found.loc["compared", "verdict"] == "B leaks more (significant)"
    assert found.loc["all attacks", "difference"] == pytest.approx(0.1)
    assert found.loc["all attacks", "verdict"] == "not like for like"
    assert np.isnan(found.loc["all attacks", "p_corrected"])
    assert set(found["only_a"]) == {""}
    assert set(found["only_b"]) == {SPIKES.name}


def test_each_attack_of_both_sides_has_its_own_difference() -> None:
    """A difference in `worst` may be that of one attack alone, and here it is."""
    found = differences_frame(ANN, [SNN])
    single = found[found["role"] == "one attack"].set_index("quantity")
    assert single["difference"].to_dict() == pytest.approx({f"{LIRA.name}.auc": 0.04, "label_only.auc": 0.0}, abs=1e-9)
    assert single["verdict"].tolist() == ["B leaks more (significant)", "not significant (n = 4)"]
    assert (single["low"] < single["difference"]).all()


def test_single_attacks_are_a_family_of_their_own() -> None:
    """They make the compared column no harder to find; their own p-values are corrected for all of them."""
    others = [SNN, attacked(OPPOSITE, {LIRA: [0.65, 0.69, 0.64, 0.67], LABELS: [0.5, 0.6, 0.55, 0.57]})]
    found = differences_frame(ANN, others)
    compared, single = (found[found["role"] == role] for role in ("compared", "one attack"))
    assert (len(compared), len(single)) == (2, 4)
    for rows in (compared, single):
        assert rows["p_corrected"].to_numpy() == pytest.approx(np.minimum(len(rows) * rows["p"].to_numpy(), 1.0))


def test_sides_with_the_same_attacks_have_no_second_worst() -> None:
    """Then the strongest of all is that of both, and it is the column of targets.csv."""
    found = differences_frame(A, [QUIET])
    assert found["role"].tolist() == ["accuracy", "compared", "one attack"]


def test_another_column_than_worst_is_not_broken_down() -> None:
    """One attack's number is what it is."""
    assert differences_frame(ANN, [SNN], f"{LIRA.name}.auc")["role"].tolist() == ["accuracy", "compared"]


def test_equivalence_is_said_where_it_is_shown() -> None:
    """A small difference with little spread is equivalent, and may be significant as well; a wide one is neither."""
    near = trial("e" * 16, [0.905, 0.924, 0.915, 0.934], [0.63, 0.60, 0.64, 0.61])
    accuracy, leakage, _ = differences_frame(A, [near], margins=Margins(0.02)).to_dict("records")
    assert accuracy["verdict"] == "B is more accurate (significant), equivalent within 0.02"
    assert -0.02 < accuracy["low_90"] < accuracy["high_90"] < 0.02
    assert accuracy["p_equivalent"] == accuracy["p_equivalent_corrected"] < 0.05
    assert leakage["verdict"] == "not significant, equivalence not shown (n = 4)"
    assert differences_frame(A, [QUIET], margins=Margins(0.02))["verdict"].tolist()[:2] == [
        "equivalent within 0.02",
        "B leaks less (significant)",
    ]


def test_accuracy_may_have_a_margin_of_its_own() -> None:
    """By default it has that of the column; without any, the table has no such columns."""
    margins = [Margins(0.02), Margins(0.02, 0.05), Margins(None, 0.05)]
    found = [differences_frame(A, [QUIET], "svm.auc", given)["margin"].tolist() for given in margins]
    assert found[:2] == [[0.02, 0.02], [0.05, 0.02]]
    assert (found[2][0], np.isnan(found[2][1])) == (0.05, True)
    assert "p_equivalent" not in differences_frame(A, [QUIET])


def test_equivalence_is_corrected_for_the_comparisons_of_a_family() -> None:
    """Three configurations have three chances to be called equivalent by luck."""
    found = differences_frame(A, [QUIET, ACCURATE, OPPOSITE], margins=Margins(0.03))
    for _, rows in found.groupby("role"):
        assert rows["p_equivalent_corrected"].to_numpy() == pytest.approx(np.minimum(3 * rows["p_equivalent"], 1.0))


@pytest.mark.parametrize("margin", [0.0, -0.02, 1.0, 2.0, float("nan"), float("inf")])
def test_margin_that_cannot_be_one_is_refused(margin: float) -> None:
    """It lies above 0 and below the most that two numbers can differ by; percentages do not pass for fractions."""
    for margins in (Margins(margin), Margins(accuracy=margin)):
        with pytest.raises(StudyError, match=r"must be a number above 0 and below 1, .* but got .*; margins are in"):
            differences_frame(A, [QUIET], "svm.auc", margins)


def test_bounds_are_no_estimates_to_compare() -> None:
    """The difference of two lower bounds on epsilon is none of epsilon, and the error says what to compare."""
    with pytest.raises(StudyError, match=r"loss\.epsilon_low bounds epsilon, .* such as worst\.auc"):
        differences_frame(A, [QUIET], "loss.epsilon_low")


@pytest.mark.parametrize("column", ["worst.acu", "worst.attack", "target", "protocol"])
def test_column_without_numbers_is_refused(column: str) -> None:
    """Names, the number of the target and slips of the pen are no quantity; the error has the nearest."""
    with pytest.raises(StudyError, match=rf"got '{column}'; nearest: [\w.]+"):
        differences_frame(A, [QUIET], column)
