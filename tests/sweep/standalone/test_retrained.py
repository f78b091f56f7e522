from pathlib import Path

import numpy as np
import torch

from privsearch.data import describe_dataset
from privsearch.data.splits import load_splits
from privsearch.spec import TrialSpec
from privsearch.sweep.splits import canonical
from privsearch.sweep.standalone.retrained import train_on_all


def test_it_is_trained_on_all_examples() -> None:
    """Those of the test split as well, by whose numbers the inputs are scaled too; the same again each time."""
    spec = TrialSpec(dataset="iris", model="ann", epochs=1, width=0.05)
    spec = canonical(spec, describe_dataset("iris"))
    heard: list[int] = []
    one, other = train_on_all(spec, lambda *epoch: heard.append(epoch[1])), train_on_all(spec)
    assert (len(one.splits.y_train), heard) == (150, [0])
    assert not one.has_test_accuracy
    assert one.splits.x_train.mean(0).abs().max() < 1e-6
    for mine, theirs in zip(one.network.parameters(), other.network.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_a_test_split_that_the_data_bring_is_left_alone(tmp_path: Path) -> None:
    """It says how accurate the network is."""
    rng = np.random.default_rng(0)
    arrays = {
        f"{name}_{split}": array
        for split, n in (("train", 40), ("test", 12))
        for name, array in (("x", rng.normal(size=(n, 3))), ("y", np.arange(n) % 2))
    }
    np.savez(tmp_path / "mine.npz", **arrays)
    spec = TrialSpec.model_validate(
        {"dataset": {"name": "mine", "path": str(tmp_path / "mine.npz")}, "model": "ann", "epochs": 1, "width": 0.05}
    )
    spec = canonical(spec, describe_dataset(spec.dataset))
    one = train_on_all(spec)
    assert one.has_test_accuracy
    assert len(one.splits.y_train) == 40


def test_all_examples_in_training_are_scaled_by_all() -> None:
    """The test split keeps its examples, as inputs that the same scale gives."""
    splits = load_splits("iris", seed=0, train_size=None, test_size=None)
    both = splits.with_all_in_training()
    assert torch.equal(both.x_train[len(splits.y_train) :], both.x_test)
    assert torch.equal(both.y_train, torch.cat([splits.y_train, splits.y_test]))
    assert both.rows.tolist()[:150] == splits.rows.tolist()
