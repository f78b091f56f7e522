import os
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import make_completed, make_failed
from versions import OtherVersions

from privsearch.api.study import Study
from privsearch.data import describe_dataset
from privsearch.errors import DataError, SpecError, StudyError
from privsearch.spec import LiraAttack, PaperProtocol, SvmAttack, SweepSpec, ThresholdAttack
from privsearch.study.environment import present_environment
from privsearch.study.record import RecordWriter
from privsearch.sweep.attack_plan import attack_plan
from privsearch.sweep.plan import Plan, make_plan


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
    with RecordWriter(study.record_path) as record:
        for trial, status in zip(plan.trials, statuses, strict=False):
            result = make_completed(trial.trial_id) if status == "completed" else make_failed(trial.trial_id)
            record.append(result.model_copy(update={"spec": trial.spec}))
    return plan


def test_persons_are_what_a_protocol_counts(tiny_sweep: SweepSpec, study: Study, tmp_path: Path) -> None:
    """It is refused at once if they are too few for their coins, however many rows they have."""
    rows = [f"{k},{k // 20},{k % 2}" for k in range(400)]
    (tmp_path / "t.csv").write_text("\n".join(["a,patient,y", *rows]))
    dataset = {"name": "t", "path": str(tmp_path / "t.csv"), "label": "y", "group": "patient"}
    asked = {"datasets": [dataset], "protocol": {"kind": "one_run", "audited_fraction": 0.2}, "attacks": ["loss"]}
    sweep = tiny_sweep.model_dump(exclude={"objectives"}) | asked
    with pytest.raises(SpecError, match=r"audited_fraction of 0.2 of 16 gives 3.*an example is a person here"):
        make_plan(SweepSpec.model_validate(sweep), study)


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


def keep_signals_of(study: Study, *trial_ids: str) -> None:
    """Pretend that trainings were kept; a plan only looks whether they are there."""
    study.signals.folder.mkdir(parents=True, exist_ok=True)
    for trial_id in trial_ids:
        (study.signals.folder / f"{trial_id}.npz").touch()


def test_what_was_kept_needs_no_training(tiny_sweep: SweepSpec, study: Study) -> None:
    """A new attack on trials whose signals are kept is all that is left to do of them; others are trained again."""
    plan = begin(study, tiny_sweep, *["completed"] * 4)
    keep_signals_of(study, *(trial.trial_id for trial in plan.trials[:3]))
    more = make_plan(changed(tiny_sweep, attacks=["svm", "loss"]), study)
    assert [(trial.cached, trial.trained) for trial in more.trials] == [(False, True)] * 3 + [(False, False)]
    assert [[attack.name for attack in trial.missing] for trial in more.trials] == [["loss"]] * 4
    assert {len(trial.spec.attacks) for trial in more.todo} == {2}, "a trial has all its attacks"
    summary = more.summary()
    assert (summary["to_do"], summary["to_attack_only"], summary["networks_to_train"]) == (4, 3, 4)
    assert len(more.datasets_to_load) == 1
    assert more.todo[0] == more.trials[3], "a training takes longer than an attack"


def begin_earlier(study: Study, sweep: SweepSpec, count: int) -> Plan:
    """Record trials as an earlier privsearch audited them, with one attack more than the sweep asks for."""
    plan = make_plan(sweep, study)
    study.begin(sweep, {trial.trial_id: "iris" for trial in plan.trials}, {})
    attacks = (SvmAttack(), ThresholdAttack(kind="entropy"))
    with RecordWriter(study.record_path) as record:
        for trial in plan.trials[:count]:
            result = make_completed(trial.trial_id, attacks=attacks, protocol=trial.spec.protocol)
            spec = trial.spec.model_copy(update={"attacks": attacks})
            record.append(result.model_copy(update={"spec": spec, "audit_version": 1}))
    return plan


def test_what_an_earlier_version_audited_is_evaluated_again_where_signals_are_kept(
    tiny_sweep: SweepSpec, study: Study
) -> None:
    """All recorded attacks, without training; where no signals are kept, the record stands, and that is told."""
    plan = begin_earlier(study, tiny_sweep, 3)
    keep_signals_of(study, *(trial.trial_id for trial in plan.trials[:2]))
    again = make_plan(tiny_sweep, study)
    assert [(trial.cached, trial.trained) for trial in again.trials[:3]] == [(False, True)] * 2 + [(True, True)]
    assert [[attack.name for attack in trial.missing] for trial in again.trials[:2]] == [["svm", "entropy"]] * 2
    assert again.audited_earlier == (2, 1)
    on_kept = attack_plan(study, [SvmAttack()])
    assert [[attack.name for attack in trial.missing] for trial in on_kept.trials] == [["svm", "entropy"]] * 2 + [[]]


def test_numbers_of_two_versions_of_the_audit_are_never_joined(tiny_sweep: SweepSpec, study: Study) -> None:
    """A further attack on what an earlier version audited brings all recorded attacks again, trained or not."""
    begin_earlier(study, tiny_sweep, 1)
    (trial, *_) = make_plan(changed(tiny_sweep, attacks=["svm", "loss"]), study).trials
    assert [attack.name for attack in trial.missing] == ["svm", "loss", "entropy"]
    assert not trial.trained


def test_a_plan_says_what_was_recorded_under_other_versions(
    tiny_sweep: SweepSpec, study: Study, other_versions: OtherVersions
) -> None:
    """It is used all the same, unless only the same versions will do; then it is trained again, kept or not."""
    plan = begin(study, tiny_sweep, *["completed"] * 3)
    keep_signals_of(study, *(trial.trial_id for trial in plan.trials))
    assert make_plan(tiny_sweep, study).summary()["recorded_under_other_versions"] == {}
    torch = version("torch")
    other_versions(torch="9.9")
    reusing = make_plan(tiny_sweep, study)
    assert reusing.summary()["recorded_under_other_versions"] == {f"torch {torch} -> 9.9": 3}
    assert (reusing.summary()["cached"], reusing.summary()["networks_to_train"]) == (3, 0)
    strict = make_plan(tiny_sweep, study, only_same_versions=True)
    assert strict.summary()["recorded_under_other_versions"] == {f"torch {torch} -> 9.9": 3}
    assert not any(trial.trained for trial in strict.trials), "nor is the fourth, whose file is read, and damaged"
    assert strict.trials[0].missing == strict.trials[0].spec.attacks
    again = make_completed(plan.trials[0].trial_id).model_copy(update={"spec": plan.trials[0].spec})
    with RecordWriter(study.record_path) as record:
        record.append(again)
    assert [trial.cached for trial in make_plan(tiny_sweep, study, only_same_versions=True).trials] == [
        *(True, False, False, False)
    ]


def test_a_trial_of_two_environments_is_counted_once(
    tiny_sweep: SweepSpec, study: Study, other_versions: OtherVersions
) -> None:
    """Where it was trained, and where it was attacked."""
    plan, here = begin(study, tiny_sweep, "completed"), present_environment()
    elsewhere = here.replace(", numpy ", ", numpy 1.")
    twice = make_completed(plan.trials[0].trial_id).model_copy(update={"environments": (here, elsewhere)})
    with RecordWriter(study.record_path) as record:
        record.append(twice.model_copy(update={"spec": plan.trials[0].spec}))
    other_versions(torch="9.9")
    (told,) = make_plan(tiny_sweep, study).recorded_differently.items()
    torch, numpy = f"torch {version('torch')} -> 9.9", f"numpy 1.{version('numpy')} -> {version('numpy')}"
    assert told == (f"{torch}; then {torch}, {numpy}", 1)


def test_a_plan_says_that_a_dataset_has_changed(tiny_sweep: SweepSpec, study: Study, tmp_path: Path) -> None:
    """The trials of the earlier data are kept and not used, and the directory stays this sweep's."""
    path = tmp_path / "d.csv"
    path.write_text("x,y\n" + "1,a\n2,b\n" * 10)
    sweep = changed(tiny_sweep, datasets=[{"name": "mine", "path": str(path), "label": "y"}])
    begin(study, sweep, "completed", "completed")
    path.write_text("x,y\n" + "1,a\n3,b\n" * 10)
    os.utime(path, ns=(0, 0))
    summary = make_plan(sweep, study).summary()
    assert (summary["to_do"], summary["recorded_but_not_asked_for"]) == (4, 2)
    assert (summary["recorded_for_other_data"], summary["recorded_under_another_meaning"]) == ({"mine": 2}, {})


def test_a_plan_says_what_the_signals_will_take(tiny_sweep: SweepSpec, study: Study) -> None:
    """Four bytes an output: 2 ANNs with one readout, 2 SNNs with three, 4 networks each, 150 examples of 3 classes."""
    assert make_plan(tiny_sweep, study).signal_bytes == 4 * (2 * 1 + 2 * 3) * 4 * 150 * 3
    assert make_plan(changed(tiny_sweep, keep_signals=False), study).signal_bytes == 0


def test_signals_beyond_the_bound_are_not_counted_as_kept(
    tiny_sweep: SweepSpec, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the two SNNs, with three readouts each, are larger than those of the ANNs."""
    monkeypatch.setattr("privsearch.sweep.plan.MAX_BYTES", 4 * 4 * 150 * 3)
    plan = make_plan(tiny_sweep, study)
    assert (plan.signal_bytes, plan.num_unkept) == (2 * 4 * 4 * 150 * 3, 2)
    assert make_plan(changed(tiny_sweep, keep_signals=False), study).num_unkept == 0


def test_both_protocols_are_planned(tiny_sweep: SweepSpec, study: Study) -> None:
    """Each with its own trials, networks and attacks."""
    both = changed(tiny_sweep, protocol=["paper", "halves"], attacks=["svm", "lira"])
    plan = make_plan(both, study)
    assert [trial.spec.protocol.kind for trial in plan.trials] == ["paper"] * 4 + ["halves"] * 4
    assert plan.summary()["networks_to_train"] == 4 * 6 + 4 * 8


def test_augmented_views_need_data_that_are_augmented(tiny_sweep: SweepSpec, study: Study) -> None:
    """Of a table there are none, and the field that asks for them is named."""
    fields = {
        "protocol": {"kind": "halves", "augmented_queries": 2},
        "attacks": [{"kind": "loss", "queries": "augmented"}],
        "objectives": None,
    }
    with pytest.raises(SpecError, match="needs a dataset that is augmented in training, such as cifar10") as caught:
        make_plan(changed(tiny_sweep, **fields), study)
    assert caught.value.where == ("protocol", 0, "augmented_queries")


def test_attacks_are_planned_on_what_is_trained(tiny_sweep: SweepSpec, study: Study) -> None:
    """Completed trials only, each with the attacks that it lacks; what has them all is cached."""
    plan = begin(study, tiny_sweep, "completed", "failed", "completed")
    keep_signals_of(study, *(trial.trial_id for trial in plan.trials))
    attacks = attack_plan(study, [ThresholdAttack(kind="loss")])
    assert [trial.trial_id for trial in attacks.todo] == [plan.trials[0].trial_id, plan.trials[2].trial_id]
    assert attacks.sweep.attacks == (SvmAttack(), ThresholdAttack(kind="loss"))
    assert {(trial.spec.attacks, trial.missing) for trial in attacks.todo} == {
        (attacks.sweep.attacks, (ThresholdAttack(kind="loss"),))
    }, "where the networks are found to be others, all attacks are run again"
    assert attacks.summary()["networks_to_train"] == 0
    assert attack_plan(study, [SvmAttack()]).todo == []


def test_attacks_that_cannot_be_run_are_refused(tiny_sweep: SweepSpec, study: Study) -> None:
    """Nothing trained, signals not kept, or an attack that the protocol gives nothing to work with."""
    with pytest.raises(StudyError, match=r"must be a study"):
        attack_plan(study, [SvmAttack()])
    plan = begin(study, tiny_sweep, "failed")
    with pytest.raises(StudyError, match="must hold trained trials to attack, but has none; run its sweep first"):
        attack_plan(study, [SvmAttack()])
    begin(study, tiny_sweep, "completed", "completed")
    keep_signals_of(study, plan.trials[0].trial_id)
    with pytest.raises(StudyError, match="those of 1 of 2 are not; run the sweep with these attacks in its file"):
        attack_plan(study, [ThresholdAttack(kind="loss")])
    with pytest.raises(SpecError, match="lira needs shadows with and without each example: add halves to protocol"):
        attack_plan(study, [LiraAttack()])


def test_long_trials_come_first(tiny_sweep: SweepSpec, study: Study) -> None:
    """A long trial that starts last would keep one worker busy and the others idle."""
    recipe = {"epochs": 1, "batch_size": 64, "num_steps": 20}
    todo = make_plan(changed(tiny_sweep, datasets=["iris", "digits"], recipe=recipe), study).todo
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


def test_the_networks_follow_from_the_data(tiny_sweep: SweepSpec, study: Study) -> None:
    """Digits are images, and their trials know which layers spike; Iris is a table."""
    plan = make_plan(changed(tiny_sweep, datasets=["iris", "digits"]), study)
    assert {name: info.network for name, info in plan.infos.items()} == {"iris": "fcnet", "digits": "convnet"}
    assert plan.infos["iris"] == describe_dataset("iris")


def test_a_study_of_one_split_goes_on_only_as_such(tiny_sweep: SweepSpec, study: Study) -> None:
    """What it lacks in its files is false; a sweep that would split anew is told how to go on, and is another one."""
    shared = changed(tiny_sweep, protocol={"kind": "paper", "replicates": 2, "placebo_cuts": 2, "resplit": False})
    plan = begin(study, shared, "completed")
    sweep_file = study.path / "sweep.yaml"
    for file in (sweep_file, study.record_path):
        text = file.read_text()
        assert "resplit" in text
        # As an earlier privsearch wrote it, which knew neither the field nor checksums.
        file.write_text(re.sub(r',\s*"?resplit"?:\s*false|,"checksum":"\w+"', "", text))
        assert "resplit" not in file.read_text()
    assert study.sweep() == shared
    assert [trial.cached for trial in make_plan(shared, study).trials] == [True, False, False, False]
    assert study.load().results[0].trial_id == plan.trials[0].trial_id
    with pytest.raises(StudyError, match=r"shares none with this one \(its protocol has resplit: false: write that"):
        make_plan(tiny_sweep, study)


def test_replicates_are_split_by_what_the_data_bring(tiny_sweep: SweepSpec, study: Study, tmp_path: Path) -> None:
    """Dataset by dataset, under the same ids as trials run one by one."""
    x, y = np.arange(240.0).reshape(60, 4), np.arange(60) % 3
    np.savez(tmp_path / "own.npz", x_train=x[:40], y_train=y[:40], x_test=x[40:], y_test=y[40:])
    own = {"name": "own", "path": str(tmp_path / "own.npz")}
    searched = {"search": {"trials": 2, "space": {"model": ["ann"], "learning_rate": [0.1, 0.2, 0.3]}}}
    plan = make_plan(changed(tiny_sweep, datasets=["iris", own], **searched), study)
    resplit = {trial.spec.dataset_name: trial.spec.protocol for trial in plan.trials}
    assert resplit == {
        "iris": PaperProtocol(replicates=2, placebo_cuts=2, resplit=True),
        "own": PaperProtocol(replicates=2, placebo_cuts=2, resplit=False),
    }
    assert {search.task.info.name: search.task.base.protocol for search in plan.searches} == resplit
