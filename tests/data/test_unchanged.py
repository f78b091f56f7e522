"""Data that are read as they were first keep their fingerprints, and the trials on them their ids."""

from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from privsearch.data import describe_dataset
from privsearch.spec import HalvesProtocol, NpzDataset, PaperProtocol, TableDataset, TrialSpec

RNG: Final = np.random.default_rng(0)
TABLE: Final = RNG.normal(size=(40, 3))
SHADES: Final = RNG.integers(256, size=(40, 6, 5, 3)).astype(np.uint8)
Y: Final = np.arange(40) % 2


def csv(labels: tuple[str, str]) -> str:
    """A table of decimal numbers, whole numbers and truth values, with these labels in turn."""
    rows = [f"{a:.3f},{round(b * 1000)},{c > 0},{labels[k % 2]}\n" for k, (a, b, c) in enumerate(TABLE)]
    return "a,b,c,y\n" + "".join(rows)


TABLES: Final = {
    "words": (csv(("x", "y")), "f66c1ad3e3da3fc9"),
    "whole numbers": (csv(("0", "1")), "f3a97c0dbe06bbec"),
    "decimal numbers": (csv(("1.5", "-1")), "d4c16d6f5f0f34e1"),
    "truth values": (csv(("TRUE", "FALSE")), "49c402cb9652a634"),
    "mixed": (csv(("2", "x")), "a9eca4812100c08f"),
}

ARRAYS: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "a table": ({"x": TABLE, "y": Y}, "6ed2bcf1e8d06885"),
    "a table of whole numbers": ({"x": (TABLE * 1e6).astype(int), "y": Y}, "5438a2a906a1755b"),
    "bytes, channels last": ({"x": SHADES, "y": Y}, "966553a32b8ed0cf"),
    "bytes, channels first": ({"x": np.moveaxis(SHADES, 3, 1), "y": Y}, "966553a32b8ed0cf"),
    "one channel": ({"x": SHADES[..., 0] / 7, "y": np.array(["b", "a"])[Y]}, "4473dc97312e0143"),
    "many channels of squares": ({"x": np.ones((40, 9, 6, 6)), "y": Y}, "acba75fd3120c0a9"),
    "a split": ({"x_train": TABLE, "y_train": Y, "x_test": TABLE[:9], "y_test": Y[:9]}, "00a24a50dcec36a4"),
}


@pytest.mark.parametrize(("text", "fingerprint"), TABLES.values(), ids=TABLES)
def test_a_table_keeps_its_fingerprint(tmp_path: Path, text: str, fingerprint: str) -> None:
    """Labels that lose nothing as numbers are the numbers that they were."""
    (tmp_path / "t.csv").write_text(text)
    dataset = TableDataset(name="t", path=str(tmp_path / "t.csv"), label="y")
    assert describe_dataset(dataset).fingerprint[:16] == fingerprint


@pytest.mark.parametrize(("arrays", "fingerprint"), ARRAYS.values(), ids=ARRAYS)
def test_an_archive_keeps_its_fingerprint(tmp_path: Path, arrays: dict[str, Any], fingerprint: str) -> None:
    """Numbers that 32 bits tell apart, and images whose shape tells where the channels are."""
    np.savez(tmp_path / "a.npz", **arrays)
    assert describe_dataset(NpzDataset(name="a", path=str(tmp_path / "a.npz"))).fingerprint[:16] == fingerprint


TRIALS: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "plain": ({"dataset": "iris", "model": "ann"}, "61e67596c8b03035"),
    "small": ({"dataset": "breast_cancer", "model": "snn", "train_size": 100, "batch_size": 32}, "6e9465ce2719e275"),
    "halves": ({"dataset": "digits", "model": "snn", "num_steps": 8, "protocol": HalvesProtocol()}, "846480353957b142"),
    "few steps": ({"dataset": "iris", "model": "snn", "num_steps": 2, "beta": 0.5}, "897de971875b74f1"),
    "resplit": ({"dataset": "iris", "model": "ann", "protocol": PaperProtocol(resplit=True)}, "3c36b38118996442"),
}


@pytest.mark.parametrize(("fields", "trial_id"), TRIALS.values(), ids=TRIALS)
def test_a_trial_keeps_its_id(fields: dict[str, Any], trial_id: str) -> None:
    """What is in a study of the third numerics is found there."""
    spec, info = TrialSpec.model_validate(fields), describe_dataset(fields["dataset"])
    assert spec.canonical(info.network).trial_id(info.fingerprint, version=3) == trial_id
