from io import StringIO

from rich.console import Console

from privsearch.data import list_datasets
from privsearch.report.dataset_table import dataset_table


def test_every_dataset_has_one_line_of_80_columns() -> None:
    """A dataset's sizes, classes, input shape and network stand on one line of a terminal."""
    console = Console(file=StringIO(), width=80)
    with console.capture() as captured:
        console.print(dataset_table(list_datasets()))
    _, _, *rows = captured.get().splitlines()
    assert [row.split() for row in rows] == [
        ["iris", "120", "30", "3", "4", "fcnet", "embedded", "(scikit-learn)"],
        ["breast_cancer", "455", "114", "2", "30", "fcnet", "embedded", "(scikit-learn)"],
        ["digits", "1437", "360", "10", "1", "x", "8", "x", "8", "convnet", "embedded", "(scikit-learn)"],
    ]
