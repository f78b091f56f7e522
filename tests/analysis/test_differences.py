import numpy as np
import pandas as pd
import pytest
from builders import completed_of, make_failed

from privsearch.analysis.differences import choose_trials, differences_frame, holm, leakage_column, mean_difference
from privsearch.errors import StudyError
from privsearch.spec import Attack, HalvesProtocol, LiraAttack, PaperProtocol, Protocol, SvmAttack, TrialSpec
from privsearch.study.attack_result import Cut
from privsearch.study.result import Completed

HALVES = HalvesProtocol(networks=4)


def trial(
    trial_id: str,
    accuracies: list[float],
    aucs: list[float],
    protocol: Protocol = HALVES,
    attacks: tuple[Attack, ...] = (SvmAttack(),),
    **fields: object,
) -> Completed:
    spec = {"dataset": "iris", "model": "ann", "protocol": protocol, "attacks": attacks, **fields}
    return completed_of(trial_id, accuracies, aucs, TrialSpec.model_validate(spec))


A = trial("a" * 16, [0.90, 0.92, 0.91, 0.93], [0.60, 0.62, 0.61, 0.63])
QUIET = trial("b" * 16, [0.91, 0.92, 0.90, 0.93], [0.551, 0.571, 0.559, 0.579])
ACCURATE = trial("c" * 16, [0.951, 0.971, 0.959, 0.979], [0.60, 0.63, 0.62, 0.60])
OPPOSITE = trial("d" * 16, [0.851, 0.871, 0.859, 0.879], [0.651, 0.671, 0.659, 0.679])


def numbers_of(result: Completed) -> tuple[list[float], list[float]]:
    replicates = result.replicates
    return [r.target.test_accuracy for r in replicates], [r.attacks["svm"].auc.value for r in replicates]


def rows_of(found: pd.DataFrame, quantity: str) -> pd.DataFrame:
    return found[found["quantity"] == quantity].set_index("trial_id")


def test_interval_and_p_value_are_those_of_the_paired_t_test() -> None:
    """For the differences 1, 2, 3: t = 2 / (1 / sqrt 3) on 2 degrees of freedom, from a printed table."""
    found = mean_difference(np.array([[1.0, 2.0, 3.0]]))
    half_width = 4.302653 / np.sqrt(3)
    assert [*found.mean, *found.low, *found.high] == pytest.approx([2, 2 - half_width, 2 + half_width], abs=1e-5)
    assert found.p == pytest.approx(1 - np.sqrt(12 / 14), abs=1e-9)


def test_mean_at_the_bar_is_no_evidence() -> None:
    """The test is against the bar, wherever that is."""
    assert mean_difference(np.array([[1.0, 2.0, 3.0]]), bar=2.0).p == pytest.approx(1.0)


@pytest.mark.parametrize("values", [[0.1], [1 / 30, 1 / 30, 0.1 / 3]], ids=["one pair", "no spread"])
def test_pairs_without_spread_have_a_mean_alone(values: list[float]) -> None:
    """One pair, or pairs that agree up to rounding, are no certainty."""
    found = mean_difference(np.array([values]))
    assert found.mean == pytest.approx(np.mean(values))
    assert np.isnan([found.low, found.high, found.p]).all()


def test_missing_pair_leaves_the_other_comparisons_alone() -> None:
    """A comparison with a missing number says nothing, and its neighbour what it says by itself."""
    whole = np.array([1.0, 2.0, 4.0])
    both = mean_difference(np.stack([np.array([1.0, np.nan, 4.0]), whole]))
    assert np.isnan([both.mean[0], both.low[0], both.p[0]]).all()
    assert both.p[1] == mean_difference(whole[None]).p[0]


def test_smallest_p_value_is_multiplied_by_the_number_of_comparisons() -> None:
    """The smallest counts threefold, the next twofold, none less than the one before, and none more than 1."""
    assert holm(np.array([0.04, 0.01, 0.03])) == pytest.approx([0.06, 0.03, 0.06])
    assert holm(np.array([0.9, 0.8])) == pytest.approx([1.0, 1.0])


def test_missing_p_value_is_no_comparison() -> None:
    """What cannot be tested stays missing, and makes nothing else harder to find."""
    assert holm(np.array([np.nan, 0.02, np.nan, 0.01])) == pytest.approx([np.nan, 0.02, np.nan, 0.02], nan_ok=True)


def test_equal_configurations_are_seldom_told_apart() -> None:
    """Of ten configurations that differ from A by chance alone, one is found different in 5 % of tables at most."""
    rng = np.random.default_rng(0)
    tables = [holm(mean_difference(rng.normal(size=(10, 8)) - rng.normal(size=8)).p).min() < 0.05 for _ in range(400)]
    assert 0 < np.mean(tables) <= 0.05


def test_difference_is_b_minus_a_in_every_target() -> None:
    """Targets that are alike in A and B are compared with each other, whatever the spread between targets."""
    row = rows_of(differences_frame(A, [QUIET], "svm.auc"), "svm.auc").loc[QUIET.trial_id]
    assert (row["a"], row["b"], row["difference"]) == pytest.approx((0.615, 0.565, -0.05))
    # The differences are 0.001 from their mean on either side.
    half_width = 3.182446 * np.sqrt(4 / 3) * 0.001 / 2
    assert (row["low"], row["high"]) == pytest.approx((-0.05 - half_width, -0.05 + half_width), abs=1e-8)
    assert (row["n"], row["verdict"]) == (4, "B leaks less")


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
        QUIET.trial_id: "cannot tell",
        ACCURATE.trial_id: "B is more accurate",
        OPPOSITE.trial_id: "B is less accurate",
    }
    assert leakage.to_dict() == {
        QUIET.trial_id: "B leaks less",
        ACCURATE.trial_id: "cannot tell",
        OPPOSITE.trial_id: "B leaks more",
    }


def test_configurations_that_leak_least_come_first() -> None:
    """The table is in the order of the difference in leakage, both quantities of a configuration together."""
    found = differences_frame(A, [OPPOSITE, ACCURATE, QUIET])
    assert found["trial_id"].tolist() == [t.trial_id for t in (QUIET, ACCURATE, OPPOSITE) for _ in range(2)]
    assert found["quantity"].tolist() == ["test_accuracy", "worst.auc"] * 3


def test_each_quantity_is_corrected_for_its_own_comparisons() -> None:
    """Three configurations make three comparisons of accuracy, and three of leakage."""
    found = differences_frame(A, [QUIET, ACCURATE, OPPOSITE])
    for _, rows in found.groupby("quantity"):
        assert rows["p_holm"].to_numpy() == pytest.approx(holm(rows["p"].to_numpy()))
        assert rows["p_holm"].min() == pytest.approx(3 * rows["p"].min())


def test_leakage_is_the_excess_over_the_placebo_under_the_papers_protocol() -> None:
    """There an AUC may be owed to recognised examples; the paper's attack is taken before others."""
    attacks = (LiraAttack(), SvmAttack())
    assert leakage_column(A.spec) == "worst.auc"
    paper = A.spec.model_copy(update={"protocol": PaperProtocol(), "attacks": attacks})
    assert leakage_column(paper) == "svm.excess_auc"
    assert leakage_column(paper.model_copy(update={"attacks": attacks[:1]})) == "lira_shrunken.excess_auc"


def test_one_target_cannot_tell() -> None:
    """A single pair gives a difference, and no verdict on it."""
    one, other = (trial(i * 16, [0.9], [auc], PaperProtocol(replicates=1)) for i, auc in (("a", 0.6), ("b", 0.5)))
    found = differences_frame(one, [other], "svm.auc")
    assert found["n"].tolist() == [1, 1]
    assert found["verdict"].tolist() == ["cannot tell", "cannot tell"]
    assert rows_of(found, "svm.auc")["difference"].tolist() == pytest.approx([-0.1])


def test_number_that_b_lacks_cannot_be_compared() -> None:
    """An attack that only A has gives a row without numbers, and no pairs."""
    both = trial("a" * 16, [0.9, 0.91, 0.9, 0.92], [0.6, 0.61, 0.6, 0.62], attacks=(SvmAttack(), LiraAttack()))
    (row,) = rows_of(differences_frame(both, [QUIET], "lira_shrunken.auc"), "lira_shrunken.auc").to_dict("records")
    assert (row["n"], row["verdict"]) == (0, "cannot tell")
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
    assert rows_of(found, "svm.placebo_auc")["verdict"].tolist() == ["B is higher"]


@pytest.mark.parametrize("column", ["worst.acu", "worst.attack", "target", "protocol"])
def test_column_without_numbers_is_refused(column: str) -> None:
    """Names, the number of the target and slips of the pen are no quantity; the error has the nearest."""
    with pytest.raises(StudyError, match=rf"got '{column}'; nearest: [\w.]+"):
        differences_frame(A, [QUIET], column)


def test_beginning_of_an_id_is_enough() -> None:
    """Trials are found by the beginnings of their ids, each once."""
    assert choose_trials([A, QUIET, ACCURATE], "aa", ["c", "b", "cc"]) == (A, [ACCURATE, QUIET])


def test_all_others_are_chosen_where_none_is_named() -> None:
    """Those that can be compared: completed, of the same dataset, protocol and seed."""
    strangers = [
        trial("1" * 16, [0.9] * 4, [0.6] * 4, dataset="digits"),
        trial("2" * 16, [0.9] * 4, [0.6] * 4, PaperProtocol(replicates=4)),
        trial("3" * 16, [0.9] * 4, [0.6] * 4, seed=1),
        make_failed("4" * 16, protocol=HALVES),
    ]
    assert choose_trials([QUIET, *strangers, A, ACCURATE], "a") == (A, [QUIET, ACCURATE])


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"dataset": "digits"}, "dataset iris against digits"),
        ({"protocol": PaperProtocol(replicates=4)}, "protocol kind='halves' networks=4.* against kind='paper'"),
        ({"seed": 1}, "seed 0 against 1"),
    ],
)
def test_targets_that_are_not_paired_are_refused(fields: dict[str, object], reason: str) -> None:
    """Trials of different datasets, protocols or seeds are not compared; the error has the reason and a remedy."""
    stranger = trial("e" * 16, [0.9] * 4, [0.6] * 4, **fields)
    with pytest.raises(StudyError, match=f"{reason}.*; ids that would do: {QUIET.trial_id}"):
        choose_trials([A, QUIET, stranger], "a", ["e"])


@pytest.mark.parametrize(
    ("a", "others", "message"),
    [
        ("x", [], "^x: must be .* but names no trial; ids that would do: b{16}, ab0{14}, a0{15}$"),
        ("a0", ["x"], "^x: must be .* but names no trial; ids that would do: b{16}, ab0{14}$"),
        ("a0", ["a"], "^a: must be .* is the beginning of 2 trials; ids that would do: ab0{14}, a0{15}$"),
        ("a0", ["a00"], "must be set beside another trial, not itself; ids that would do: ab0"),
        ("f", [], r"must be a completed trial, but it failed \(DivergedError: the training loss"),
    ],
)
def test_ids_that_do_not_fit_are_refused(a: str, others: list[str], message: str) -> None:
    """An id that names no trial, several, a failed one or A again is refused, with those that would do."""
    one, near = (A.model_copy(update={"trial_id": beginning + "0" * 13}) for beginning in ("a00", "ab0"))
    with pytest.raises(StudyError, match=message):
        choose_trials([one, near, QUIET, make_failed("f" * 16, protocol=HALVES)], a, others)


def test_long_list_of_ids_is_cut_short() -> None:
    """The five nearest ids are named, the rest counted."""
    many = [A.model_copy(update={"trial_id": f"{number:016x}"}) for number in range(20)]
    with pytest.raises(StudyError, match=r"(0\w{15}, ){4}0\w{15} and 15 more$"):
        choose_trials(many, "x")


def test_trial_without_company_is_refused() -> None:
    """There is no difference from nothing."""
    with pytest.raises(StudyError, match="is the only one of this study"):
        choose_trials([A, make_failed(protocol=HALVES)], "a")
