"""The schema agrees with what reads sweep files: by a library that knows neither of the two."""

from pathlib import Path
from typing import Any, get_args

import pytest
from bad_input import FIELDS, GOOD, SWEEP_FILES
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from privsearch.api.plugins import register_attack, register_model
from privsearch.spec.builtin import builtin_sweeps
from privsearch.spec.datasets import DatasetName
from privsearch.spec.schema import sweep_schema
from privsearch.spec.sweep_file import read_sweep

ROOT = Path(__file__).parents[2]
STUDIES = sorted((ROOT / "studies").glob("*/sweep.yaml"))


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = sweep_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def parsed(text: str) -> Any:
    return YAML(typ="safe").load(text)


@pytest.mark.parametrize(
    "path", [*builtin_sweeps().values(), *STUDIES], ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_every_shipped_sweep_has_the_schema(path: Path, validator: Draft202012Validator) -> None:
    """Those that come with privsearch, and those that studies keep, whose fields are all written out."""
    assert list(validator.iter_errors(parsed(path.read_text()))) == []


@pytest.mark.parametrize(
    "lines",
    [
        "protocol: halves",
        "protocol: [paper, {kind: halves, networks: 6}]",
        "protocol: {kind: halves, networks: {from: 4, to: 32}}",
        "{attacks: lira, protocol: halves}",
        "{protocol: halves, attacks: [svm, {kind: lira, mode: offline}, {kind: loss, signals: final_mem}]}",
        "recipe: {epochs: 3, dp: {epsilon: 3}, overrides: {iris: {epochs: 5}}}",
        "search: {trials: 9, sampler: nsga2, space: {model: snn, beta: {low: 0.5, high: 0.9}, num_steps: [5, 10]}}",
        'search: {minutes: 1, space: {model: [ann]}, constraints: {test_accuracy: ">= 0.9"}}',
        "resources: {cpu: 2, gpu: 0.5}",
        "datasets: digits",
        "datasets: [{name: mine, path: mine.csv, label: y, delimiter: tab}, {name: photos, path: photos/, size: 32}]",
        "datasets: [{name: mine, path: x.npy, labels: y.npy, layout: null}, {name: more, path: x.npz}]",
        "grids: {first: {model: snn, act_bit_width: 4, state_range: [-1, 1.2], dp: [null, {noise_multiplier: 1.1}]}}",
    ],
)
def test_what_is_read_has_the_schema(lines: str, validator: Draft202012Validator, tmp_path: Path) -> None:
    """Each short form that a sweep file may have."""
    fields = parsed(GOOD) | parsed(lines)
    (tmp_path / "sweep.yaml").write_text(GOOD)
    read_sweep({**fields, "objectives": None})
    assert list(validator.iter_errors(fields)) == []


@pytest.mark.parametrize(
    "lines",
    [
        "nmae: mine",
        "name: 3",
        "datasets: [irsi]",
        "datasets: []",
        "datasets: [{name: mine, path: mine.csv, lable: y}]",
        "protocol: halve",
        "protocol: {kind: halves, netwroks: 8}",
        "protocol: {kind: halves, networks: 5}",
        "protocol: {kind: halves, networks: {from: 4, til: 32}}",
        "attacks: [lirra]",
        "attacks: [{mode: offline}]",
        "attacks: [{kind: lira, mode: of}]",
        "grids: {first: {weight_bit_width: [4]}}",
        "grids: {first: {model: [rnn]}}",
        "grids: {first: {model: [ann], weight_bit_width: [9]}}",
        "grids: {first: {model: [ann], weight_bits: [4]}}",
        "grids: {first: {model: []}}",
        "recipe: {epochs: 0}",
        "recipe: {threshold: 1}",
        "recipe: {overrides: {iris: {epoch: 1}}}",
        "search: {trials: 9, space: {beta: [0.5]}}",
        "search: {trials: 9, space: {model: [ann], beta: {low: 0.5}}}",
        "search: {trials: 9, sampler: nsga4, space: {model: [ann]}}",
        'search: {trials: 9, space: {model: [ann]}, constraints: {test_accuracy: "over 0.9"}}',
        "objectives: {test_accuracy: max, svm.auc: minimize}",
        "objectives: {test_accuracy: maximize}",
        "resources: {cpus: 2}",
        "seed: -1",
        "energy: {flat: {mac: -1}}",
    ],
)
def test_what_is_refused_has_not(lines: str, validator: Draft202012Validator) -> None:
    """A wrong name, kind, bound or type of any part is marked, and is refused where it is read."""
    fields = parsed(GOOD) | parsed(lines)
    with pytest.raises(Exception, match=r"must|no such|valid"):
        read_sweep(fields)
    assert list(validator.iter_errors(fields))


def test_most_of_the_kept_mistakes_are_marked(validator: Draft202012Validator) -> None:
    """Of the sweep files that are kept as mistakes and are YAML; the others break rules across fields."""
    contents = [case.files.get("sweep.yaml") for case in (*SWEEP_FILES, *FIELDS)]
    contents = [content for content in contents if isinstance(content, str) and len(content) < 2000]
    marked = passed = 0
    for content in contents:
        try:
            fields = parsed(content)
        except Exception:  # noqa: S112  # no YAML at all
            continue
        errors = list(validator.iter_errors(fields))
        marked, passed = marked + bool(errors), passed + (not errors)
    assert marked > 1.4 * passed > 0, (marked, passed)


@pytest.mark.usefixtures("forgetting")
def test_what_is_registered_may_be_named() -> None:
    """A model and an attack of a user's own are values like the built-in ones, once they are registered."""

    def own(*_: object) -> Any:
        raise NotImplementedError

    register_attack("mine")(own)
    register_model("net")(own)
    fields = parsed(GOOD) | parsed("attacks: [mine]\ngrids: {first: {model: [net]}}")
    assert list(Draft202012Validator(sweep_schema()).iter_errors(fields)) == []


def test_the_names_of_datasets_are_offered() -> None:
    """An editor completes them."""
    offered = sweep_schema()["properties"]["datasets"]["anyOf"][0]["anyOf"][0]["enum"]
    assert set(get_args(DatasetName)) <= set(offered)
