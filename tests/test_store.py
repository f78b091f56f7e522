import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from builders import make_completed, make_failed
from hypothesis import given
from hypothesis import strategies as st

import privsearch
from privsearch.errors import StudyError
from privsearch.plan import make_plan
from privsearch.result import Completed
from privsearch.spec import CsvDataset, SvmAttack, SweepSpec
from privsearch.store import RecordWriter, Study, read_record


@pytest.fixture
def study(tmp_path: Path, tiny_sweep: SweepSpec) -> Study:
    """A study that has begun, with two trials planned."""
    study = Study(tmp_path / "study")
    study.begin(tiny_sweep, {"a" * 16: "iris", "b" * 16: "iris"}, {"python": "3"})
    return study


def append(study: Study, *results: object) -> None:
    with RecordWriter(study) as record:
        for result in results:
            record.append(result)  # type: ignore[arg-type]


def test_what_is_appended_is_read_back(study: Study) -> None:
    """The record gives back what it was given."""
    append(study, make_completed(), make_failed())
    assert study.record().results == {"a" * 16: make_completed(), "b" * 16: make_failed()}
    assert study.record().damaged == ()


def test_results_come_in_the_order_of_the_plan(study: Study) -> None:
    """The table does not depend on which worker was faster, and leaves out what the sweep no longer asks for."""
    append(study, make_failed("c" * 16), make_failed(), make_completed())
    assert [result.trial_id for result in study.results()] == ["a" * 16, "b" * 16]


@given(cut=st.integers(1, 400))
def test_a_torn_last_line_costs_only_itself(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    """Wherever a kill tears the last line, earlier ones are read, and later ones can be appended."""
    study = Study(tmp_path_factory.mktemp("study"))
    append(study, make_completed(), make_completed("c" * 16))
    record = study.path / "trials.jsonl"
    whole = record.read_bytes()
    record.write_bytes(whole[:-cut])
    append(study, make_completed("d" * 16))
    read = read_record(record)
    assert {"a" * 16, "d" * 16} <= read.results.keys()
    # A line that lost nothing but its line break is whole.
    assert read.damaged == (() if cut == 1 else (2,))


def test_garbage_in_the_middle_is_counted_and_left_out(study: Study) -> None:
    """One bad line does not take the others with it, and stays where it is for whoever wants to look."""
    append(study, make_completed())
    with (study.path / "trials.jsonl").open("ab") as file:
        file.write(b"garbage \xff\n\n")
    append(study, make_failed())
    assert study.record().damaged == (2,)
    assert len(study.record().results) == 2


def test_a_completed_result_is_not_lost_to_a_later_failure(study: Study) -> None:
    """Numbers that were found stay found."""
    append(study, make_completed(), make_failed("a" * 16))
    assert isinstance(study.record().results["a" * 16], Completed)
    later = make_completed("a" * 16, auc=0.6)
    append(study, later)
    both = later.model_copy(update={"seconds": make_completed().seconds + later.seconds})
    assert study.record().results["a" * 16] == both


def test_attacks_of_two_runs_add_up(study: Study) -> None:
    """A trial that gained an attack keeps the earlier one."""
    append(study, make_completed(), make_completed(attacks=(SvmAttack(per_class=True),)))
    result = study.record().results["a" * 16]
    assert isinstance(result, Completed)
    assert set(result.replicates[0].attacks) == {"svm", "svm_per_class"} == {a.name for a in result.spec.attacks}


def test_a_study_remembers_what_was_asked(study: Study, tiny_sweep: SweepSpec) -> None:
    """The sweep, its trials and the environment are there for a reader."""
    assert study.sweep() == tiny_sweep
    assert study.trials() == {"a" * 16: "iris", "b" * 16: "iris"}
    study.begin(tiny_sweep, {}, {"python": "4"})
    runs = (study.path / "environments.jsonl").read_text().splitlines()
    assert [json.loads(run) for run in runs] == [{"python": "3"}, {"python": "4"}]


def test_a_study_is_held_by_one_process_at_a_time(study: Study) -> None:
    """The second learns who holds it, and nothing of the first is disturbed."""
    code = (
        "import sys; from pathlib import Path; from privsearch.store import Study\n"
        "with Study(Path(sys.argv[1])).held(): print('held', flush=True); input()"
    )
    command = [sys.executable, "-c", code, str(study.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StudyError, match=f"process {holder.pid} on .* holds it since"), study.held():
            pass
        holder.kill()
    with study.held():
        assert json.loads((study.path / ".holder.json").read_text())["pid"] == os.getpid()


def test_load_study_names_what_is_missing(tmp_path: Path, study: Study) -> None:
    """A wrong path ends with a sentence."""
    assert privsearch.load_study(study.path).trials() == study.trials()
    with pytest.raises(StudyError, match="there is no such directory"):
        privsearch.load_study(tmp_path / "nowhere")
    with pytest.raises(StudyError, match=r"it has no sweep\.yaml"):
        privsearch.load_study(tmp_path)


def test_a_study_without_its_plan_says_what_brings_it_back(study: Study) -> None:
    """A file that was deleted or torn ends with a sentence."""
    for torn in ("", "{}", "[1"):
        (study.path / "plan.json").write_text(torn)
        with pytest.raises(StudyError, match=r"plan\.json: must be readable, but is not; run the sweep again"):
            study.results()


def test_a_dataset_is_called_what_the_sweep_calls_it_now(study: Study, tiny_sweep: SweepSpec) -> None:
    """Its content is what counts: renamed, it keeps its results."""
    old = CsvDataset(name="old", path="x.csv", label="y")
    append(study, make_completed(dataset=old))
    study.begin(tiny_sweep, {"a" * 16: "new"}, {})
    assert [result.spec.dataset_name for result in study.results()] == ["new"]


def test_what_a_kill_leaves_of_a_file_disturbs_nobody(tmp_path: Path, tiny_sweep: SweepSpec) -> None:
    """A directory with nothing but an unfinished file in it is as good as new."""
    (tmp_path / ".sweep.yaml.4711").write_text("name: ti")
    (tmp_path / ".lock").touch()
    assert len(make_plan(tiny_sweep, Study(tmp_path)).todo) == 4
