import pickle
from pathlib import Path

import pytest
import snntorch
import torch
from torch.nn import functional

from benchmarks.registry import ROWS, chosen_rows
from benchmarks.row import Ratio, Row
from benchmarks.rows import epochs, membranes, training_steps

TRAININGS = {row.name: row for row in (*training_steps.ROWS, *membranes.ROWS, *epochs.ROWS)}


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Few steps, small batches, random images, one thread."""
    monkeypatch.setenv("PRIVSEARCH_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(training_steps, "NUM_STEPS", 3)
    monkeypatch.setattr(training_steps, "BATCH", 6)
    monkeypatch.setattr(membranes, "SHAPE", (3, 50))
    monkeypatch.setattr(epochs, "NUM_STEPS", 3)
    monkeypatch.setattr(epochs, "NUM_IMAGES", 200)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
    snntorch.SpikingNeuron.instances.clear()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_rows_are_well_formed(row: Row) -> None:
    """A name for --only, a target, rounds, and functions that other processes find."""
    assert row.name.isidentifier()
    assert row.target > 0
    assert 1 <= row.quick_rounds <= row.rounds
    assert pickle.dumps(row)
    assert not isinstance(row, Ratio) or row.packages


def test_rows_are_chosen_by_name() -> None:
    """Names are unique; those given are kept in their order, and another one is refused."""
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names)
    assert chosen_rows(None) == ROWS
    assert [row.name for row in chosen_rows("fcnet_epoch,convnet_all")] == ["fcnet_epoch", "convnet_all"]
    with pytest.raises(SystemExit, match=r"must be one of convnet_all, .* but got no_such_row"):
        chosen_rows("convnet_all,no_such_row")


@pytest.mark.parametrize("name", TRAININGS)
def test_both_sides_of_a_training_compute_the_same(name: str, tiny: None) -> None:
    """The row's own check passes on two rounds of either side."""
    row = TRAININGS[name]
    if "spikingjelly" in row.packages:
        pytest.importorskip("spikingjelly")
    answers = [[side(), side()] for side in (row.ours(False), row.theirs(False))]
    agreement = row.compare(*answers)
    assert agreement.holds, agreement.words


@pytest.mark.parametrize("name", ["convnet_all", "fcnet_epoch", "ann_epoch"])
def test_the_check_notices_another_training(name: str, tiny: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other initial weights on one side do not pass."""
    row = TRAININGS[name]
    ours = row.ours(False)
    seed = torch.manual_seed
    monkeypatch.setattr(torch, "manual_seed", lambda _: seed(1))
    theirs = row.theirs(False)
    assert not row.compare([ours()], [theirs()]).holds


def test_spikingjellys_neurons_differ_in_the_reset_alone() -> None:
    """Its membrane before a reset is ours, but for a reset that decays: beta * (mem - spk), not beta * mem - spk."""
    pytest.importorskip("spikingjelly")
    from benchmarks.peers.spikingjelly_multistep import lif

    current = torch.rand(20, 50, generator=torch.Generator().manual_seed(0))
    node = lif()
    node.step_mode = "m"
    spikes = node(current)
    mem = spk = torch.zeros(50)
    for t in range(20):
        mem = 0.95 * (mem - spk) + current[t]
        spk = (mem >= 1).float()
        assert torch.equal(spikes[t], spk)
    assert torch.allclose(node.v, mem - spk, atol=1e-5)
    assert 0 < spikes.mean() < 1


def test_the_step_is_counted_as_torch_counts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The layers' operations, forward and backward, are those that torch's own counter finds."""
    from torch.utils.flop_counter import FlopCounterMode

    from benchmarks import limits

    monkeypatch.setattr(limits, "BATCH", 1)
    steps = limits.NUM_STEPS
    shapes = {"conv": ((32, 1, 3, 3), (64, 32, 3, 3)), "linear": ((1000, 3136), (10, 1000))}
    weights = [torch.ones(shape, requires_grad=True) for kind in shapes.values() for shape in kind]
    inputs = [(1, 1, 28, 28), (steps, 32, 14, 14), (steps, 3136), (steps, 1000)]
    operations = [functional.conv2d, functional.conv2d, functional.linear, functional.linear]
    with FlopCounterMode(display=False) as counter:
        for i, (operation, shape, weight) in enumerate(zip(operations, inputs, weights, strict=True)):
            padding = {"padding": 1} if weight.ndim == 4 else {}
            operation(torch.ones(shape, requires_grad=i > 0), weight, **padding).sum().backward()
    assert counter.get_total_flops() == limits.step_flops()


def test_half_the_bytes_but_for_membranes_and_weights() -> None:
    """A step in 16 bits moves between half and three quarters of the bytes of one in 32."""
    from benchmarks.limits import step_bytes

    assert 0.5 < step_bytes("bf16") / step_bytes("fp32") < 0.75
