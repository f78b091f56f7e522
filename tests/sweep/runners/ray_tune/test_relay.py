from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from builders import make_completed
from collected import Collector

from privsearch.api.study import Study
from privsearch.errors import StudyError
from privsearch.spec import RetryPolicy, SweepSpec
from privsearch.study.kept import KeptSignals, SignalFile
from privsearch.study.network_archive import NetworkArchive
from privsearch.study.result import Completed
from privsearch.study.signal_archive import SignalArchive
from privsearch.sweep.plan import make_plan
from privsearch.sweep.planned import PlannedTrial
from privsearch.sweep.runners.base import Listed
from privsearch.sweep.runners.jobs import AttackOnly, TrainAndAttack
from privsearch.sweep.runners.ray_tune.messages import WorkerConfig
from privsearch.sweep.runners.ray_tune.open_trials import OpenTrials
from privsearch.sweep.runners.ray_tune.relay import (
    Outbox,
    Witness,
    files_needed,
    read_files,
    witness_of,
    write_files,
)
from privsearch.sweep.trial import run_trial

WORK = replace(
    PlannedTrial("t" * 16, make_completed().spec, (), (), False, 1.0, 0),
    networks=("n1", "n2", "n3"),
    files={"n2": SignalFile("elsewhere"), "n3": SignalFile("theirs", SignalArchive(Path("/other")))},
    to_train={0: 1.0},
)


def test_an_outbox_gives_what_is_new() -> None:
    """What was put there is no news, unless it was written again; nothing stays."""
    box = Outbox()
    folder = Path(*box.environment.values())
    box.fill({"signals/a.npz": b"old", "signals/b.npz": b"old"})
    (folder / "signals" / "b.npz").write_bytes(b"new")
    (folder / "networks").mkdir()
    (folder / "networks" / "c.pt").write_bytes(b"weights")
    assert box.empty() == {"signals/b.npz": b"new", "networks/c.pt": b"weights"}
    assert box.empty() == {}
    box.close()
    assert not folder.exists()


def test_a_worker_needs_what_its_work_may_find() -> None:
    """The trial's own file, and those of its networks in the same study; a part needs its networks' alone."""
    assert files_needed(WORK) == [f"signals/{'t' * 16}.npz", "signals/elsewhere.npz"]
    assert files_needed(WORK.part_of((0,))) == ["signals/n1.npz"]


def test_files_go_where_they_belong_and_nowhere_else(tmp_path: Path) -> None:
    """A worker's word for a path is taken for a file's name in the study's folders, or not at all."""
    job = TrainAndAttack(SignalArchive(tmp_path / "signals"), networks=NetworkArchive(tmp_path / "networks"))
    files = {"signals/a.npz": b"1", "networks/b.pt": b"2"}
    write_files(job, {**files, "signals/../../evil": b"3", "other/c": b"4", "signals/x/y": b"5"})
    assert {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()} == files.keys()
    assert read_files(job, ["signals/a.npz", "signals/none.npz"]) == {"signals/a.npz": b"1"}
    assert read_files(AttackOnly(SignalArchive("memory://x")), ["signals/a.npz"]) == {}


def test_a_file_that_cannot_be_written_keeps_no_other_one_back(tmp_path: Path) -> None:
    """Whatever the order in which a worker sends them."""
    (tmp_path / "networks").write_text("in the way")
    job = TrainAndAttack(SignalArchive(tmp_path / "signals"), networks=NetworkArchive(tmp_path / "networks"))
    with pytest.raises(StudyError, match="networks: what is kept must lie where"):
        write_files(job, {"networks/a.pt": b"2", "signals/a.npz": b"1"})
    assert (tmp_path / "signals" / "a.npz").read_bytes() == b"1"


def test_a_witness_is_seen_where_the_folder_is(tmp_path: Path) -> None:
    """It is gone afterwards; a storage that all machines reach needs none."""
    with witness_of(TrainAndAttack(SignalArchive(tmp_path / "signals"))) as witness:
        assert witness is not None
        assert witness.is_seen()
    assert not witness.is_seen()
    assert list((tmp_path / "signals").iterdir()) == []
    for job in (TrainAndAttack(), AttackOnly(SignalArchive("memory://x")), lambda *_: make_completed()):
        with witness_of(job) as none:
            assert none is None


@pytest.mark.slow
def test_workers_that_do_not_see_the_study_train_and_attack_as_others_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parts of a trial, what is left of it, and an attack to come: every file travels, and no network twice."""
    from privsearch.sweep.runners.ray_tune import driver
    from privsearch.sweep.runners.ray_tune.session import local_ray

    @contextmanager
    def nowhere(job: object) -> Iterator[Witness]:
        yield Witness(tmp_path / "not here")

    monkeypatch.setattr(driver, "witness_of", nowhere)
    sweep = SweepSpec.model_validate(
        {
            "name": "far",
            "datasets": ("iris",),
            "protocol": {"kind": "halves", "networks": 4},
            "grids": {"g": {"model": ["ann"]}},
            "recipe": {"epochs": 1},
            "attacks": ("loss", "lira"),
        }
    )
    (trial,) = make_plan(sweep, Study(tmp_path / "study")).todo
    long = replace(trial, to_train=dict.fromkeys(range(4), 30.0), seconds=121.0)
    config = WorkerConfig(2, 2, {"CPU": 1.0, "GPU": 0.0}, {}, RetryPolicy(), splits=True)
    archive = SignalArchive(tmp_path / "study" / "signals")
    archive.folder.mkdir(parents=True)  # type: ignore[union-attr]
    expected = run_trial(trial.spec)
    assert isinstance(expected, Completed)
    trained, attacked = Collector(), Collector()
    with local_ray(cores=2):
        pending = OpenTrials(Listed([long]), trained)
        driver.drive(pending, TrainAndAttack(archive), config, on_cluster=True)
        (result,) = trained.results
        assert isinstance(result, Completed)
        assert result.numbers() == expected.numbers()
        assert archive.trial_ids() == set(result.networks)
        files = KeptSignals.of(archive, {result.trial_id: result}).files_of(result.trial_id, result.networks)
        again = replace(trial, to_train={}, files=files)
        driver.drive(OpenTrials(Listed([again]), attacked), AttackOnly(archive), config, on_cluster=True)
    (result,) = attacked.results
    assert isinstance(result, Completed)
    assert result.numbers() == expected.numbers()
