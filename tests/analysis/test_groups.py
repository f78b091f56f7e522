"""Which subgroups leak, and which ones are shown to leak more than the rest."""

import numpy as np
import pytest
from foreign_outputs import pairs, simulate

from privsearch._util.interval import Interval
from privsearch.analysis.frames import slices_frame
from privsearch.analysis.groups import group_findings, strongest_by_group
from privsearch.report.wording.groups import group_lines
from privsearch.study.attack_result import GroupLeakage
from privsearch.study.result import Completed


def completed(effect: np.ndarray, groups: np.ndarray, *, seed: int = 0, networks: int = 4) -> Completed:
    """A trial of networks that leak by `effect` of each example's, with these subgroups."""
    foreign = simulate(pairs(networks, len(groups), np.random.default_rng(seed)), seed, effect=effect, groups=groups)
    found, trial = foreign.audit(["loss"]), foreign.trial(["loss"])
    return Completed(
        trial_id=trial.trial_id, spec=trial.spec, replicates=found.replicates, across=found.across, seconds=0.0
    )


@pytest.fixture(scope="module")
def uneven() -> Completed:
    """Of three subgroups, only the rare one leaks."""
    groups = np.repeat(["a", "b", "rare"], [150, 150, 60])
    return completed(np.where(groups == "rare", 4.0, 0.0), groups)


def test_the_subgroup_that_leaks_is_named(uneven: Completed) -> None:
    """It comes first, is worse than the rest for certain, and no other is."""
    attack, findings = strongest_by_group(uneven) or ("", [])
    assert attack == "loss"
    assert (findings[0].name, findings[0].is_worse) == ("rare", True)
    assert sum(one.is_worse for one in findings) == 1
    assert findings[0].num_members + findings[0].num_non_members == 60
    (line,) = group_lines([uneven])
    assert line.startswith("simulated, halves: network-v1, by loss, in each subgroup: rare 0.")
    assert "More than the rest leaks rare by" in line
    assert line.endswith("of AUC (95 % intervals, simultaneous for 3 subgroups).")


def test_slices_have_the_subgroups(uneven: Completed) -> None:
    """Beside the classes, with intervals and sizes; classes have neither, as before."""
    frame = slices_frame([uneven]).set_index("slice")
    assert {"group a", "group b", "group rare", "class 0", "correct"} <= set(frame.index)
    rare = frame.loc["group rare"]
    assert rare["auc_low"] < rare["auc"] < rare["auc_high"]
    assert 0 < rare["more_than_rest_low"] < rare["more_than_rest"] < rare["more_than_rest_high"]
    assert frame.loc["class 0", ["auc_low", "num_members"]].isna().all()


def test_an_example_may_be_in_no_subgroup() -> None:
    """It is among the rest of every subgroup."""
    groups = np.repeat(["a", ""], [60, 60])
    (finding,) = group_findings(completed(np.zeros(120), groups), "loss")
    assert finding.name == "a"
    assert finding.num_members + finding.num_non_members == 60
    assert finding.difference is not None


def test_a_subgroup_of_members_alone_has_no_auc() -> None:
    """It is left out where no target has both kinds in it."""
    result = completed(np.zeros(40), np.repeat(["a", "b"], 20), networks=4)
    alone = GroupLeakage(auc=None, rest=Interval(0.5, 0.4, 0.6), num_members=20, num_non_members=0)
    changed = tuple(
        replicate.model_copy(
            update={
                "attacks": {
                    "loss": replicate.attacks["loss"].model_copy(
                        update={"by_group": {**replicate.attacks["loss"].by_group, "a": alone}}
                    )
                }
            }
        )
        for replicate in result.replicates
    )
    assert [one.name for one in group_findings(result.model_copy(update={"replicates": changed}), "loss")] == ["b"]


def test_among_many_subgroups_without_a_difference_hardly_any_is_called_worse() -> None:
    """In 25 audits of ten subgroups that leak alike, at most 5 % have one that is called worse, as Bonferroni says."""
    groups = np.tile([f"g{k}" for k in range(10)], 20)
    called = [
        any(one.is_worse for one in group_findings(completed(np.ones(200), groups, seed=seed), "loss"))
        for seed in range(25)
    ]
    assert sum(called) <= 4  # of a binomial with 25 and 0.05, exceeded by chance in 1 of 130 runs


def test_without_subgroups_nothing_is_said() -> None:
    """No line, and no more columns in the table of slices."""
    foreign = simulate(pairs(4, 40, np.random.default_rng(0)))
    found, trial = foreign.audit(["loss"]), foreign.trial(["loss"])
    result = Completed(
        trial_id=trial.trial_id, spec=trial.spec, replicates=found.replicates, across=found.across, seconds=0.0
    )
    assert list(group_lines([result])) == []
    assert "more_than_rest" not in slices_frame([result])
