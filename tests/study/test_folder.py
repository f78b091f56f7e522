import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from builders import make_completed, make_failed
from command_line import sound_lines

import privsearch
from privsearch.api.study import Study
from privsearch.errors import StudyError
from privsearch.spec import SvmAttack, SweepSpec, TableDataset, ThresholdAttack
from privsearch.study import lock
from privsearch.study.network_archive import NetworkArchive
from privsearch.study.record import RecordWriter
from privsearch.study.result import Completed
from privsearch.study.signal_archive import SignalArchive
from privsearch.sweep.plan import make_plan


@pytest.fixture
def study(tmp_path: Path, tiny_sweep: SweepSpec) -> Study:
    """A study that has begun, with two trials planned."""
    study = Study(tmp_path / "study")
    study.begin(tiny_sweep, {"a" * 16: "iris", "b" * 16: "iris"}, {"python": "3"})
    return study


def append(study: Study, *results: object) -> None:
    with RecordWriter(study.record_path) as record:
        for result in results:
            record.append(result)  # type: ignore[arg-type]


def test_results_come_in_the_order_of_the_plan(study: Study) -> None:
    """The table does not depend on which worker was faster, and leaves out what the sweep no longer asks for."""
    append(study, make_failed("c" * 16), make_failed(), make_completed())
    assert [result.trial_id for result in study.results()] == ["a" * 16, "b" * 16]


def test_a_study_remembers_what_was_asked(study: Study, tiny_sweep: SweepSpec) -> None:
    """The sweep, its trials and the environment are there for a reader."""
    assert study.sweep() == tiny_sweep
    assert study.load().trials == {"a" * 16: "iris", "b" * 16: "iris"}
    study.begin(tiny_sweep, {}, {"python": "4"})
    runs = sound_lines(study.path / "environments.jsonl")
    assert [json.loads(run) for run in runs] == [{"python": "3"}, {"python": "4"}]


def test_a_study_is_held_by_one_process_at_a_time(study: Study) -> None:
    """The second learns who holds it, and nothing of the first is disturbed."""
    code = (
        "import sys; from pathlib import Path; from privsearch.study.folder import StudyFolder as Study\n"
        "with Study(Path(sys.argv[1])).locked(): print('held', flush=True); input()"
    )
    command = [sys.executable, "-c", code, str(study.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StudyError, match=f"process {holder.pid} on .* holds it since"), study.locked():
            pass
        holder.kill()
    with study.locked():
        assert json.loads((study.path / ".holder.json").read_text())["pid"] == os.getpid()


def test_load_study_names_what_is_missing(tmp_path: Path, study: Study) -> None:
    """A wrong path ends with a sentence."""
    assert privsearch.load_study(study.path).load().trials == study.load().trials
    with pytest.raises(StudyError, match="there is no such directory"):
        privsearch.load_study(tmp_path / "nowhere")
    with pytest.raises(StudyError, match=r"it has no sweep\.yaml"):
        privsearch.load_study(tmp_path)


def test_a_study_without_its_plan_says_what_brings_it_back(study: Study) -> None:
    """A file that was deleted or torn ends with a sentence."""
    for torn in ("", "{}", "[1", "[]", '{"trials": ["a"]}', "\0"):
        (study.path / "plan.json").write_text(torn)
        with pytest.raises(StudyError, match=r"plan\.json: must be readable, but: it holds something else"):
            study.results()


def test_a_dataset_is_called_what_the_sweep_calls_it_now(study: Study, tiny_sweep: SweepSpec) -> None:
    """Its content is what counts: renamed, it keeps its results."""
    old = TableDataset(name="old", path="x.csv", label="y")
    append(study, make_completed(dataset=old))
    study.begin(tiny_sweep, {"a" * 16: "new"}, {})
    assert [result.spec.dataset_name for result in study.results()] == ["new"]


def test_what_a_kill_leaves_of_a_file_disturbs_nobody(tmp_path: Path, tiny_sweep: SweepSpec) -> None:
    """A directory with nothing but an unfinished file in it is as good as new."""
    (tmp_path / ".sweep.yaml.4711").write_text("name: ti")
    (tmp_path / ".lock").touch()
    assert len(make_plan(tiny_sweep, Study(tmp_path)).todo) == 4


def test_results_have_the_attacks_that_the_sweep_asks_for(study: Study, tiny_sweep: SweepSpec) -> None:
    """What else is recorded waits to be asked for; what is asked for and not recorded is known to be missing."""
    append(study, make_completed(attacks=(SvmAttack(), SvmAttack(per_class=True))))
    (result,) = study.results()
    assert isinstance(result, Completed)
    assert list(result.across) == list(result.replicates[0].attacks) == ["svm"]
    loss = ThresholdAttack(kind="loss")
    study.extend(tiny_sweep.model_copy(update={"attacks": (loss, SvmAttack(per_class=True)), "objectives": None}), {})
    (result,) = study.results()
    assert isinstance(result, Completed)
    assert list(result.across) == ["svm_per_class"]
    assert [attack.name for attack in result.spec.attacks] == ["loss", "svm_per_class"]


def test_a_record_that_cannot_be_read_is_told(study: Study) -> None:
    """A torn line is nothing to speak of; a whole record of them is no empty record."""
    study.record_path.write_text("torn")
    assert [line.number for line in study.record().damaged] == [1]
    study.record_path.write_text("of another version\n" * 3)
    with pytest.raises(
        StudyError, match="must hold results that this version of privsearch can read, but none of its 3"
    ):
        study.record()


def test_the_worked_example_can_be_read() -> None:
    """The study that comes with the code is one of this version: no line of its record is damaged."""
    example = Study(Path(__file__).parents[2] / "studies" / "tabular")
    record = example.record()
    assert record.damaged == ()
    assert len(example.results()) == len(record.results) == 84


@pytest.mark.parametrize("begun", [None, "/here"])
def test_signals_lie_in_one_place(tmp_path: Path, tiny_sweep: SweepSpec, begun: str | None) -> None:
    """A study goes on with the storage that it was begun with, asked for or not, and refuses another."""
    study = Study(tmp_path / "study")
    study.begin(tiny_sweep.model_copy(update={"storage": begun}), {}, {})
    where = Path("/here/tiny/signals") if begun else study.path / "signals"
    for storage in (None, begun):
        same = tiny_sweep.model_copy(update={"storage": storage})
        assert study.signals_of(same) == study.signals == SignalArchive(where)
        assert study.networks_of(same) == study.networks == NetworkArchive(where.with_name("networks"))
        study.begin(same, {}, {})
        assert study.sweep().storage == begun
    other, old = tiny_sweep.model_copy(update={"storage": "s3://bucket"}), begun or "its own directory"
    for use in (study.signals_of, lambda sweep: make_plan(sweep, study), lambda sweep: study.begin(sweep, {}, {})):
        with pytest.raises(StudyError) as caught:
            use(other)
        assert str(caught.value) == (
            f"{study.path}: the signals of a study must lie in one place, and this one was begun with {old}, but the "
            f"storage asked for is s3://bucket; drop that to go on with {old}, choose another directory with --study, "
            f"or move the signals and write their new storage into {study.path}/sweep.yaml"
        )
    assert study.sweep().storage == begun


def test_a_new_study_has_its_signals_where_the_sweep_says(tmp_path: Path, tiny_sweep: SweepSpec) -> None:
    """Below the sweep's name in a storage, so that several sweeps may have one; else in the study."""
    study = Study(tmp_path)
    assert study.signals_of(tiny_sweep).folder == tmp_path / "signals"
    in_bucket = tiny_sweep.model_copy(update={"storage": "s3://bucket/a?region=x"})
    assert study.signals_of(in_bucket).folder == "s3://bucket/a/tiny/signals?region=x"


def test_damaged_lines_are_told_once(study: Study, caplog: pytest.LogCaptureFixture) -> None:
    """Their numbers, as far as a person reads them, and the command that says more."""
    append(study, make_completed())
    with study.record_path.open("ab") as record:
        record.write(b"garbage\n" * 12)
    assert len(study.record().damaged) == len(study.record().damaged) == 12
    (told,) = caplog.messages
    assert "leave out, 12 lines: 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, ...; the trials that they held run again" in told
    assert told.endswith(f"privsearch check {study.path}")


def test_a_torn_environment_costs_only_itself(study: Study, tiny_sweep: SweepSpec) -> None:
    """The next run is on a line of its own."""
    study.environments_path.write_text('{"python": "3')
    study.extend(tiny_sweep, {"python": "4"})
    assert sound_lines(study.environments_path) == ['{"python": "3', '{"python": "4"}']


def test_files_are_made_by_one_process_at_a_time(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second waits, and gives up in the end; a sweep at work is no reason to wait."""
    monkeypatch.setattr(lock, "OUTPUTS_SECONDS", 0.1)
    with study.locked(), study.rewriting_outputs():
        told = pytest.raises(StudyError, match=r"only one process at a time may write .* `privsearch front")
        with told, Study(study.path).rewriting_outputs():
            pass
    with study.rewriting_outputs():
        pass
