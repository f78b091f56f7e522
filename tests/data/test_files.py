from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from privsearch.data.arrays import load_npz
from privsearch.data.raw import RawDataset
from privsearch.data.tables import load_table
from privsearch.errors import DataError
from privsearch.spec import NpzDataset, TableDataset

ROWS = "".join(f"{i},{i / 2},{'ab'[i % 2]}\n" for i in range(10))
X = np.arange(30.0).reshape(10, 3)
Y = np.arange(10) % 2
IMAGES = np.zeros((10, 1, 4, 4))
SPLIT = {"x_train": X, "y_train": Y, "x_test": X[:4], "y_test": Y[:4]}


@pytest.mark.parametrize("load", [load_table, load_npz])
def test_missing_file(load: Callable[[Any], RawDataset], tmp_path: Path) -> None:
    """A path that leads nowhere, or to a directory, is answered with where it led and the nearest file beside it."""
    (tmp_path / "flowers.csv").touch()
    (tmp_path / "flower").mkdir()
    for name in ("flower.csv", "flower"):
        path = tmp_path / name
        dataset = (
            TableDataset(name="mine", path=str(path), label="y")
            if load is load_table
            else NpzDataset(name="mine", path=str(path))
        )
        with pytest.raises(DataError, match=rf"must lead to a file, but there is none at {path}\. .*'flowers.csv'"):
            load(dataset)


@pytest.mark.parametrize("path", ["no/such/directory/x.csv", "http://example.org/x.csv", "x" * 5000])
def test_impossible_paths(path: str) -> None:
    """No path makes the loader fail in another way, and none makes it look on the network."""
    with pytest.raises(DataError, match="must lead to a file"):
        load_table(TableDataset(name="mine", path=path, label="y"))
