from collections.abc import Sequence

import numpy as np
import pytest
from builders import make_failed, not_learnt
from compared_trials import HALVES, attacked, trial
from numpy.typing import NDArray

from privsearch.analysis.equal_accuracy import equal_accuracy_frame, family_of, mean_along_frontier
from privsearch.analysis.margins import Margins
from privsearch.analysis.paired import mean_difference
from privsearch.errors import StudyError
from privsearch.spec import LabelOnlyAttack, LiraAttack
from privsearch.study.result import Completed

NOISE = np.array([-0.003, 0.001, 0.004, -0.002])
TWISTED = np.array([0.001, -0.002, -0.001, 0.002])


def family(
    first: str, accuracies: Sequence[float], aucs: Sequence[float], noise: NDArray[np.float64] = NOISE, **fields: object
) -> list[Completed]:
    """Trials of 5, 10, 20 and 40 epochs, with these means over four targets."""
    return [
        trial(first + f"{number:015x}", list(accuracy + NOISE), list(auc + noise), epochs=5 * 2**number, **fields)
        for number, (accuracy, auc) in enumerate(zip(accuracies, aucs, strict=True))
    ]


ANN = family("a", [0.80, 0.84, 0.90, 0.92], [0.51, 0.53, 0.56, 0.60])
SNN = family("b", [0.82, 0.86, 0.88, 0.91], [0.55, 0.57, 0.58, 0.615], TWISTED, model="snn")


def line(x: float) -> float:
    """The leakage of `ANN` at an accuracy: straight from 0.80 to 0.90, and steeper beyond."""
    return float(np.interp(x, [0.80, 0.90, 0.92], [0.51, 0.56, 0.60]))


def test_two_lines_differ_by_their_offset() -> None:
    """The means lie on two lines, 0.03 apart up to an accuracy of 0.9; of the range, 1 in 9 parts lies beyond."""
    found = equal_accuracy_frame(ANN[2], [SNN[0]], [*ANN, *SNN], "svm.auc").set_index("role")
    assert (found["accuracy_low"].iloc[0], found["accuracy_high"].iloc[0]) == pytest.approx((0.82, 0.91))
    # Between 0.88 and 0.91 B's line rises by 0.035 / 0.03, so the offset is a piecewise line: its corners decide.
    corners = [0.82, 0.88, 0.90, 0.91]
    offsets = [float(np.interp(x, [0.82, 0.88, 0.91], [0.55, 0.58, 0.615])) - line(x) for x in corners]
    assert found.loc["compared", "difference"] == pytest.approx(np.trapezoid(offsets, corners) / 0.09)
    assert found.loc["lowest accuracy", "difference"] == pytest.approx(0.03)
    assert found.loc["highest accuracy", "difference"] == pytest.approx(0.615 - line(0.91))
    assert found.loc["compared", "n"] == 4
    assert found.loc["compared", "verdict"] == "B leaks more (significant)"


@pytest.mark.parametrize("offset", [0.0, 0.02, -0.05])
def test_equal_slopes_give_the_offset_whatever_the_members(offset: float) -> None:
    """On one line, shifted, it is no matter where on it the members of either family lie."""
    a = family("a", [0.80, 0.83, 0.85, 0.93], [0.2 + x / 2 for x in (0.80, 0.83, 0.85, 0.93)])
    b = family("b", [0.81, 0.90], [0.2 + x / 2 + offset for x in (0.81, 0.90)], TWISTED, model="snn")
    found = equal_accuracy_frame(a[0], [b[1]], [*b, *a], "svm.auc").set_index("role")
    assert found["difference"].tolist() == pytest.approx([offset] * 3)


def test_noise_of_the_accuracies_is_in_the_interval() -> None:
    """A target that is more accurate than the others leaks as the slope says: what it gained is taken off."""
    x = np.array([[0.80, 0.82], [0.90, 0.92]])
    along = mean_along_frontier(x, 0.5 * x, 0.81, 0.91)
    assert along == pytest.approx([0.43, 0.43])
    flat = mean_along_frontier(x, np.array([[0.5, 0.6], [0.5, 0.6]]), 0.81, 0.91)
    assert flat == pytest.approx([0.5, 0.6])


def test_parts_of_the_targets_are_the_derivative_of_the_frontier() -> None:
    """Moving one target's accuracy or leakage a little moves the mean by what its part says, weights and all."""
    rng = np.random.default_rng(0)
    x, y = np.array([[0.80], [0.85], [0.90]]) + rng.normal(scale=0.01, size=(3, 5)), rng.uniform(size=(3, 5))
    y += np.array([[0.0], [1.0], [2.0]])
    whole = mean_along_frontier(x, y, 0.83, 0.88)
    for k in range(5):
        # The mean with target k weighing a little more: its part less the mean, by the infinitesimal jackknife.
        weights = np.full(5, 1 - 1e-6) + 5e-6 * (np.arange(5) == k)
        moved = mean_along_frontier((x @ weights / 5)[:, None], (y @ weights / 5)[:, None], 0.83, 0.88)
        assert (moved[0] - whole.mean()) / 1e-6 == pytest.approx(whole[k] - whole.mean(), abs=1e-4)


def test_members_that_are_beaten_are_no_part_of_the_frontier() -> None:
    """Trained too long, a network is less accurate and leaks more: nobody would take it."""
    tired = family("a", [0.80, 0.84, 0.90, 0.89], [0.51, 0.53, 0.56, 0.70])
    spent = mean_along_frontier(*_means(tired), 0.82, 0.90)
    assert spent.mean() == pytest.approx(mean_along_frontier(*_means(tired[:3]), 0.82, 0.90).mean())


def test_below_its_least_accurate_point_a_frontier_is_level() -> None:
    """The first member is beaten by the second, which is more accurate and leaks less: it stands for both."""
    beaten = _means(family("a", [0.80, 0.84, 0.90], [0.55, 0.53, 0.56]))
    assert mean_along_frontier(*beaten, 0.80, 0.84).mean() == pytest.approx(0.53)
    assert mean_along_frontier(*beaten, 0.80, 0.80).mean() == pytest.approx(0.53)


def _means(trials: Sequence[Completed]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    accuracies = [[replicate.target.test_accuracy for replicate in one.replicates] for one in trials]
    aucs = [[replicate.attacks["svm"].auc.value for replicate in one.replicates] for one in trials]
    return np.array(accuracies), np.array(aucs)


@pytest.mark.parametrize("leakage", [(0.52, 0.55, 0.60, 0.66), (0.55, 0.55, 0.55, 0.55)], ids=["rising", "flat"])
def test_interval_of_two_families_of_one_kind_holds_0(leakage: tuple[float, ...]) -> None:
    """In 95 % of cases, within 3 standard errors of 600 simulated pairs, or in more of them."""
    rng = np.random.default_rng(0)
    x, y = np.array([0.85, 0.88, 0.90, 0.91])[:, None], np.array(leakage)[:, None]
    held = []
    for _ in range(600):
        (xa, ya), (xb, yb) = ([side + rng.normal(scale=0.01, size=(4, 8)) for side in (x, y)] for _ in "ab")
        low, high = max(xa.mean(1).min(), xb.mean(1).min()), min(xa.mean(1).max(), xb.mean(1).max())
        parts = mean_along_frontier(xb, yb, low, high) - mean_along_frontier(xa, ya, low, high)
        found = mean_difference(parts[None])
        held.append(found.low[0] <= 0 <= found.high[0])
    assert np.mean(held) > 0.95 - 3 * np.sqrt(0.05 * 0.95 / 600)


def test_family_is_what_differs_in_epochs_alone() -> None:
    """Completed trials of the same dataset, protocol, seed and axes, in the order of their epochs."""
    strangers = [
        *family("c", [0.8], [0.5], seed=1),
        *family("d", [0.8], [0.5], weight_bit_width=4),
        make_failed("e" * 16, protocol=HALVES, epochs=80),
        not_learnt(trial("f" * 16, [0.3] * 4, [0.5] * 4, epochs=1)),
    ]
    found = family_of(ANN[1], [*SNN, *strangers, *reversed(ANN)])
    assert [member.trial_id for member in found.members] == [member.trial_id for member in ANN]
    assert (found.low, found.high) == pytest.approx((0.80, 0.92))


@pytest.mark.parametrize("named", range(4))
def test_any_member_may_stand_for_its_family(named: int) -> None:
    """The numbers are those of the families, whoever names them."""
    results = [*ANN, *SNN]
    one, other = (equal_accuracy_frame(ANN[k], [SNN[k]], results, "svm.auc") for k in (0, named))
    assert one["difference"].tolist() == other["difference"].tolist()


def test_strongest_attack_is_that_of_all_members() -> None:
    """An attack that one member lacks is left out of `worst` on both sides, and named; the others have a row each."""
    lira, labels, spikes = LiraAttack(), LabelOnlyAttack(), LiraAttack(signals="spike_counts")
    a, b = (
        [
            attacked(of, {lira: list(auc + 0.05 + NOISE), labels: list(auc + TWISTED), **more})
            for of, auc in zip(trials, (0.51, 0.55), strict=False)
        ]
        for trials, more in ((ANN, {}), (SNN, {spikes: [0.9, 0.91, 0.92, 0.9]}))
    )
    found = equal_accuracy_frame(a[0], [b[0]], [*a, *b])
    assert found["role"].tolist() == ["compared", "lowest accuracy", "highest accuracy", "one attack", "one attack"]
    assert found["quantity"].tolist() == ["worst.auc"] * 3 + [f"{lira.name}.auc", "label_only.auc"]
    assert (set(found["only_a"]), set(found["only_b"])) == ({""}, {spikes.name})
    compared, lira_alone = found["difference"][0], found["difference"][3]
    assert compared == pytest.approx(lira_alone)


def test_comparisons_of_families_are_corrected() -> None:
    """Two B make two comparisons; the ends of the range have no verdict, and do not count."""
    other = family("c", [0.81, 0.85, 0.89, 0.91], [0.52, 0.54, 0.57, 0.6], TWISTED, model="snn", weight_bit_width=4)
    found = equal_accuracy_frame(ANN[0], [SNN[0], other[0]], [*ANN, *SNN, *other], "svm.auc", Margins(0.02))
    compared = found[found["role"] == "compared"]
    assert compared["trial_id"].tolist() == [other[0].trial_id, SNN[0].trial_id]
    for p in ("p", "p_equivalent"):
        assert compared[f"{p}_corrected"].to_numpy() == pytest.approx(np.minimum(2 * compared[p].to_numpy(), 1.0))
    assert found[found["role"] != "compared"]["p_corrected"].isna().all()


def test_frontiers_that_do_not_overlap_are_refused() -> None:
    """The error has both ranges, and which of the two to train longer."""
    low = family("c", [0.60, 0.70], [0.5, 0.52], model="snn")
    message = r"that of c0{15} goes from 0.600 to 0.700 and that of a0{15} from 0.800 to 0.920; train the former for"
    with pytest.raises(StudyError, match=message):
        equal_accuracy_frame(ANN[0], [low[0]], [*ANN, *low], "svm.auc")


def test_family_of_one_accuracy_is_refused() -> None:
    """A point within the other's range is no range."""
    point = family("c", [0.85, 0.85], [0.5, 0.52], model="snn")
    with pytest.raises(StudyError, match="train both for fewer and for more epochs"):
        equal_accuracy_frame(ANN[0], [point[0]], [*ANN, *point], "svm.auc")


def test_family_of_one_is_refused() -> None:
    """One point is no frontier; the error has the line to add to the sweep file."""
    with pytest.raises(StudyError, match=r"but it is the only one; .* such as epochs: \[1, 2, 5, 10\], and sweep"):
        equal_accuracy_frame(ANN[0], [SNN[0]], [*ANN, SNN[0]], "svm.auc")
    idle = [not_learnt(member) for member in SNN[1:]]
    with pytest.raises(StudyError, match="but of 4, 1 has learnt"):
        equal_accuracy_frame(ANN[0], [SNN[0]], [*ANN, SNN[0], *idle], "svm.auc")


def test_members_of_one_family_are_not_compared() -> None:
    """They lie on one frontier, which does not differ from itself."""
    with pytest.raises(StudyError, match="must differ in more than epochs"):
        equal_accuracy_frame(ANN[0], [ANN[1]], ANN, "svm.auc")


def test_accuracy_is_no_leakage() -> None:
    """At equal accuracy, accuracies are equal."""
    with pytest.raises(StudyError, match=r"must be an attack's number, such as worst\.auc, but got 'train_accuracy'"):
        equal_accuracy_frame(ANN[0], [SNN[0]], [*ANN, *SNN], "train_accuracy")


def test_margin_of_accuracy_is_refused() -> None:
    """There is nothing that it could be the margin of."""
    with pytest.raises(StudyError, match="leave out --accuracy-within"):
        equal_accuracy_frame(ANN[0], [SNN[0]], [*ANN, *SNN], "svm.auc", Margins(0.02, 0.01))
