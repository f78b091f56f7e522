from pathlib import Path

import numpy as np
import pytest

from privsearch.archive import SignalArchive
from privsearch.result import Cohort, Epoch, TrainedNetwork
from privsearch.signals import Signals


def cohort(seed: int = 0) -> Cohort:
    """Two spiking networks' outputs on five examples."""
    rng = np.random.default_rng(seed)
    outputs = {
        (readout, queries): rng.normal(size=(2, views, 5, 3)).astype(np.float32)
        for readout in ("final_mem", "spike_counts", "mean_mem")
        for queries, views in (("plain", 1), ("augmented", 4))
    }
    network = TrainedNetwork(train_accuracy=0.9, test_accuracy=0.8, history=(Epoch(loss=0.5, accuracy=0.7),))
    signals = Signals(outputs, rng.random((2, 5)) < 0.5, np.arange(5) % 3, np.arange(5) + 10, 4)  # type: ignore[arg-type]
    return Cohort(signals, (network, network))


def test_what_is_kept_comes_back_to_the_bit(tmp_path: Path) -> None:
    """Outputs of every kind, membership, labels, rows, the split, and how well the networks learnt."""
    archive = SignalArchive(tmp_path / "signals")
    kept = cohort()
    archive.save("t", kept)
    back = archive.load("t")
    assert back is not None
    assert back.networks == kept.networks
    assert back.signals.num_train == 4
    assert back.signals.outputs.keys() == kept.signals.outputs.keys()
    for asked, array in kept.signals.outputs.items():
        assert back.signals.outputs[asked].dtype == np.float32
        assert np.array_equal(back.signals.outputs[asked], array)
    for name in ("is_member", "labels", "rows"):
        assert np.array_equal(getattr(back.signals, name), getattr(kept.signals, name))


def test_what_was_not_kept_is_not_there(tmp_path: Path) -> None:
    """Asking makes no folder."""
    archive = SignalArchive(tmp_path / "signals")
    assert archive.trial_ids() == set()
    assert archive.load("t") is None
    assert not archive.folder.exists()


@pytest.mark.parametrize("damage", ["half", "empty", "text", "pickle", "flipped"])
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, damage: str) -> None:
    """Truncated, emptied, overwritten, or with an object in it that would have to be executed to be read."""
    archive = SignalArchive(tmp_path)
    archive.save("t", cohort())
    path = tmp_path / "t.npz"
    if damage == "flipped":
        content = bytearray(path.read_bytes())
        for offset in range(0, len(content), 7):
            path.write_bytes(content[:offset] + bytes([content[offset] ^ 255]) + content[offset + 1 :])
            loaded = archive.load("t")  # None, or what was kept where the byte does not matter
            assert loaded is None or loaded.networks == cohort().networks
        return
    if damage == "pickle":
        np.savez(path, **{"final_mem.plain": np.array([object()], dtype=object)})
    else:
        content = path.read_bytes()
        path.write_bytes({"half": content[: len(content) // 2], "empty": b"", "text": b"no signals"}[damage])
    assert archive.trial_ids() == {"t"}
    assert archive.load("t") is None


def test_saving_leaves_nothing_else_behind(tmp_path: Path) -> None:
    """One file for a trial, also when it is kept twice."""
    archive = SignalArchive(tmp_path)
    archive.save("t", cohort(0))
    archive.save("t", cohort(1))
    assert [path.name for path in tmp_path.iterdir()] == ["t.npz"]
