"""The folder of an exported network: weights, preprocessing, a program and a README."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from privsearch._util.disk import replace_file, writing
from privsearch.data import describe_dataset, load_dataset
from privsearch.data.splits import Splits
from privsearch.models import Network
from privsearch.models.load import build_kept
from privsearch.models.onnx_graph import graph_of
from privsearch.models.training import EpochListener
from privsearch.spec.architecture import network_layers
from privsearch.study.network_archive import KeptNetworks
from privsearch.sweep.splits import prepared_splits
from privsearch.sweep.standalone.agreement import Agreement, compare, compare_graph
from privsearch.sweep.standalone.code import Program, layer_names
from privsearch.sweep.standalone.inputs import input_rules, marks
from privsearch.sweep.standalone.readme import Readme
from privsearch.sweep.standalone.retrained import OnAllData, train_on_all
from privsearch.sweep.standalone.source import OURS, PROGRAM, README, ROWS, Source
from privsearch.sweep.standalone.weights import packed_weights


@dataclass(frozen=True)
class Standalone:
    """A folder that runs without privsearch.

    Attributes:
        folder: the folder.
        files: what was written into it.
        numbers: the numbers of its networks.
        agreement: how the program's answers agree with the first network's.
        graph_agreement: the same of the graph in ONNX; None if there is none.
        on_all_data: True if its one network was trained on all data, for this export.
    """

    folder: Path
    files: tuple[Path, ...]
    numbers: tuple[int, ...]
    agreement: Agreement
    on_all_data: bool
    graph_agreement: Agreement | None = None


@dataclass(frozen=True)
class _Networks:
    """The networks of a folder, by their numbers."""

    networks: Mapping[int, Network]
    splits: Mapping[int, Splits]
    trained_on: Mapping[int, Sequence[int]] = field(default_factory=dict)
    on_all: OnAllData | None = None


def write_kept(folder: Path, source: Source, kept: KeptNetworks) -> Standalone:
    """Write the targets among a trial's networks; the shadows, which imitate them, are for attacks alone.

    Args:
        folder: the folder, which is there.
        source: the trial, without an obstacle.
        kept: its networks.

    Raises:
        StudyError: a file cannot be written.
    """
    spec, splits = source.result.spec, prepared_splits(source.result.spec)
    numbers = {k: spec.protocol.roles()[k][0] for k in spec.protocol.target_networks}
    networks = {}
    for k, number in numbers.items():
        network = build_kept(kept, k, str(source.content.path))
        assert isinstance(network, Network), "a built-in model"
        networks[number] = network
    trained_on = {number: kept.networks[k].trained_on.tolist() for k, number in numbers.items()}
    return _write(
        folder, source, _Networks(networks, {n: splits.of_network(k) for k, n in numbers.items()}, trained_on)
    )


def write_retrained(
    folder: Path, source: Source, on_epoch: EpochListener | None = None, device: str = "cpu"
) -> Standalone:
    """Train one network on all data, and write it.

    Args:
        folder: the folder, which is there.
        source: the trial, without an obstacle.
        on_epoch: told of each epoch.
        device: the device to train on, as torch names it.

    Raises:
        StudyError: a file cannot be written.
        DivergedError: the training diverges.
    """
    on_all = train_on_all(source.result.spec, on_epoch, device)
    return _write(folder, source, _Networks({1: on_all.network}, {1: on_all.splits}, on_all=on_all))


def _write(folder: Path, source: Source, of: _Networks) -> Standalone:
    result, spec = source.result, source.result.spec
    raw, info = load_dataset(spec.dataset), describe_dataset(spec.dataset)
    rules = {number: input_rules(raw, splits, spec) for number, splits in of.splits.items()}
    first, *others = rules
    own_rules = any(rules[number] != rules[first] for number in others)
    program = Program(
        source.title,
        spec,
        info.input_shape,
        info.num_classes,
        rules[first],
        marks(spec.dataset),
        tuple(rules),
        own_rules,
    )
    names = layer_names(network_layers(spec, info.input_shape, info.num_classes))
    contents: dict[str, str | bytes] = {PROGRAM: program.code(of.networks[first])}
    for number, network in of.networks.items():
        contents[f"network_{number}.safetensors"] = packed_weights(network, names)
        if source.graph_format:
            contents[f"network_{number}.onnx"] = graph_of(network, info.input_shape, source.graph_format)
    for number in rules if own_rules else [first]:
        contents[f"preprocessing{f'_{number}' * own_rules}.json"] = _json(rules[number])
    if of.trained_on:
        contents[ROWS] = _json({f"network_{number}": rows for number, rows in of.trained_on.items()}, indent=None)
    _remove_earlier(folder)
    for name, content in contents.items():
        replace_file(folder / name, content)
    agreement = compare(folder / PROGRAM, first, of.networks[first], of.splits[first], spec)
    graph_agreement = None
    if source.graph_format:
        graph = (folder / f"network_{first}.onnx").read_bytes()
        graph_agreement = compare_graph(graph, source.graph_format, of.networks[first], of.splits[first])
    readme = Readme(
        title=source.title,
        study=str(source.content.path),
        result=result,
        rules=rules[first],
        sizes={number: len(of.trained_on.get(number, of.splits[number].y_train)) for number in of.networks},
        num_train=len(of.splits[first].y_train),
        agreement=agreement,
        graph=(source.graph_format, graph_agreement) if source.graph_format and graph_agreement else None,
        files=_described(folder, result.trial_id, contents, own_rules=own_rules),
        on_all=of.on_all,
    )
    replace_file(folder / README, readme.text())
    files = tuple(folder / name for name in (README, *contents))
    return Standalone(folder, files, tuple(of.networks), agreement, of.on_all is not None, graph_agreement)


def _remove_earlier(folder: Path) -> None:
    """Remove the files of an earlier export of the trial, of which there may have been more."""
    for pattern in OURS:
        for path in folder.glob(pattern):
            with writing(path):
                path.unlink()


def _json(values: Any, indent: int | None = 2) -> str:
    return json.dumps(values, indent=indent, ensure_ascii=False, allow_nan=False) + "\n"


def _described(
    folder: Path, trial_id: str, contents: Mapping[str, str | bytes], *, own_rules: bool
) -> list[tuple[str, str]]:
    """Return each file of a folder, or each kind of file, with its meaning."""
    number = "*" if sum(name.endswith(".safetensors") for name in contents) > 1 else "1"
    rules = "preprocessing_*.json" if own_rules else "preprocessing.json"
    described = {
        PROGRAM: "builds the network, prepares examples, classifies them",
        f"network_{number}.safetensors": "weights and biases, by the names of the layers",
        f"network_{number}.onnx": "the same as a graph in ONNX",
        rules: "from raw values to inputs, and the names of classes",
        f"{trial_id}.yaml": "the configuration as a sweep file of privsearch, with its numbers",
        f"{trial_id}.pt": "all networks of the trial, for privsearch, with their training rows",
        ROWS: "the rows that each network was trained on, counted from 0 in the training data",
    }
    return [(name, what) for name, what in described.items() if any(folder.glob(name))]
