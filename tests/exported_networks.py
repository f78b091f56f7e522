"""Networks with random weights, each as a folder that runs without privsearch."""

import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from privsearch.data import describe_dataset, load_dataset
from privsearch.data.splits import Splits
from privsearch.models import Network, build_network
from privsearch.models.encoding import Encoder
from privsearch.spec import TrialSpec
from privsearch.spec.architecture import network_layers
from privsearch.sweep.splits import canonical, prepared_splits
from privsearch.sweep.standalone.code import Program, layer_names
from privsearch.sweep.standalone.inputs import input_rules, marks
from privsearch.sweep.standalone.weights import packed_weights


@dataclass(frozen=True)
class ExportedNetwork:
    """A network, and the program that stands for it."""

    network: Network
    splits: Splits
    spec: TrialSpec
    program: Path

    @property
    def module(self) -> ModuleType:
        """The program as a module."""
        found = importlib.util.spec_from_file_location("exported", self.program)
        assert found is not None
        assert found.loader is not None
        module = importlib.util.module_from_spec(found)
        found.loader.exec_module(module)
        return module

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        """The network's own logits of its inputs."""
        encoder, generator = Encoder.of(self.spec, self.splits), torch.Generator().manual_seed(self.spec.seed)
        draws = (self.spec.encoding_queries or 1) if encoder.draws else 1
        with torch.inference_mode():
            return torch.stack([self.network(encoder(x, generator)) for _ in range(draws)]).mean(0)


def exported_network(folder: Path, **axes: Any) -> ExportedNetwork:
    """Write an untrained network to a folder, its weights so large that neurons fire often."""
    folder.mkdir(parents=True, exist_ok=True)
    spec = TrialSpec.model_validate({"num_steps": 6 if axes["model"] == "snn" else None, **axes})
    info = describe_dataset(spec.dataset)
    spec = canonical(spec, info)
    splits = prepared_splits(spec)
    torch.manual_seed(0)
    network = build_network(spec, info.input_shape, info.num_classes).eval()
    assert isinstance(network, Network)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(3)
    rules = input_rules(load_dataset(spec.dataset), splits, spec)
    shape, classes = info.input_shape, info.num_classes
    program = Program("A network", spec, shape, classes, rules, marks(spec.dataset), (1,), own_rules=False)
    (folder / "model.py").write_text(program.code(network), encoding="utf-8")
    (folder / "preprocessing.json").write_text(json.dumps(rules), encoding="utf-8")
    names = layer_names(network_layers(spec, shape, classes))
    (folder / "network_1.safetensors").write_bytes(packed_weights(network, names))
    return ExportedNetwork(network, splits, spec, folder / "model.py")
