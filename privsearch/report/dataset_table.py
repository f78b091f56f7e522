"""The datasets at hand, as a table."""

from collections.abc import Sequence

from rich import box
from rich.table import Table

from privsearch.data import DatasetInfo


def dataset_table(infos: Sequence[DatasetInfo]) -> Table:
    """One row a dataset: its size, its shape, the network it is trained on, where it comes from."""
    columns = ("dataset", "train", "test", "classes", "input", "network", "source")
    table = Table(*columns, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for info in infos:
        shape = "x".join(map(str, info.input_shape))
        sizes = [str(n) for n in (info.num_train, info.num_test, info.num_classes)]
        table.add_row(info.name, *sizes, shape, info.network, info.source)
    return table
