from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from privsearch.data import list_datasets
from privsearch.report.terminal.datasets import dataset_table


def test_every_dataset_has_one_line_of_80_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dataset's sizes, classes, input shape and network stand on one line of a terminal."""
    monkeypatch.setenv("PRIVSEARCH_DATA_DIR", str(tmp_path))
    console = Console(file=StringIO(), width=80)
    with console.capture() as captured:
        console.print(dataset_table(list_datasets()))
    _, _, *rows = captured.get().splitlines()
    assert [row.split() for row in rows] == [
        ["iris", "120", "30", "3", "4", "fcnet", "in", "scikit-learn"],
        ["breast_cancer", "455", "114", "2", "30", "fcnet", "in", "scikit-learn"],
        ["digits", "1437", "360", "10", "1x8x8", "convnet", "in", "scikit-learn"],
        ["mnist", "60000", "10000", "10", "1x28x28", "convnet", "not", "fetched"],
        ["fashion_mnist", "60000", "10000", "10", "1x28x28", "convnet", "not", "fetched"],
        ["cifar10", "50000", "10000", "10", "3x32x32", "convnet", "not", "fetched"],
        ["cifar100", "50000", "10000", "100", "3x32x32", "convnet", "not", "fetched"],
        ["svhn", "73257", "26032", "10", "3x32x32", "convnet", "not", "fetched"],
        ["kmnist", "60000", "10000", "10", "1x28x28", "convnet", "not", "fetched"],
        ["emnist_letters", "124800", "20800", "26", "1x28x28", "convnet", "not", "fetched"],
        ["emnist_balanced", "112800", "18800", "47", "1x28x28", "convnet", "not", "fetched"],
        ["emnist_digits", "240000", "40000", "10", "1x28x28", "convnet", "not", "fetched"],
    ]
