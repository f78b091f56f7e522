import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from builders import make_completed, make_failed
from command_line import files, run, sound_lines

from privsearch.api.check import examine_study, repair_study
from privsearch.api.study import Study
from privsearch.errors import StudyError
from privsearch.report.outputs import write_outputs
from privsearch.spec import SweepSpec, TrialSpec
from privsearch.study.cohort import Cohort
from privsearch.study.findings import State
from privsearch.study.network_archive import KeptNetwork, KeptNetworks
from privsearch.study.record import RecordWriter
from privsearch.study.result import Epoch, TrainedNetwork
from privsearch.study.signals import Signals
from privsearch.study.trial_files import TrialFiles

pytestmark = pytest.mark.usefixtures("blank_fronts")

A, B, C = "a" * 16, "b" * 16, "c" * 16


def small_cohort() -> Cohort:
    """One network's outputs on four examples."""
    network = TrainedNetwork(train_accuracy=0.9, test_accuracy=0.8, history=(Epoch(loss=0.5, accuracy=0.7),))
    outputs = {("final_mem", "plain"): np.zeros((1, 1, 4, 2), dtype=np.float32)}
    half = np.arange(4) < 2
    return Cohort(Signals(outputs, half[None], half.astype(np.int64), np.arange(4), 3), (network,))  # type: ignore[arg-type]


def small_networks(trial_id: str) -> KeptNetworks:
    """One network with a weight."""
    spec, state = TrialSpec(dataset="iris", model="ann"), {"weight": torch.zeros(100)}
    return KeptNetworks(trial_id, spec, (4,), 3, "unknown", [KeptNetwork("target", 1, 0, np.arange(2), state)])


@pytest.fixture
def study(tmp_path: Path, tiny_sweep: SweepSpec) -> Study:
    """Two trials with their signals and networks, and all that is made from them."""
    made = Study(tmp_path / "study")
    made.begin(tiny_sweep, {A: "iris", B: "iris"}, {"python": "3"})
    with RecordWriter(made.record_path) as record:
        record.append(make_completed(A))
        record.append(make_completed(B, model="snn"))
    for trial_id in (A, B):
        made.signals.save(trial_id, small_cohort())
        made.networks.save(trial_id, small_networks(trial_id))
    write_outputs(made)
    return made


def small_checkpoint() -> bytes:
    """A file as torch writes it."""
    file = io.BytesIO()
    torch.save({"weight": torch.zeros(100)}, file)
    return file.getvalue()


def make_folder(files: TrialFiles) -> Path:
    folder = Path(files.folder)
    folder.mkdir(exist_ok=True)
    return folder


def to_repair(study: Study) -> dict[str, str]:
    """What is to repair, by part."""
    return {finding.part: finding.found for finding in examine_study(study) if finding.state is State.REPAIR}


def notes(study: Study) -> list[str]:
    return [finding.found for finding in examine_study(study) if finding.state is State.NOTE]


def add(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def left_unfinished(path: Path) -> None:
    """Long ago, as what is younger may still be written."""
    path.write_bytes(b"PK")
    os.utime(path, (0, 0))


DAMAGES: dict[str, Callable[[Study], None]] = {
    "trials.jsonl, line 3": lambda study: add(study.record_path, b"\0" * 100 + b"\n"),
    "environments.jsonl, line 2": lambda study: add(study.environments_path, b'{"torn'),
    f"signals of {A}": lambda study: cut(study.path / "signals" / f"{A}.npz"),
    "optuna.journal": lambda study: cut(study.outputs.index),
    "targets.csv": lambda study: cut(study.path / "targets.csv"),
    "fronts": lambda study: study.outputs.fronts.rename(study.path / "plots"),
    ".plan.json.1234.part": lambda study: add(study.path / ".plan.json.1234.part", b"{"),
    ".optuna.journal-x1": lambda study: (study.path / ".optuna.journal-x1").mkdir(),
    f"networks of {B}": lambda study: cut(study.path / "networks" / f"{B}.pt"),
    "networks, .c.pt.1.part": lambda study: left_unfinished(study.path / "networks" / ".c.pt.1.part"),
    "signals, .c.npz.1.part": lambda study: left_unfinished(study.path / "signals" / ".c.npz.1.part"),
    f"checkpoint of {C}": lambda study: study.checkpoints.save(C, small_checkpoint()),
    "checkpoints, .c.pt.1.part": lambda study: left_unfinished(make_folder(study.checkpoints) / ".c.pt.1.part"),
}


def test_a_whole_study_is_sound(study: Study) -> None:
    """Nothing is found, nothing is done, and no file is touched."""
    before = files(study.path)
    assert {finding.state for finding in examine_study(study)} == {State.SOUND}
    assert list(repair_study(study)) == []
    assert {path for path, content in files(study.path).items() if before.get(path) != content} <= {
        study.path / ".lock"
    }


@pytest.mark.parametrize("part", DAMAGES)
def test_damage_is_found_and_repaired_once(study: Study, part: str) -> None:
    """Each is told by its name, costs no healthy line, and is gone after one repair; the next has nothing to do."""
    record = study.record_path.read_bytes()
    DAMAGES[part](study)
    assert list(to_repair(study)) == [part]
    assert list(repair_study(study))
    assert to_repair(study) == {}
    assert list(repair_study(study)) == []
    assert study.record_path.read_bytes() == record


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"num_members":120', f'"num_members":{10**40}'),
        ('"test_accuracy":0.8', '"test_accuracy":1e308'),
        ('"kind":"paper","replicates":2', '"kind":"halves","networks":4'),
    ],
)
def test_a_line_that_was_changed_is_named_and_moved_aside(study: Study, old: str, new: str) -> None:
    """The other lines live; the reason has the field; after the repair everything is made from what is left.

    Without its checksum, as a line of an earlier version, or of one who took it out.
    """
    record = "".join(f"{line}\n" for line in sound_lines(study.record_path))
    assert old in record
    study.record_path.write_text(record.replace(old, new, 1))
    part, reason = next(iter(to_repair(study).items()))
    assert part == "trials.jsonl, line 1"
    assert "it is JSON, but changed" in reason
    assert list(repair_study(study))
    assert to_repair(study) == {}
    assert study.record().results.keys() == {B}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"test_accuracy":0.89', '"test_accuracy":0.99'),
        ('"seconds":1.5', '"seconds": 1.5'),
        ('"host":"host"', '"host":""'),
    ],
)
def test_a_line_that_was_changed_within_limits_is_found_by_its_checksum(study: Study, old: str, new: str) -> None:
    """Whatever was changed: it is not what was measured. It is moved aside as it is, and trained again."""
    record = study.record_path.read_text()
    assert old in record
    study.record_path.write_text(record.replace(old, new, 1))
    assert to_repair(study)["trials.jsonl, line 1"] == (
        "it was changed after it was written: its checksum is not that of what it says"
    )
    assert study.record().results.keys() == {B}
    assert list(repair_study(study))
    assert to_repair(study) == {}
    assert (study.path / "trials.damaged").read_text() == record.replace(old, new, 1).splitlines(keepends=True)[0]


def test_a_change_that_was_meant_is_kept_without_the_checksum(study: Study) -> None:
    """A line may be changed on purpose, such as to forget the name of a host."""
    lines = [line.replace('"host":"host"', '"host":"elsewhere"') for line in sound_lines(study.record_path)]
    study.record_path.write_text("".join(f"{line}\n" for line in lines))
    assert {result.host for result in study.record().results.values()} == {"elsewhere"}
    assert not [part for part in to_repair(study) if "line" in part]


def test_a_record_whose_lines_were_all_changed_is_no_other_version_s(study: Study) -> None:
    """They can be moved aside, and the sweep goes on from nothing."""
    study.record_path.write_text(study.record_path.read_text().replace('"host":"host"', '"host":"elsewhere"'))
    assert study.record().results == {}
    assert [part for part in to_repair(study) if "line" in part] == ["trials.jsonl, line 1", "trials.jsonl, line 2"]
    assert list(repair_study(study))
    assert study.record_path.read_bytes() == b""


def test_a_front_that_was_not_drawn_is_missing(study: Study) -> None:
    """Its folder alone is no front: a disk may be full before the drawings."""
    for drawing in study.outputs.drawings_of("iris"):
        drawing.unlink()
        assert list(to_repair(study)) == ["fronts"]
        assert list(repair_study(study)) == ["fronts: made again from the record"]
        assert drawing.is_file()


def test_all_damages_at_once(study: Study) -> None:
    """One run repairs them all; what was damaged lies beside."""
    for damage in DAMAGES.values():
        damage(study)
    done = list(repair_study(study))
    assert to_repair(study) == {}
    assert (study.path / "trials.damaged").read_bytes() == b"\0" * 100 + b"\n"
    assert (study.path / "environments.damaged").read_bytes() == b'{"torn\n'
    assert (study.path / "signals" / "damaged" / f"{A}.npz").is_file()
    assert (study.path / "networks" / "damaged" / f"{B}.pt").is_file()
    assert [line.partition(":")[0] for line in done] == [
        "environments.jsonl, line 2",
        "trials.jsonl, line 3",
        ".optuna.journal-x1",
        ".plan.json.1234.part",
        f"signals of {A}",
        "signals, .c.npz.1.part",
        f"networks of {B}",
        "networks, .c.pt.1.part",
        f"checkpoint of {C}",
        "checkpoints, .c.pt.1.part",
        "targets.csv, optuna.journal, fronts",
    ]


def test_nothing_is_removed_outside_of_the_study(study: Study, tiny_sweep: SweepSpec, tmp_path: Path) -> None:
    """Wherever a stranger's study says that its signals are; what is damaged there is moved aside, and so not lost."""
    kept = tmp_path / "elsewhere" / "tiny" / "signals"
    kept.mkdir(parents=True)
    elsewhere = tiny_sweep.model_copy(update={"storage": str(tmp_path / "elsewhere")})
    (study.path / "sweep.yaml").write_text(elsewhere.to_yaml())
    (kept / f"{A}.npz").write_bytes(b"damaged")
    (kept / ".mine.part").write_bytes(b"unfinished")
    os.utime(kept / ".mine.part", (0, 0))
    study.checkpoints.save(C, b"not mine")
    assert list(repair_study(study)) == [f"signals of {A}: moved to {kept / 'damaged' / A}.npz"]
    assert (kept / ".mine.part").exists()
    assert study.checkpoints.load(C) == b"not mine"


def test_what_a_sweep_goes_on_from_is_no_damage(study: Study, tiny_sweep: SweepSpec) -> None:
    """Checkpoints stay while a trial is missing or failed, but for one that cannot be read, which nobody misses."""
    study.begin(tiny_sweep, {A: "iris", B: "iris", C: "iris"}, {})
    for network_id in ("n" * 16, "m" * 16):
        study.checkpoints.save(network_id, small_checkpoint())
    cut(study.path / "checkpoints" / f"{'m' * 16}.pt")
    assert list(to_repair(study)) == [f"checkpoint of {'m' * 16}"]
    assert "networks in the middle of their training: 1" in notes(study)
    assert list(repair_study(study)) == [f"checkpoint of {'m' * 16}: removed"]
    assert study.checkpoints.network_ids() == {"n" * 16}


def test_a_record_that_grew_is_newer_than_its_tables(study: Study) -> None:
    """What is made from it says so, and is made again."""
    with RecordWriter(study.record_path) as record:
        record.append(make_completed(A, auc=0.9))
    assert {"results.csv", "targets.csv"} <= to_repair(study).keys()
    assert any("again, but not with the numbers" in note for note in notes(study))
    assert list(repair_study(study)) == ["results.csv, targets.csv, slices.csv: made again from the record"]
    assert to_repair(study) == {}


def test_what_is_left_to_do_is_no_damage(study: Study, tiny_sweep: SweepSpec) -> None:
    """Trials that are missing or failed, and signals without a trial or a trial without signals, are notes."""
    study.begin(tiny_sweep, {A: "iris", B: "iris", C: "iris", "d" * 16: "iris"}, {})
    with RecordWriter(study.record_path) as record:
        record.append(make_failed(C))
    (study.path / "signals" / f"{B}.npz").rename(study.path / "signals" / f"{'e' * 16}.npz")
    write_outputs(study)
    assert to_repair(study) == {}
    assert notes(study) == [
        "not recorded yet: 1 of 4",
        "failed: 1 of 4",
        f"files without a recorded trial: 1, such as {'e' * 16}",
        f"completed trials without signals: 1, such as {B}",
    ]


def test_another_version_s_record_is_left_alone(study: Study) -> None:
    """A record of which nothing can be read is told, line by line, and never moved."""
    study.record_path.write_bytes(b'{"of": "another version"}\n' * 2)
    assert [part for part in to_repair(study) if "line" in part] == ["trials.jsonl, line 1", "trials.jsonl, line 2"]
    list(repair_study(study))
    assert study.record_path.read_bytes() == b'{"of": "another version"}\n' * 2


@pytest.mark.parametrize("name", ["sweep.yaml", "plan.json"])
def test_what_cannot_be_made_again_is_told(study: Study, name: str) -> None:
    """Without the sweep and its plan there are no tables; the rest is repaired all the same."""
    cut(study.path / name)
    add(study.record_path, b"torn")
    assert list(to_repair(study)) == [name, "trials.jsonl, line 3"]
    list(repair_study(study))
    assert list(to_repair(study)) == [name]


def test_a_study_at_work_is_not_repaired(study: Study) -> None:
    """Whoever holds it is named, by a look as by a repair."""
    with study.locked():
        assert "holds it since" in notes(study)[0]
        with pytest.raises(StudyError, match="holds it since"):
            list(repair_study(study))


def test_check_says_how_it_is_with_its_exit_status(study: Study, tmp_path: Path) -> None:
    """0 sound, 1 something to repair, 2 no study; the commands that read a damaged record tell of it once."""
    assert run("check", study.path).exit_code == 0
    add(study.record_path, b'{"torn')
    fronts = run("front", study.path)
    assert fronts.stderr.count("note: ") == 1
    assert "line 3; the trials that they held run again with the next sweep" in fronts.stderr
    assert f"privsearch check {study.path}" in fronts.stderr
    found = run("check", study.path)
    assert found.exit_code == 1
    assert "unfinished" in found.stdout
    repaired = run("check", study.path, "--repair")
    assert repaired.exit_code == 0
    assert f"repaired: trials.jsonl, line 3: moved to {study.path / 'trials.damaged'}" in repaired.stdout
    assert run("front", study.path).stderr == ""
    assert run("check", tmp_path).exit_code == 2
