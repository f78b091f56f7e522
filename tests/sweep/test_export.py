import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import make_failed
from command_line import files
from counted_networks import counted
from kept_networks import recorded_sweep, without_networks

import privsearch
from privsearch import load_networks
from privsearch.api.study import Study
from privsearch.errors import DataError, StudyError
from privsearch.spec import HalvesProtocol, SweepSpec, ThresholdAttack
from privsearch.spec.sweep_file import read_sweep
from privsearch.study.network_archive import NetworkArchive
from privsearch.study.record import RecordWriter
from privsearch.study.result import Completed
from privsearch.sweep.export import export, one_trial_sweep
from privsearch.sweep.plan import make_plan

SWEEPS = Path(__file__).parents[2] / "sweeps"


def trained(folder: Path) -> Study:
    """A study of two small trials on a CSV file."""
    rng = np.random.default_rng(0)
    lines = [f"{a:.3f},{b:.3f},{int(a > b)}" for a, b in rng.random((80, 2))]
    (folder / "mine.csv").write_text("\n".join(["a,b,class", *lines]) + "\n")
    sweep = {
        "name": "tiny",
        "datasets": [{"name": "mine", "path": str(folder / "mine.csv"), "label": "class"}],
        "protocol": {"kind": "paper", "replicates": 2, "placebo_cuts": 2},
        "grids": {"g": {"model": ["ann", "snn"], "weight_bit_width": [None]}},
        "recipe": {"epochs": 1, "num_steps": 3},
        "attacks": ["svm", "loss"],
        "keep_networks": True,
    }
    return recorded_sweep(sweep, folder)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study with its networks."""
    return trained(tmp_path_factory.mktemp("kept"))


@pytest.fixture
def unkept(kept: Study, tmp_path: Path) -> Study:
    """The same without."""
    return without_networks(kept, tmp_path)


def first_id(study: Study) -> str:
    return next(iter(study.load().trials))


def planned_ids(sweep_file: Path, tmp_path: Path) -> list[str]:
    return [trial.trial_id for trial in make_plan(read_sweep(sweep_file), Study(tmp_path / "none")).trials]


EVERYTHING: dict[str, Any] = {
    "protocol": [
        {"kind": "paper", "replicates": 1, "shadow_fraction": 0.7},
        {"kind": "halves", "networks": 4, "dropout_queries": 3, "input_dropout": 0.3},
    ],
    "grids": {
        "g": {
            "model": ["ann", "snn"],
            "act_bit_width": [None, 3],
            "threshold": [0.7],
            "spiking_layers": ["head"],
            "beta": [0.5],
            "precision": ["fp32", "bf16"],
        }
    },
    "recipe": {"optimizer": "sgd", "weight_decay": 0.1, "train_size": 40, "overrides": {"iris": {"epochs": 3}}},
    "attacks": ["svm", {"kind": "lira", "signals": "mean_mem", "queries": "input_dropout"}, "rmia"],
    "seed": 7,
    "objectives": {"train_accuracy": "maximize", "svm.auc": "minimize"},
    "resources": {"cpu": 2, "gpu": 0.0},
    "timeout": 60.0,
    "checkpoint_minutes": 2.5,
}


@pytest.mark.parametrize("asked", ["quickstart", "everything"])
def test_a_sweep_file_stands_for_its_trial_alone(tmp_path: Path, asked: str) -> None:
    """Of every kind of configuration: its plan has one trial, with the same id and the same attacks."""
    sweep = read_sweep(SWEEPS / "quickstart.yaml")
    if asked == "everything":
        sweep = SweepSpec.model_validate({"name": "all", "datasets": ["iris", "digits"], **EVERYTHING})
    trials = make_plan(sweep, Study(tmp_path / "none")).trials
    assert len(trials) >= 30
    path = tmp_path / "one.yaml"
    for trial in trials:
        one = one_trial_sweep(trial.spec, sweep, trial.trial_id)
        path.write_text(one.to_yaml(brief=True))
        assert read_sweep(path) == one
        (planned,) = make_plan(one, Study(tmp_path / "none")).trials
        assert planned.trial_id == trial.trial_id
        assert set(planned.spec.attacks) >= set(trial.spec.attacks)
        for field in ("objectives", "resources", "timeout", "checkpoint_minutes"):
            assert getattr(one, field) == getattr(sweep, field), field


def test_views_that_no_attack_reads_are_asked_for(tmp_path: Path) -> None:
    """They belong to the trial: an attack on the spiking networks of its sweep has read them."""
    sweep = SweepSpec.model_validate({"name": "all", "datasets": ["iris"], **EVERYTHING})
    spec = next(
        trial.spec
        for trial in make_plan(sweep, Study(tmp_path / "none")).trials
        if trial.spec.protocol.kind == "halves" and trial.spec.model == "ann"
    )
    assert isinstance(spec.protocol, HalvesProtocol)
    assert ThresholdAttack(kind="loss", queries="input_dropout") in one_trial_sweep(spec, sweep, "a" * 16).attacks


def test_an_export_is_a_sweep_file_and_networks(kept: Study, tmp_path: Path) -> None:
    """The sweep file gives the trial with the data where they are; the networks are those that were kept."""
    for trial_id in kept.load().trials:
        to = tmp_path / f"to {trial_id}"
        exported = export(kept, trial_id[:6], to)
        assert (exported.trial_id, exported.num_networks, exported.notes) == (trial_id, 4, ())
        assert exported.sweep_file == to / f"{trial_id}.yaml"
        assert planned_ids(exported.sweep_file, tmp_path) == [trial_id]
        assert exported.networks_file is not None
        assert exported.networks_file.read_bytes() == kept.networks.read(trial_id)


def test_the_line_of_code_loads_the_network(kept: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From wherever it is run."""
    monkeypatch.chdir(tmp_path)
    exported = export(kept, first_id(kept), Path("to"))
    monkeypatch.chdir("/")
    assert exported.code is not None
    found: dict[str, Any] = {}
    exec(exported.code, found)  # noqa: S102  # it is what a user would paste
    assert isinstance(found["network"], privsearch.models.Network)


def test_the_heading_says_where_it_is_from(kept: Study, tmp_path: Path) -> None:
    """The study, the environment, and what came out with its spread; as comments, whatever a stranger has written."""
    (result, _) = (r for r in kept.results() if isinstance(r, Completed))
    odd = Study(tmp_path / "line\nbreak: [")
    shutil.copytree(kept.path, odd.path)
    exported = export(odd, result.trial_id, tmp_path)
    text = exported.sweep_file.read_text()
    row = kept.frame().set_index("trial_id").loc[result.trial_id]
    heading = text[: text.index("name: ")]
    assert all(line.startswith("# ") for line in heading.splitlines())
    assert f"# Trial {result.trial_id} of the study " in heading
    assert f"# Computed under {result.environments[0]}" in heading
    assert f"test_accuracy {row['test_accuracy']:.4f} ± {row['test_accuracy_sd']:.4f}\n" in heading
    auc = (
        f"svm.auc {row['svm.auc']:.4f} ± {row['svm.auc_sd']:.4f} [{row['svm.auc_low']:.4f}, {row['svm.auc_high']:.4f}]"
    )
    assert auc in heading


def test_without_networks_the_sweep_file_is_all(unkept: Study) -> None:
    """It lies in the study where no other place is named."""
    exported = export(unkept, first_id(unkept))
    assert (exported.networks_file, exported.num_networks, exported.code) == (None, 0, None)
    assert set(files(unkept.outputs.exports)) == {exported.sweep_file}


def test_training_again_gives_the_same_numbers_and_networks(unkept: Study, kept: Study, tmp_path: Path) -> None:
    """Bit for bit, and tells of every epoch."""
    told = []
    trial_id = first_id(unkept)
    exported = export(unkept, trial_id, tmp_path / "to", train=True, on_epoch=lambda *epoch: told.append(epoch))
    assert exported.retrained is not None
    assert (exported.retrained.equal, exported.retrained.differing, exported.retrained.changes) == (True, {}, "")
    assert len(told) == 4
    assert exported.networks_file is not None
    assert exported.networks_file.read_bytes() == kept.networks.read(trial_id)


def test_networks_that_are_kept_are_not_trained_again(kept: Study, tmp_path: Path) -> None:
    """Also where --train was given."""
    assert export(kept, first_id(kept), tmp_path, train=True).retrained is None


def test_other_numbers_are_told(unkept: Study, tmp_path: Path) -> None:
    """As under other versions: which, and what differs between the environments."""
    result = unkept.record().results[first_id(unkept)]
    assert isinstance(result, Completed)
    target = result.replicates[0].target.model_copy(update={"test_accuracy": 0.125})
    replicates = (result.replicates[0].model_copy(update={"target": target}), *result.replicates[1:])
    older = (result.environments[0].replace("torch ", "torch 0."),)
    unkept.record_path.write_text("")
    with RecordWriter(unkept.record_path) as record:
        record.append(result.model_copy(update={"replicates": replicates, "environments": older}))
    retrained = export(unkept, result.trial_id, tmp_path, train=True).retrained
    assert retrained is not None
    assert not retrained.equal
    assert list(retrained.differing) == ["test_accuracy", "test_accuracy_sd"]
    assert "torch 0." in retrained.changes


def test_a_record_of_before_operations_were_counted_is_no_other_training(unkept: Study, tmp_path: Path) -> None:
    """What is trained again has them, and is the same."""
    result = unkept.record().results[first_id(unkept)]
    assert isinstance(result, Completed)
    assert result.replicates[0].target.operations is not None
    unkept.record_path.write_text("")
    with RecordWriter(unkept.record_path) as record:
        record.append(counted(result, None))
    retrained = export(unkept, result.trial_id, tmp_path, train=True).retrained
    assert retrained is not None
    assert (retrained.equal, retrained.differing) == (True, {})


def test_networks_of_another_training_are_told(kept: Study, unkept: Study, tmp_path: Path) -> None:
    """Whose numbers need not be those recorded."""
    trial_id = first_id(kept)
    shutil.copytree(kept.path / "networks", unkept.path / "networks")
    result = unkept.record().results[trial_id]
    assert isinstance(result, Completed)
    unkept.record_path.write_text("")
    with RecordWriter(unkept.record_path) as record:
        older = (result.environments[0].replace("torch ", "torch 0."),)
        record.append(result.model_copy(update={"environments": older}))
    (note,) = export(unkept, trial_id, tmp_path).notes
    assert note.startswith("the networks are of another training than the numbers recorded: torch 0.")


def test_changed_data_are_told_and_not_trained_on(unkept: Study, kept: Study, tmp_path: Path) -> None:
    """The sweep file stands for another trial then."""
    sweep = unkept.sweep()
    text = (kept.path.parent / "mine.csv").read_text()
    (tmp_path / "mine.csv").write_text(text + "0.5,0.5,1\n")
    moved = sweep.datasets[0].model_copy(update={"path": str(tmp_path / "mine.csv")})  # type: ignore[union-attr]
    (unkept.path / "sweep.yaml").write_text(sweep.model_copy(update={"datasets": (moved,)}).to_yaml())
    (note,) = export(unkept, first_id(unkept)).notes
    assert "its data have changed since" in note
    with pytest.raises(DataError, match=r"mine: must be as it was when trial .* was recorded"):
        export(unkept, first_id(unkept), train=True)
    (tmp_path / "mine.csv").unlink()
    (note,) = export(unkept, first_id(unkept)).notes
    assert note.startswith("the dataset is not at hand here: ")


def test_damaged_networks_are_not_handed_on(unkept: Study, kept: Study, tmp_path: Path) -> None:
    """Nor are those of another trial."""
    one, other = kept.load().trials
    archive = NetworkArchive(unkept.path / "networks")
    content = kept.networks.read(other)
    assert content is not None
    for damage, said in (
        (content[:-50], "damaged: must be networks"),
        (content, f"damaged: must be those of trial {one}"),
    ):
        archive.files.write(f"{one}.pt", damage)
        with pytest.raises(StudyError, match=rf"networks of {one} are {said}.*--repair"):
            export(unkept, one, tmp_path / "to")
        assert [path.suffix for path in files(tmp_path / "to")] == [".yaml"]


def test_a_trial_that_is_not_there_or_failed_is_refused(kept: Study, unkept: Study, tmp_path: Path) -> None:
    """Before anything is written."""
    with pytest.raises(StudyError, match="'zz': must mean one trial, by its id, the beginning of its id"):
        export(kept, "zz", tmp_path / "to")
    failed = make_failed(first_id(unkept))
    unkept.record_path.write_text("")
    with RecordWriter(unkept.record_path) as record:
        record.append(failed)
    with pytest.raises(StudyError, match="must be a completed trial, but it failed"):
        export(unkept, failed.trial_id, tmp_path / "to")
    assert not (tmp_path / "to").exists()


def test_loaded_networks_say_which_trial_they_are_of(kept: Study, tmp_path: Path) -> None:
    """As the sweep file beside them."""
    exported = export(kept, first_id(kept), tmp_path)
    assert exported.networks_file is not None
    found = load_networks(exported.networks_file)
    (one,) = make_plan(read_sweep(exported.sweep_file), Study(tmp_path / "none")).trials
    assert (found.trial_id, found.spec.axes()) == (one.trial_id, one.spec.axes())
