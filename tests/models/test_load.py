import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from kept_networks import short_sequences, small_images, trained_trial

from privsearch import load_network, load_networks, register_model
from privsearch.attacks.protocols import rules_of
from privsearch.errors import SpecError, StudyError
from privsearch.models.encoding import Encoder
from privsearch.spec import HalvesProtocol, PaperProtocol, registry
from privsearch.study.result import Completed
from privsearch.study.signal_archive import SignalArchive
from privsearch.sweep.splits import network_splits

QUANTISED = {"weight_bit_width": 4, "act_bit_width": 4}
SNN = {"model": "snn", "num_steps": 3}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Completed, Path]:
    """A trial of one target and one shadow, and the file of its networks."""
    return trained_trial(tmp_path_factory.mktemp("kept"), model="ann")


@pytest.mark.parametrize(
    "axes",
    [
        pytest.param({"model": "ann"}, id="ann"),
        pytest.param({**SNN, **QUANTISED}, id="snn w4 a4"),
        pytest.param({**SNN, "precision": "bf16"}, id="snn bf16"),
        pytest.param({"model": "ann", **QUANTISED, "dataset": "images"}, id="convnet w4 a4"),
        pytest.param({**SNN, **QUANTISED, "spiking_layers": "head", "dataset": "images"}, id="spiking convnet"),
        pytest.param({**SNN, "protocol": HalvesProtocol(networks=4)}, id="halves"),
        pytest.param({**SNN, "encoding": "latency"}, id="latency"),
        pytest.param({"model": "snn", **QUANTISED, "dataset": "sequences"}, id="over time"),
        pytest.param({**SNN, "readout": "mean"}, id="mean membrane"),
        pytest.param({"model": "snn", "dataset": "sequences", "readout": "mean"}, id="mean membrane over time"),
        pytest.param({"model": "ann", "dataset": "sequences"}, id="ann over time"),
        pytest.param({**SNN, "protocol": PaperProtocol(replicates=1, resplit=False)}, id="one split"),
    ],
)
def test_a_loaded_network_answers_as_the_trained_one_did(tmp_path: Path, axes: dict[str, Any]) -> None:
    """On every example, to the bit, for every network of the cohort."""
    if axes.get("dataset") == "images":
        axes = axes | {"dataset": small_images(tmp_path)}
    if axes.get("dataset") == "sequences":
        axes = axes | {"dataset": short_sequences(tmp_path)}
    result, path = trained_trial(tmp_path, **axes)
    cohort = SignalArchive(tmp_path / "signals").load(result.trial_id)
    assert cohort is not None
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.inference_mode():
        for index, logits in enumerate(cohort.signals.logits):
            network, splits = load_network(path, index), network_splits(result.spec, index)
            assert not network.training
            encoder = Encoder.of(result.spec, splits)
            batches = [encoder(batch, torch.Generator()) for batch in splits.batches(256)]
            answered = torch.cat([network(batch) for batch in batches]).numpy()
            same = np.argsort(cohort.signals.rows)[np.argsort(np.argsort(splits.rows))]  # the places of its examples
            assert np.array_equal(cohort.signals.rows[same], splits.rows)
            assert np.array_equal(answered, logits[same])
    torch.set_num_threads(threads)


def test_a_network_of_a_registered_model_is_loaded_where_that_is_registered(tmp_path: Path, forgetting: None) -> None:
    """Elsewhere the file can still be read, and the error says what is missing."""
    register_model("line", lambda shape, classes, spec: torch.nn.Linear(shape[0], classes))
    _, path = trained_trial(tmp_path, model="line-v1")
    weights = load_networks(path).networks[1].state_dict
    loaded = load_network(path, 1).state_dict()
    assert {name: tensor.tolist() for name, tensor in loaded.items()} == {n: t.tolist() for n, t in weights.items()}
    registry.forget("model", "line")
    assert load_networks(path).spec.model == "line-v1"
    with pytest.raises(SpecError, match="line"):
        load_network(path)


def test_a_file_says_what_its_networks_are(kept: tuple[Completed, Path]) -> None:
    """The configuration, where they were trained, which is the shadow, and the rows that each was trained on."""
    result, path = kept
    found = load_networks(path)
    assert (found.trial_id, found.spec) == (result.trial_id, result.spec)
    assert (found.input_shape, found.num_classes, found.environment) == ((4,), 3, result.environments[0])
    assert [(network.role, network.replicate) for network in found.networks] == [("target", 1), ("shadow", 1)]
    subsets, seeds = rules_of(result.spec.protocol).draw_cohort(120, 0)
    for index, (network, subset, seed) in enumerate(zip(found.networks, subsets, seeds, strict=True)):
        assert network.seed == seed
        assert np.array_equal(network.trained_on, network_splits(result.spec, index).rows[:120][subset])


def saved(content: object) -> bytes:
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


class Hostile:
    """Does something when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_a_strangers_file_executes_nothing(tmp_path: Path) -> None:
    """An object that would, as a pickle or inside of torch's file, is refused."""
    path, touched = tmp_path / "net.pt", tmp_path / "touched"
    for content in (saved({"format": Hostile(touched)}), pickle.dumps(Hostile(touched))):
        path.write_bytes(content)
        with pytest.raises(StudyError, match=r"net\.pt: must be networks that privsearch has kept, but: .*export"):
            load_network(path)
        assert not touched.exists()


CHANGES: dict[str, dict[str, Any]] = {
    "another format": {"format": 2},
    "a field too many": {"more": 1},
    "an id that is a path": {"trial_id": "../up"},
    "no networks": {"networks": []},
    "another spec": {"spec": "{}"},
    "an environment that is a formula": {"environment": "=1+1"},
    "classes below one": {"num_classes": 0},
    "a negative seed": {"seed": -1},
    "rows that are no numbers": {"trained_on": torch.zeros(3)},
    "rows that are no tensor": {"trained_on": "rows"},
    "weights that are no tensor": {"state_dict": {"0.affine.weight": 1.0}},
    "weights of another class": {"state_dict": {"0.affine.weight": torch.zeros(1, 1).to_sparse()}},
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_of_something_else_is_refused(kept: tuple[Completed, Path], tmp_path: Path, change: str) -> None:
    """Whoever wrote it: before anything is built."""
    content = torch.load(kept[1], weights_only=True)
    for field, value in CHANGES[change].items():
        (content["networks"][0] if field in content["networks"][0] else content)[field] = value
    (tmp_path / "net.pt").write_bytes(saved(content))
    with pytest.raises(StudyError, match="must be networks that privsearch has kept"):
        load_network(tmp_path / "net.pt")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"input_shape": (10**12,)}, "need more weights than it has"),
        ({"num_classes": 10**9}, "need more weights than it has"),
        ({"input_shape": (1, 2, 2)}, "must hold the weights of its configuration"),
        ({"input_shape": ()}, "must hold the weights of its configuration"),
        ({"input_shape": (3,)}, "must hold the weights of its configuration"),
    ],
)
def test_what_does_not_fit_is_not_built(
    kept: tuple[Completed, Path], tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    """A file that speaks of a network beyond any memory, or of one that its weights are not those of."""
    content = torch.load(kept[1], weights_only=True)
    (tmp_path / "net.pt").write_bytes(saved(content | change))
    with pytest.raises(StudyError, match=said):
        load_network(tmp_path / "net.pt")


def test_weights_that_only_claim_to_be_there_are_refused(kept: tuple[Completed, Path], tmp_path: Path) -> None:
    """A few bytes can be expanded to any shape."""
    content = torch.load(kept[1], weights_only=True)
    expanded = {"0.affine.weight": torch.zeros(1).expand(1000, 10**9)}
    shared = dict.fromkeys(map(str, range(2000)), torch.zeros(10**5))
    for state, features in ((expanded, 10**9), (shared, 10**5)):
        content["networks"][0]["state_dict"] = state
        (tmp_path / "net.pt").write_bytes(saved(content | {"input_shape": (features,)}))
        with pytest.raises(StudyError, match="need more weights than it has"):
            load_network(tmp_path / "net.pt")


def test_what_is_not_there_is_told(kept: tuple[Completed, Path], tmp_path: Path) -> None:
    """A file, or a network in it."""
    with pytest.raises(StudyError, match=r"none\.pt: must be readable, but: No such file"):
        load_network(tmp_path / "none.pt")
    for index in (2, -1):
        with pytest.raises(StudyError, match=f"index must be from 0 to 1, its networks, but got {index}"):
            load_network(kept[1], index)
