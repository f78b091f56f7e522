import numpy as np
import pytest
from numpy import ndarray as Array

from privsearch.attacks.protocols.odd_outputs import find_odd_outputs
from privsearch.study.odd_outputs import OddOutputs
from privsearch.study.signals import Signals

TRAIN, TEST, NETWORKS = 96, 24, 4


def signals(outputs: dict[str, Array], *, resplit: bool = False) -> Signals:
    """Networks with one split, or with one each, on examples whose rows are not their places."""
    n = TRAIN + TEST
    is_member = np.repeat(np.arange(n)[np.newaxis] < TRAIN, NETWORKS, axis=0)
    if resplit:
        is_member = np.stack([np.roll(mine, 7 * k) for k, mine in enumerate(is_member)])
    queried = {(readout, "plain"): values[:, np.newaxis] for readout, values in outputs.items()}
    return Signals(queried, is_member, np.arange(n) % 2, 1000 + np.arange(n), TRAIN)  # type: ignore[arg-type]


def drawn(seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=(NETWORKS, TRAIN + TEST, 2)).astype(np.float32)


@pytest.mark.parametrize("resplit", [False, True])
@pytest.mark.parametrize("example", [5, TRAIN + 6])
def test_one_example_far_out_is_named_by_its_row(example: int, *, resplit: bool) -> None:
    """With the networks and the readouts that show it, and its split where all networks have the same."""
    outputs = {"final_mem": drawn(), "mean_mem": drawn(1)}
    outputs["final_mem"][1:, example, 1] = 5000
    (found,) = find_odd_outputs(signals(outputs, resplit=resplit))
    split = None if resplit else example >= TRAIN
    assert found == OddOutputs(
        row=1000 + example, in_test_split=split, readouts=("final_mem",), networks=3, distance=found.distance
    )
    assert 3000 < found.distance < 10_000


def test_outputs_as_they_are_have_none() -> None:
    """Nor have those of two classes that a network tells apart surely, nor a trajectory, which no kernel sees."""
    sure = drawn() + 30 * np.where(np.arange(TRAIN + TEST) % 2, 1, -1)[:, np.newaxis].astype(np.float32)
    trajectory = drawn()
    trajectory[:, 0] = 1e6
    assert find_odd_outputs(signals({"final_mem": sure, "mem_trajectory": trajectory})) == ()


def test_the_farthest_come_first() -> None:
    """In each readout one of 120 examples may be odd, each network by itself."""
    outputs = drawn()
    for network, example in enumerate((3, 9, 27)):
        outputs[network, example, 0] = 1000 * (network + 1)
    assert [one.row for one in find_odd_outputs(signals({"final_mem": outputs}))] == [1027, 1009, 1003]
