import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import torch
from exported_networks import ExportedNetwork, exported_network
from kept_networks import short_films, short_sequences, small_images

STATE: Final = {"act_bit_width": 3, "threshold": 0.7}
TABLES: Final[list[dict[str, Any]]] = [
    {"model": "ann"},
    {"model": "ann", "weight_bit_width": 2, **STATE},
    {"model": "ann", "precision": "bf16"},
    {"model": "snn"},
    {"model": "snn", "weight_bit_width": 8, "readout": "mean", "beta": 0.5, "surrogate_gradient": "atan"},
    {"model": "snn", "weight_bit_width": 4, **STATE},
    {"model": "snn", **STATE, "threshold_sets": "clip", "quantize_readout": True, "state_range": (-0.5, 2.0)},
    {"model": "snn", **STATE, "quantize_state": "after_firing", "threshold_sets": "firing"},
    {"model": "snn", **STATE, "quantize_state": "for_firing", "quantize_readout": True},
    {"model": "snn", "encoding": "rate", "surrogate_gradient": "spike_rate_escape"},
    {"model": "snn", "encoding": "latency", "readout": "mean"},
    {"model": "snn", "precision": "bf16"},
]
IMAGES: Final[list[dict[str, Any]]] = [
    {"model": "ann", "weight_bit_width": 4, **STATE},
    {"model": "snn", "surrogate_gradient": "triangular"},
    {"model": "snn", "spiking_layers": "head", "weight_bit_width": 4},
    {"model": "snn", "spiking_layers": "head", **STATE, "encoding": "rate", "encoding_queries": 2},
    {"model": "snn", "encoding": "latency", "width": 0.5, "surrogate_gradient": "straight_through"},
]
SEQUENCES: Final[list[dict[str, Any]]] = [
    {"model": "ann"},
    {"model": "snn"},
    {"model": "snn", "readout": "mean", "weight_bit_width": 4},
    {"model": "snn", "encoding": "delta"},
    {"model": "snn", "encoding": "rate"},
]
FRAMES: Final[list[dict[str, Any]]] = [{"model": "ann"}, {"model": "snn", "readout": "mean", "weight_bit_width": 4}]
KINDS: Final = [
    (kind, axes)
    for kind, all_axes in {"table": TABLES, "images": IMAGES, "sequences": SEQUENCES, "frames": FRAMES}.items()
    for axes in all_axes
]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> list[ExportedNetwork]:
    """A network of every kind."""
    folder = tmp_path_factory.mktemp("exported")
    datasets: dict[str, Any] = {"table": "iris", "images": small_images(folder), "sequences": short_sequences(folder)}
    datasets["frames"] = short_films(folder)
    return [
        exported_network(folder / f"{place}", dataset=datasets[kind], **axes)
        for place, (kind, axes) in enumerate(KINDS)
    ]


@pytest.mark.parametrize("place", range(len(KINDS)), ids=[f"{kind} {list(axes.values())}" for kind, axes in KINDS])
def test_its_logits_are_those_of_the_network(exported: list[ExportedNetwork], place: int) -> None:
    """To 1e-5; on another processor a membrane may come so close to the threshold that one example differs."""
    one = exported[place]
    x = one.splits.inputs(one.splits.x_train[:60])
    expected = one.logits(x)
    assert expected.std(0).min() > 0.01
    difference = (one.module.logits(x) - expected).abs().amax(1)
    assert (difference > 1e-5).sum() <= 1
    assert difference.median() <= 1e-5


def test_its_code_is_well_formed(exported: list[ExportedNetwork]) -> None:
    """Nobody need tidy it before it is read: names, imports, the length of lines, the format."""
    files = [str(one.program) for one in exported]
    ruff = [sys.executable, "-m", "ruff"]
    rules = "E,F,I,W,UP,B,C4,SIM,RET,PIE,N,A,PLE"
    options = ["--isolated", "--target-version", "py311", "--line-length", "120"]
    for words in (["check", "--select", rules, "--no-cache"], ["format", "--diff", "--no-cache"]):
        done = subprocess.run([*ruff, *words, *options, *files], check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_a_network_without_spikes_says_nothing_of_them(exported: list[ExportedNetwork]) -> None:
    """What a network does not use does not stand in its program."""
    plain, spiking = exported[0].program.read_text(), exported[3].program.read_text()
    for word in ("snntorch", "THRESHOLD", "encode", "membrane"):
        assert word not in plain
    assert "reset_delay=True" in spiking
    assert "quant" not in plain


def test_weights_of_few_bits_are_whole_steps(exported: list[ExportedNetwork]) -> None:
    """They are stored as they are computed with, and take a byte each."""
    from safetensors.torch import load_file

    tensors = load_file(exported[1].program.parent / "network_1.safetensors")
    assert tensors["linear1.weight.levels"].dtype == torch.int8
    assert set(tensors["linear1.weight.levels"].unique().tolist()) == {-1, 0, 1}


def test_it_runs_where_privsearch_is_not(exported: list[ExportedNetwork], tmp_path: Path) -> None:
    """Without it and what it needs beside torch; one without spikes without snnTorch as well."""
    example = tmp_path / "rows.csv"
    example.write_text("5.1,3.5,1.4,0.2\n6.7,3.0,5.2,2.3\n")
    for_all = ["privsearch", "brevitas", "pandas", "sklearn", "ray", "numba", "optuna", "pydantic", "jinja2"]
    script = tmp_path / "run.py"
    script.write_text(
        f"""
import runpy, sys
blocked = set({for_all!r})
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Blocker())
for program, needs_snntorch in (({str(exported[0].program)!r}, False), ({str(exported[5].program)!r}, True)):
    sys.argv = [program, {str(example)!r}]
    runpy.run_path(program, run_name="__main__")
    assert ("snntorch" in sys.modules) == needs_snntorch
assert not blocked & {{name.partition(".")[0] for name in sys.modules}}
"""
    )
    done = subprocess.run([sys.executable, "-I", script], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    header, *rows = done.stdout.splitlines()
    assert header == "class,0,1,2" or header.startswith("class,setosa")
    assert len(rows) == 5
