from pathlib import Path
from typing import Any

import pytest
from builders import make_completed, make_failed

from privsearch.data import describe_dataset
from privsearch.errors import DataError, SpecError, StudyError
from privsearch.plan import Plan, find_trial, make_plan
from privsearch.spec import SvmAttack, SweepSpec
from privsearch.store import RecordWriter, Study


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """A directory that is not there yet."""
    return Study(tmp_path / "study")


def changed(sweep: SweepSpec, **fields: Any) -> SweepSpec:
    return SweepSpec.model_validate(sweep.model_dump() | fields)


def begin(study: Study, sweep: SweepSpec, *statuses: str) -> Plan:
    """Run the first trials of a sweep on paper: one for each status."""
    plan = make_plan(sweep, study)
    study.begin(sweep, {trial.trial_id: "iris" for trial in plan.trials}, {})
    with RecordWriter(study) as record:
        for trial, status in zip(plan.trials, statuses, strict=False):
            result = make_completed(trial.trial_id) if status == "completed" else make_failed(trial.trial_id)
            record.append(result.model_copy(update={"spec": trial.spec}))
    return plan


def test_a_plan_counts_what_a_sweep_comes_to(tiny_sweep: SweepSpec, study: Study) -> None:
    """Four trials of two replicates, each a target and a shadow; nothing on the disk is touched."""
    summary = make_plan(tiny_sweep, study).summary()
    assert (summary["trials"], summary["cached"], summary["to_do"], summary["networks_to_train"]) == (4, 0, 4, 16)
    assert summary["datasets"]["iris"]["trials"] == 4
    assert summary["grids"] == {"precision": {"points_per_dataset": 4, "distinct_per_dataset": 4}}
    assert summary["estimated_core_seconds"] > 0
    assert not study.path.exists()


def test_completed_trials_are_cached_and_failed_ones_tried_again(tiny_sweep: SweepSpec, study: Study) -> None:
    """Resuming follows from the record alone."""
    begin(study, tiny_sweep, "completed", "failed")
    assert [trial.cached for trial in make_plan(tiny_sweep, study).trials] == [True, False, False, False]


def test_a_longer_sweep_runs_only_what_is_new(tiny_sweep: SweepSpec, study: Study) -> None:
    """What is recorded counts for every sweep that asks for it."""
    begin(study, tiny_sweep, *["completed"] * 4)
    longer = changed(tiny_sweep, grids={"g": {"model": ["ann", "snn"], "act_bit_width": [None, 4, 2]}})
    assert [trial.spec.act_bit_width for trial in make_plan(longer, study).todo] == [2, 2]


def test_a_shorter_sweep_says_what_it_leaves_out(tiny_sweep: SweepSpec, study: Study) -> None:
    """Recorded trials that nobody asks for any more are counted, not shown."""
    begin(study, tiny_sweep, *["completed"] * 4)
    shorter = changed(tiny_sweep, grids={"g": {"model": ["ann"]}})
    assert make_plan(shorter, study).summary()["recorded_but_not_asked_for"] == 3


def test_a_new_attack_is_something_to_do(tiny_sweep: SweepSpec, study: Study) -> None:
    """A recorded trial answers only for the attacks that it was given."""
    begin(study, tiny_sweep, *["completed"] * 4)
    more = changed(tiny_sweep, attacks=[SvmAttack(), SvmAttack(per_class=True)])
    assert len(make_plan(more, study).todo) == 4


def test_long_trials_come_first(tiny_sweep: SweepSpec, study: Study) -> None:
    """A long trial that starts last would keep one worker busy and the others idle."""
    todo = make_plan(changed(tiny_sweep, datasets=["iris", "digits"]), study).todo
    assert [t.seconds for t in todo] == sorted((t.seconds for t in todo), reverse=True)
    assert todo[0].spec.dataset == "digits"
    assert todo[0].spec.model == "snn"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "other"}, "belongs to the sweep 'tiny', but this sweep is 'other'"),
        ({"seed": 1}, "shares none with this one"),
        ({"recipe": {"epochs": 2}}, "shares none with this one"),
    ],
)
def test_another_sweeps_study_is_refused(
    tiny_sweep: SweepSpec, study: Study, fields: dict[str, Any], message: str
) -> None:
    """Two sweeps never mix unasked: not under another name, and not under the same one."""
    begin(study, tiny_sweep, "completed")
    with pytest.raises(StudyError, match=message):
        make_plan(changed(tiny_sweep, **fields), study)


def test_a_directory_of_other_things_is_refused(tiny_sweep: SweepSpec, tmp_path: Path) -> None:
    """Results are not strewn among files that are not theirs."""
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(StudyError, match="must be empty or a study, but holds other files"):
        make_plan(tiny_sweep, Study(tmp_path))
    with pytest.raises(StudyError, match="must be a directory, but is a file"):
        make_plan(tiny_sweep, Study(tmp_path / "thesis.tex"))


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"recipe": {"train_size": 121}}, ("recipe", "train_size")),
        ({"recipe": {"train_size": 2}}, ("recipe", "train_size")),
        ({"recipe": {"test_size": 5}}, ("recipe", "test_size")),
        ({"recipe": {"overrides": {"iris": {"test_size": 31}}}}, ("recipe", "overrides", "iris", "test_size")),
        ({"grids": {"g": {"model": ["ann"], "train_size": [50, 999]}}}, ("grids", "g", "train_size")),
    ],
)
def test_a_subsample_must_fit_its_dataset(
    tiny_sweep: SweepSpec, study: Study, fields: dict[str, Any], where: tuple[str, ...]
) -> None:
    """Iris has 120 training and 30 test examples of 3 classes; the field that asks for more or fewer is named."""
    with pytest.raises(SpecError, match=r"must lie between [36] .* and (120|30) .* but got") as caught:
        make_plan(changed(tiny_sweep, **fields), study)
    assert caught.value.where == where


def test_a_dataset_that_is_not_there_is_blamed(tiny_sweep: SweepSpec, study: Study) -> None:
    """The second of two datasets, by its place in the sweep."""
    missing = {"name": "mine", "path": "/nowhere/mine.csv", "label": "y"}
    with pytest.raises(DataError) as caught:
        make_plan(changed(tiny_sweep, datasets=["iris", missing]), study)
    assert caught.value.where == ("datasets", 1)


def test_two_datasets_of_one_content_are_refused(tiny_sweep: SweepSpec, study: Study, tmp_path: Path) -> None:
    """Their trials would be the same ones under two names."""
    (tmp_path / "d.csv").write_text("x,y\n" + "1,a\n2,b\n" * 10)
    twins = [{"name": name, "path": str(tmp_path / "d.csv"), "label": "y"} for name in ("one", "two")]
    with pytest.raises(DataError, match="content of its own, but two has that of one; drop one of them"):
        make_plan(changed(tiny_sweep, datasets=twins), study)


def test_a_trial_is_found_by_the_beginning_of_its_id(tiny_sweep: SweepSpec, study: Study) -> None:
    """Nobody types sixteen digits."""
    plan = make_plan(tiny_sweep, study)
    wanted = plan.trials[2]
    assert find_trial(plan, wanted.trial_id[:8]) == wanted
    with pytest.raises(SpecError, match="names no trial; `privsearch plan --trials` lists them; nearest: "):
        find_trial(plan, "xyz")
    with pytest.raises(SpecError, match="is the beginning of 4 trials"):
        find_trial(plan, "")


def test_the_networks_follow_from_the_data(tiny_sweep: SweepSpec, study: Study) -> None:
    """Digits are images, and their trials know which layers spike; Iris is a table."""
    plan = make_plan(changed(tiny_sweep, datasets=["iris", "digits"]), study)
    assert {name: info.network for name, info in plan.infos.items()} == {"iris": "fcnet", "digits": "convnet"}
    assert plan.infos["iris"] == describe_dataset("iris")
