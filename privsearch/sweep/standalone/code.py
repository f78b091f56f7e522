"""The program `model.py` of an exported network: plain torch and snnTorch, filled into a template."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from privsearch.data.delimited import Marks
from privsearch.models import Leaky, MembraneReadout, Network, StateQuantizer
from privsearch.models.encoding import DELTA_THRESHOLD
from privsearch.spec import Dataset, TableDataset, TrialSpec
from privsearch.spec.architecture import Layer, network_layers
from privsearch.spec.axes import DEFAULT_THRESHOLD

_SURROGATES: Final = {
    "fast_sigmoid": "fast_sigmoid(slope=25)",
    "atan": "atan(alpha=2)",
    "spike_rate_escape": "spike_rate_escape(beta=1, slope=25)",
    "triangular": "triangular()",
    "straight_through": "straight_through_estimator()",
}
"""snnTorch's calls for the surrogate gradients of `privsearch.models.surrogate`."""

_ENCODINGS: Final = {
    "rate": "Each step fires with the value as its probability.",
    "latency": "Each fires once: 1 at the first step, 0 at the last, on a line between.",
    "delta": f"A rise of {DELTA_THRESHOLD:g} since the step before is 1, such a fall is -1.",
}

_SHAPES: Final = {
    "sequences": "the most time steps, and the features of each",
    "frames": "the most time steps, channels, height, width",
    "images": "channels, height, width",
    "table": "",
}

_THOUSANDS: Final = {"'": ("'", "\u2019"), " ": (" ", "\u00a0", "\u202f"), ".": (".",), ",": (",",)}


def environment() -> Environment:
    """Return the templates of this package."""
    return Environment(
        loader=PackageLoader(__package__, "templates"),
        autoescape=False,  # noqa: S701  # it is code and Markdown that are filled in, from names that are checked
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@dataclass(frozen=True)
class Program:
    """The facts that `model.py` is written from.

    Attributes:
        title: the configuration and its dataset, in one line.
        spec: the trial, canonical.
        shape: the shape of a network's input.
        num_classes: the number of logits.
        rules: how examples become inputs, of any of its networks (`privsearch.sweep.standalone.inputs`).
        marks: how the rows of a table are written.
        numbers: the numbers of the networks.
        own_rules: True if each network has rules of its own.
    """

    title: str
    spec: TrialSpec
    shape: tuple[int, ...]
    num_classes: int
    rules: Mapping[str, Any]
    marks: Marks
    numbers: Sequence[int]
    own_rules: bool

    def code(self, network: Network) -> str:
        """Return the program, whose neurons are those of a network."""
        text = environment().get_template("model.py.j2").render(**self._words(network))
        return re.sub(r"\n{4,}", "\n\n\n", text)

    def _words(self, network: Network) -> dict[str, Any]:
        kind, spec = self.rules["kind"], self.spec
        layers = network_layers(spec, self.shape, self.num_classes)
        is_over_time = kind in ("sequences", "frames")
        encoding = self.rules.get("encoding")
        return {
            "title": self.title,
            "kind": kind,
            "spiking": spec.model == "snn",
            "layers": _layers(layers, is_bf16=spec.precision == "bf16"),
            "bf16": spec.precision == "bf16",
            "activation": "functional.relu" if spec.act_bit_width is None else "quant_relu",
            "relu": _relu(spec, layers),
            "uses_functional": any(layer.kind == "convolution" for layer in layers) or _has_plain_relu(spec, layers),
            "weight_bits": spec.weight_bit_width,
            "network_doc": _sentence(spec, layers),
            "readout": spec.readout,
            "has_padding": is_over_time,
            "over_time": is_over_time or encoding is not None,
            "num_steps": self.shape[0] if is_over_time else spec.num_steps,
            "numbers": tuple(self.numbers),
            "rules_file": 'f"preprocessing_{number}.json"' if self.own_rules else '"preprocessing.json"',
            "encoding": {**encoding, "threshold": DELTA_THRESHOLD} if encoding else None,
            "encoding_words": _ENCODINGS[encoding["kind"]] if encoding else "",
            **_neurons(spec, network),
            **self._data_words(),
        }

    def _data_words(self) -> dict[str, Any]:
        rules, dataset = self.rules, self.spec.dataset
        kind, columns = rules["kind"], rules.get("columns", [])
        column_kinds = {column.get("kind") for column in columns}
        return {
            "example_file": "rows.csv" if kind == "table" else "examples.npy",
            "example_call": "{...}" if kind == "table" else "array",
            "file_help": _file_help(rules, dataset),
            "example_shape": tuple(rules["shape"]),
            "shape_words": _SHAPES[kind],
            "scaling": rules.get("scaling"),
            "bits": rules.get("bits", 32),
            "has_header": rules.get("has_names") and "file_columns" not in rules,
            "file_columns": "file_columns" in rules,
            "has_categories": "categories" in column_kinds,
            "has_numbers": bool(column_kinds & {"number", "range"}),
            "has_ranges": "range" in column_kinds,
            "has_medians": any("median" in column for column in columns),
            "decimal": self.marks.decimal,
            "encoding_name": json.dumps(_with_mark(self.marks.encoding)),
            "delimiter": json.dumps(self.marks.delimiter),
            "thousands": [
                json.dumps(mark)
                for mark in _THOUSANDS.get((isinstance(dataset, TableDataset) and dataset.thousands) or "", ())
            ],
        }


def layer_names(layers: Sequence[Layer]) -> list[str]:
    """Return the names of a network's layers in `model.py`, such as `conv1`, `linear1`, `linear2`."""
    kinds = ["conv" if layer.kind == "convolution" else "linear" for layer in layers]
    return [f"{kind}{kinds[: place + 1].count(kind)}" for place, kind in enumerate(kinds)]


def _layers(layers: Sequence[Layer], *, is_bf16: bool) -> list[dict[str, Any]]:
    """Return each layer's name, the call that builds it, and what is done with its input and its output."""
    described, spiking = [], 0
    for place, (layer, name) in enumerate(zip(layers, layer_names(layers), strict=True)):
        spiking += layer.is_spiking
        in_16_bits = is_bf16 and place < len(layers) - 1
        options = ", dtype=torch.bfloat16" if in_16_bits else ""
        is_conv = layer.kind == "convolution"
        size = f"{layer.inputs}, {layer.outputs}{', 3, padding=1' if is_conv else ''}"
        described.append(
            {
                "name": name,
                "code": f"nn.{'Conv2d' if is_conv else 'Linear'}({size}{options})",
                "pools": is_conv,
                "flattens": not is_conv and place > 0 and layers[place - 1].kind == "convolution",
                "is_spiking": layer.is_spiking,
                "is_bf16": in_16_bits,
                "neurons": spiking,
                "membrane": f"membrane{spiking}",
            }
        )
    return described


def _has_plain_relu(spec: TrialSpec, layers: Sequence[Layer]) -> bool:
    return spec.act_bit_width is None and not all(layer.is_spiking for layer in layers[:-1])


def _relu(spec: TrialSpec, layers: Sequence[Layer]) -> dict[str, Any] | None:
    if spec.act_bit_width is None or all(layer.is_spiking for layer in layers[:-1]):
        return None
    threshold = DEFAULT_THRESHOLD if spec.threshold is None or spec.threshold_sets == "firing" else spec.threshold
    return {"threshold": threshold, "levels": 2**spec.act_bit_width}


def _neurons(spec: TrialSpec, network: Network) -> dict[str, Any]:
    """Return the parameters of the neurons as they were built."""
    neurons = [module for module in network.modules() if isinstance(module, Leaky)]
    if not neurons:
        return {"quantizer": None, "quantize_readout": False}
    assert spec.surrogate_gradient is not None, "a canonical SNN spec has a surrogate_gradient"
    dynamics = neurons[0].dynamics
    words: dict[str, Any] = {
        "beta": dynamics.beta,
        "threshold": dynamics.threshold,
        "surrogate": _SURROGATES[spec.surrogate_gradient],
    }
    rounded = [neuron.quantizer for neuron in neurons if neuron.quantizer is not None]
    readouts = [module.neurons.quantizer for module in network.modules() if isinstance(module, MembraneReadout)]
    return {
        **words,
        "quantizer": _quantizer(spec, rounded[0]) if rounded else None,
        "quantize_readout": readouts[0] is not None,
    }


def _quantizer(spec: TrialSpec, quantizer: StateQuantizer) -> dict[str, Any]:
    assert spec.state_range is not None, "a canonical SNN spec has a state_range beside act_bit_width"
    lower, upper = spec.state_range
    clip = DEFAULT_THRESHOLD if spec.threshold is None or spec.threshold_sets == "firing" else spec.threshold
    # As snnTorch computes them: how far the range goes beyond the threshold on either side.
    limits = {"lower": round(-lower - 1, 12) + 0.0, "upper": round(upper - 1, 12) + 0.0}
    return {"bits": spec.act_bit_width, "clip": clip, "place": quantizer.place, **limits}


def _sentence(spec: TrialSpec, layers: Sequence[Layer]) -> str:
    """Return what a network is made of."""
    has_convolutions = layers[0].kind == "convolution"
    words = "Two convolutions with pooling, then two linear layers" if has_convolutions else "Two linear layers"
    if spec.model == "ann":
        return f"{words}, with a ReLU between layers."
    return f"{words}, with spiking neurons after {'each' if layers[0].is_spiking else 'the linear ones'}."


def _file_help(rules: Mapping[str, Any], dataset: Dataset) -> str:
    match rules["kind"]:
        case "table":
            is_text = isinstance(dataset, TableDataset) and dataset.kind == "csv"
            return f"rows as CSV{', written like the file of the training data' if is_text else ''}"
        case "images":
            return "images as NPY"
        case _:
            return "examples over time as NPY"


def _with_mark(encoding: str) -> str:
    """Return an encoding that also takes a byte-order mark in front."""
    return "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8", "ascii") else encoding
