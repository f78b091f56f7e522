import importlib.util
import json
import re
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from command_line import files
from kept_networks import recorded_sweep, without_networks

from privsearch.api.study import Study
from privsearch.errors import DataError, SpecError, StudyError
from privsearch.sweep.export import export


def trained(folder: Path, **fields: Any) -> Study:
    """A study of an ANN and an SNN on a table, with their networks."""
    rng = np.random.default_rng(0)
    lines = [f"{a:.3f},{b:.3f},{'pq'[int(a > b)]},{'yn'[int(a > b)]}" for a, b in rng.random((80, 2))]
    (folder / "mine.csv").write_text("\n".join(["a,b,kind,class", *lines]) + "\n")
    sweep = {
        "name": "tiny",
        "datasets": [{"name": "mine", "path": str(folder / "mine.csv"), "label": "class", "categorical": ["kind"]}],
        "protocol": {"kind": "halves", "networks": 4},
        "grids": {"g": {"model": ["ann", "snn"], "weight_bit_width": [4]}},
        "recipe": {"epochs": 1, "num_steps": 3, "width": 0.1},
        "attacks": ["loss"],
        "keep_networks": True,
        **fields,
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


def loaded(program: Path) -> ModuleType:
    found = importlib.util.spec_from_file_location("exported", program)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_a_folder_has_all_that_a_network_needs(kept: Study, tmp_path: Path) -> None:
    """Every network classifies, and answers as the one that was attacked."""
    exported = export(kept, "SNN", tmp_path / "to")
    assert exported.standalone is not None
    agreement = exported.standalone.agreement
    assert (agreement.num_examples, agreement.num_differing, agreement.num_other_class) == (16, 0, 0)
    assert {path.name for path in files(tmp_path / "to")} == {
        *("model.py", "README.md", "preprocessing.json", "training_rows.json"),
        *(f"network_{number}.safetensors" for number in exported.standalone.numbers),
        *(f"{exported.trial_id}.{end}" for end in ("pt", "yaml")),
    }
    module = loaded(tmp_path / "to" / "model.py")
    assert module.NETWORKS == exported.standalone.numbers == (1, 2, 3, 4)
    answers = [module.classify({"a": 0.9, "b": "0.1", "kind": "q"}, number) for number in module.NETWORKS]
    assert len({json.dumps(probabilities) for _, probabilities in answers}) == 4
    assert {name for name, _ in answers} <= {"y", "n"}


def test_its_readme_says_what_it_leaks_and_saw(kept: Study, tmp_path: Path) -> None:
    """With intervals, the halves, and what must not be given away; every file is in it."""
    exported = export(kept, "SNN", tmp_path / "to")
    text = (tmp_path / "to" / "README.md").read_text()
    row = kept.frame().set_index("trial_id").loc[exported.trial_id]
    assert f"| loss AUC | {row['loss.auc']:.3f} | {row['loss.auc_low']:.3f} to {row['loss.auc_high']:.3f} |" in text
    assert re.search(rf"\| test accuracy \| {row['test_accuracy']:.3f} \| 0\.\d+ to [01]\.\d+ \|", text)
    assert "| 4 | 32 | 64 of the training split |" in text
    assert "random half" in text
    assert f"take out `{exported.trial_id}.pt` and `training_rows.json`" in text
    assert "pip install torch snntorch safetensors numpy" in text
    rows = json.loads((tmp_path / "to" / "training_rows.json").read_text())
    assert sorted(rows["network_1"] + rows["network_2"]) == sorted(rows["network_3"] + rows["network_4"])
    for path in set(files(tmp_path / "to")) - {tmp_path / "to" / "README.md"}:
        assert path.name in text or re.sub(r"\d", "*", path.name) in text


def test_networks_with_splits_of_their_own_have_scales_of_their_own(tmp_path: Path) -> None:
    """The targets of `paper` with new splits: each is given inputs as in its training; shadows are left out."""
    study = trained(
        tmp_path,
        protocol={"kind": "paper", "replicates": 2, "placebo_cuts": 2, "resplit": True},
        grids={"g": {"model": ["ann"]}},
    )
    exported = export(study, "ANN", tmp_path / "to")
    assert exported.standalone is not None
    assert exported.standalone.numbers == (1, 2)
    module = loaded(tmp_path / "to" / "model.py")
    one, other = (module.prepare([{"a": 0.9, "b": 0.1, "kind": "q"}], number) for number in (1, 2))
    assert (one - other).abs().max() > 0
    assert {path.name for path in (tmp_path / "to").glob("*.json")} == {
        *("preprocessing_1.json", "preprocessing_2.json", "training_rows.json"),
    }


def test_one_network_on_all_data_says_that_its_leak_is_an_estimate(unkept: Study, tmp_path: Path) -> None:
    """It needs no kept networks, and nothing of them is beside it."""
    told: list[Any] = []
    exported = export(unkept, "ANN", tmp_path / "to", retrain=True, on_epoch=lambda *epoch: told.append(epoch))
    assert exported.standalone is not None
    assert (exported.standalone.numbers, exported.standalone.on_all_data, len(told)) == ((1,), True, 1)
    text = (tmp_path / "to" / "README.md").read_text()
    assert "trained on all 80 examples" in text
    assert "of its siblings" in text
    assert not {path.name for path in files(tmp_path / "to")} & {f"{exported.trial_id}.pt", "training_rows.json"}
    assert loaded(tmp_path / "to" / "model.py").classify({"a": 1, "b": 0, "kind": "q"})
    again = export(unkept, "ANN", retrain=True)
    assert again.standalone is not None
    assert again.standalone.folder == unkept.outputs.exports / exported.trial_id
    name = "network_1.safetensors"
    assert (again.standalone.folder / name).read_bytes() == (tmp_path / "to" / name).read_bytes()


def test_a_folder_of_something_else_is_left_alone(kept: Study, tmp_path: Path) -> None:
    """One with a README of its own, or with the export of another trial; an export of the same one is replaced."""
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(StudyError, match=r"must be a new folder.* but README.md in it is of something else"):
        export(kept, "ANN", tmp_path)
    assert set(files(tmp_path)) == {tmp_path / "README.md"}
    export(kept, "ANN", tmp_path / "to")
    with pytest.raises(StudyError, match=r"alone, but README\.md in it"):
        export(kept, "SNN", tmp_path / "to")
    export(kept, "ANN", tmp_path / "to", retrain=True)
    assert {path.name for path in (tmp_path / "to").glob("*.safetensors")} == {"network_1.safetensors"}


def test_without_its_data_a_network_cannot_run_alone(unkept: Study, kept: Study, tmp_path: Path) -> None:
    """The scale of its inputs follows from them; what is there without them is written, and told."""
    shutil.copytree(kept.path / "networks", unkept.path / "networks")
    sweep = unkept.sweep()
    gone = sweep.datasets[0].model_copy(update={"path": str(tmp_path / "gone.csv")})  # type: ignore[union-attr]
    (unkept.path / "sweep.yaml").write_text(sweep.model_copy(update={"datasets": (gone,)}).to_yaml())
    exported = export(unkept, "ANN", tmp_path / "to")
    assert (exported.standalone, exported.num_networks) == (None, 4)
    assert exported.notes[-1].startswith("no model.py, as the scale of its inputs follows from the data")
    with pytest.raises(DataError, match="--retrain needs a network that can run on its own"):
        export(unkept, "ANN", tmp_path / "to", retrain=True)


@pytest.mark.parametrize(
    ("trial", "asked", "said"),
    [
        ("SNN", {"graph": "nir"}, "loses the threshold a step later"),
        ("SNN", {"graph": "onnx"}, "--format onnx is for ANNs"),
        ("ANN", {"graph": "nir"}, "--format nir is for spiking networks"),
        ("ANN", {"train": True, "retrain": True}, "give one of the two"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    kept: Study, tmp_path: Path, trial: str, asked: dict[str, Any], said: str
) -> None:
    """With the reason."""
    with pytest.raises(SpecError, match=said):
        export(kept, trial, tmp_path / "to", **asked)
    assert not (tmp_path / "to").exists()


@pytest.mark.slow
@pytest.mark.parametrize("graph", ["onnx", "qonnx"])
def test_an_ann_is_written_as_a_graph(kept: Study, tmp_path: Path, graph: Any) -> None:
    """It answers as the network does, and the README says how far it differs."""
    pytest.importorskip("onnxruntime" if graph == "onnx" else "qonnx")
    standalone = export(kept, "ANN", tmp_path / "to", graph=graph).standalone
    assert standalone is not None
    assert standalone.graph_agreement is not None
    assert standalone.graph_agreement.largest < 1e-5
    assert (tmp_path / "to" / "network_4.onnx").exists()
    assert "A network's `.onnx` has" in (tmp_path / "to" / "README.md").read_text()
