"""Data that bring a test split of their own, like the training split or shifted against it."""

from pathlib import Path

import numpy as np

from privsearch.spec import NpzDataset


def given_splits(
    folder: Path,
    *,
    shift: float = 0.0,
    scale: float = 1.0,
    num_train: int = 300,
    num_test: int = 150,
    name: str = "given",
) -> NpzDataset:
    """A table of three classes and four inputs, its test split shifted by standard deviations, and scaled."""
    rng = np.random.default_rng(4)
    centres = rng.normal(size=(3, 4))

    def drawn(size: int) -> tuple[np.ndarray, np.ndarray]:
        y = np.arange(size) % 3
        return (centres[y] + rng.normal(size=(size, 4))).astype(np.float32), y

    (x, y), (test_x, test_y) = drawn(num_train), drawn(num_test)
    test_x = (test_x - x.mean(0)) * scale + x.mean(0) + shift * x.std(0)
    path = folder / f"{name}.npz"
    np.savez(path, x_train=x, y_train=y, x_test=test_x.astype(np.float32), y_test=test_y)
    return NpzDataset(name=name, path=str(path))
