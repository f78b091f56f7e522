"""An ANN as a graph in ONNX, by brevitas' exporters, and what such a graph answers."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
import torch
from jaxtyping import Float, Float32
from numpy import ndarray as Array
from torch import Tensor, nn

from privsearch.errors import SpecError
from privsearch.models.networks import Network, Stage
from privsearch.models.quantization import load_brevitas
from privsearch.spec.export_formats import GraphFormat

if TYPE_CHECKING:
    from types import ModuleType

INPUTS: Final = "inputs"
LOGITS: Final = "logits"
_NEEDED: Final[dict[GraphFormat, Sequence[str]]] = {
    "onnx": ("onnx", "onnxoptimizer", "onnxruntime"),
    "qonnx": ("onnx", "onnxoptimizer", "qonnx"),
}


def require_packages(graph_format: GraphFormat) -> None:
    """Make sure that the packages of a format are installed.

    Raises:
        SpecError: one is not.
    """
    for name in _NEEDED[graph_format]:
        _package(name)


def graph_of(network: Network, input_shape: tuple[int, ...], graph_format: GraphFormat) -> bytes:
    """Return an ANN as the content of an ONNX file.

    `onnx` has standard operators alone, quantised numbers as `QuantizeLinear`, `Clip` and `DequantizeLinear`, and takes
    batches of any size. `qonnx` has the operator `Quant` of QONNX (Pappalardo et al. 2022), and takes one example.

    Args:
        network: the network, in eval mode, on the CPU.
        input_shape: the shape of an example.
        graph_format: one of the two.

    Raises:
        SpecError: a package is not installed.
    """
    require_packages(graph_format)
    load_brevitas()
    x = torch.zeros(1, *input_shape)
    # The exporter by tracing: the other one needs a further package, and gives the same graph.
    options: dict[str, Any] = {"dynamo": False, "input_names": [INPUTS], "output_names": [LOGITS]}
    with TemporaryDirectory() as folder, _quiet():
        from brevitas.export import export_onnx_qcdq, export_qonnx

        path = Path(folder) / "network.onnx"
        if graph_format == "onnx":
            options["keep_initializers_as_inputs"] = False
            options["dynamic_axes"] = {INPUTS: {0: "examples"}, LOGITS: {0: "examples"}}
            export_onnx_qcdq(_layers(network), args=x, export_path=str(path), **options)
        else:
            export_qonnx(_layers(network), args=x, export_path=str(path), **options)
        return path.read_bytes()


def answers_of(
    content: bytes, x: Float[Tensor, "batch *input_shape"], graph_format: GraphFormat
) -> Float[Tensor, "batch classes"]:
    """Run a graph on a batch: by onnxruntime, or by QONNX's own execution.

    Args:
        content: a file's content, from `graph_of`.
        x: `(batch, *input_shape)`.
        graph_format: its format.
    """
    given = x.numpy()
    if graph_format == "onnx":
        session = _package("onnxruntime").InferenceSession(content, providers=["CPUExecutionProvider"])
        return torch.from_numpy(session.run([LOGITS], {INPUTS: given})[0])
    _package("qonnx")
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.core.onnx_exec import execute_onnx
    from qonnx.transformation.infer_shapes import InferShapes

    with _quiet():
        graph = ModelWrapper(_package("onnx").load_from_string(content)).transform(InferShapes())
        each: list[Float32[Array, "1 classes"]] = [
            execute_onnx(graph, {INPUTS: given[place : place + 1]})[LOGITS] for place in range(len(given))
        ]
    return torch.from_numpy(np.concatenate(each))


def _layers(network: Network) -> nn.Sequential:
    """Return the layers of a network one after another, as brevitas knows them."""
    layers: list[nn.Module] = []
    for stage in cast("Sequence[Stage]", tuple(network)):
        if isinstance(stage.affine, nn.Conv2d):
            layers += [stage.affine, nn.MaxPool2d(2)]
        else:
            if (
                layers
                and isinstance(layers[0], nn.Conv2d)
                and not any(isinstance(layer, nn.Flatten) for layer in layers)
            ):
                layers.append(nn.Flatten())
            layers.append(stage.affine)
        if not isinstance(stage.activation, nn.Identity):
            layers.append(stage.activation)
    return nn.Sequential(*layers).eval()


def _package(name: str) -> "ModuleType":
    try:
        with _quiet():
            return import_module(name)
    except ImportError:
        raise SpecError(
            f"an export as ONNX needs the package {name}, which is not installed; install privsearch[onnx], as with "
            "`uv sync --extra onnx`"
        ) from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporters from warning of what is meant so."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
