from typing import Any

import numpy as np
import pytest
import torch

from privsearch.data.splits import load_splits
from privsearch.models import Dynamics, Leaky
from privsearch.models.arithmetic import one_thread, without_subnormals
from privsearch.models.training import Listeners, train_cohort
from privsearch.spec import TrialSpec

SUBNORMAL = 2.0**-130


def kept_by_torch() -> bool:
    """Tell whether torch computes with subnormal numbers."""
    return bool((torch.full((64,), SUBNORMAL) * 1 != 0).all())


def kept_by_kernels() -> bool:
    """Tell whether numba's kernels do: a membrane that decays to where they are."""
    neurons = Leaky(Dynamics(2, 2.0**-10, 1.0, "atan"))
    current = torch.stack([torch.full((1, 64), 2.0**-120), torch.zeros(1, 64)])
    return bool((neurons.scan(current)[1][1] != 0).all())


def test_subnormal_numbers_are_0_within_the_block_alone() -> None:
    """For torch's operations and for compiled kernels, one block in another, and when the block fails."""
    assert kept_by_torch()
    assert kept_by_kernels()
    with without_subnormals():
        assert not kept_by_torch()
        assert not kept_by_kernels()
        with without_subnormals():
            assert not kept_by_torch()
        assert not kept_by_torch()
    assert kept_by_torch()
    with pytest.raises(RuntimeError, match="failed"), without_subnormals():
        raise RuntimeError("failed")
    assert kept_by_torch()
    assert kept_by_kernels()


def test_one_thread_computes_within_the_block_alone() -> None:
    """Afterwards as many as before."""
    threads = torch.get_num_threads()
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == threads


def test_trainings_are_without_subnormal_numbers() -> None:
    """Their steps; not their queries, and not what follows."""
    during, after = [], []

    def on_step(*_: Any) -> None:
        during.append(kept_by_torch())

    def on_trained(*_: Any) -> None:
        after.append(kept_by_torch())

    spec = TrialSpec(dataset="iris", model="snn", epochs=1, batch_size=60, num_steps=4).canonical("fcnet")
    splits = load_splits("iris", seed=0, train_size=None, test_size=None)
    train_cohort(spec, splits, np.ones((1, 120), bool), [0], Listeners(on_step=on_step, on_trained=on_trained))
    assert during == [False, False]
    assert after == [True]
    assert kept_by_torch()
