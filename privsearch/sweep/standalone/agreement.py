"""The answers of an exported program, held against those of the network that was audited."""

import importlib.util
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any, Final, cast

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from privsearch.data.splits import Splits
from privsearch.models import Network
from privsearch.models.encoding import Encoder
from privsearch.models.onnx_graph import answers_of
from privsearch.spec import TrialSpec
from privsearch.spec.export_formats import GraphFormat

MOST_EXAMPLES: Final = 256
"""The most examples that are compared."""

TOLERANCE: Final = 1e-5
"""The difference of logits up to which two answers are the same."""


@dataclass(frozen=True)
class Agreement:
    """The differences between the logits of a program and those of its network, from raw examples on.

    Attributes:
        num_examples: the number of examples of the test split that were compared.
        largest: the largest difference.
        num_differing: the number of examples with a difference above `TOLERANCE`.
        num_other_class: the number of examples that get another class.
    """

    num_examples: int
    largest: float
    num_differing: int
    num_other_class: int


def compare(program: Path, number: int, network: Network, splits: Splits, spec: TrialSpec) -> Agreement:
    """Give examples of the test split, as they are in the data, to a program, and their inputs to its network.

    Args:
        program: the file of the program, in its folder.
        number: the number of the network there.
        network: the same network, in eval mode.
        splits: its splits.
        spec: the trial, canonical.
    """
    module, num_train = _loaded(program), len(splits.y_train)
    x = splits.inputs(splits.x_test[:MOST_EXAMPLES])
    raw = _raw_examples(splits, num_train, module.rules(number))
    encoder, generator = Encoder.of(spec, splits), torch.Generator().manual_seed(spec.seed)
    draws = (spec.encoding_queries or 1) if encoder.draws else 1
    with torch.inference_mode():
        expected = torch.stack([network(encoder(x, generator)) for _ in range(draws)]).mean(0)
        answered: Float[Tensor, "n classes"] = module.logits(x if raw is None else module.prepare(raw, number), number)
    return _agreement(answered, expected)


def compare_graph(content: bytes, graph_format: GraphFormat, network: Network, splits: Splits) -> Agreement:
    """Give inputs of the test split to a graph in ONNX and to its network.

    Args:
        content: the graph.
        graph_format: its format.
        network: the network, an ANN.
        splits: its splits.
    """
    x = splits.inputs(splits.x_test[:MOST_EXAMPLES])
    with torch.inference_mode():
        return _agreement(answers_of(content, x, graph_format), network(x))


def _agreement(answered: Float[Tensor, "n classes"], expected: Float[Tensor, "n classes"]) -> Agreement:
    differences = (answered - expected).abs().amax(1)
    return Agreement(
        len(answered),
        float(differences.max()),
        int((differences > TOLERANCE).sum()),
        int((answered.argmax(1) != expected.argmax(1)).sum()),
    )


class _Loader(SourceFileLoader):
    """A loader that leaves no compiled file beside the program: the folder is to be given away."""

    def set_data(self, path: str, data: object, *, _mode: int = 0o666) -> None:
        """Write nothing."""


def _loaded(program: Path) -> ModuleType:
    """Run a program's file as a module that nothing else can import."""
    loader = _Loader("exported_model", str(program))
    found = importlib.util.spec_from_loader(loader.name, loader)
    assert found is not None, "a loader of a file has a specification"
    module = importlib.util.module_from_spec(found)
    loader.exec_module(module)
    return module


def _raw_examples(splits: Splits, num_train: int, rules: dict[str, Any]) -> Any:
    """Return examples of the test split as the program takes them; None if they are not at hand as they were read."""
    test = slice(num_train, num_train + MOST_EXAMPLES)
    match rules["kind"]:
        case "table":
            if splits.unscaled is None:
                return None
            names = [list(column["inputs"]) if column["kind"] == "categories" else None for column in rules["columns"]]
            return [
                {
                    column["name"]: value if of is None else of[int(value)]
                    for column, of, value in zip(rules["columns"], names, row.tolist(), strict=True)
                }
                for row in splits.unscaled[test]
            ]
        case "sequences":
            return cast("np.ndarray", splits.unscaled)[test]
        case _:
            return splits.x_test[:MOST_EXAMPLES].numpy()
